"""Replays whose lengths are found ahead count as those that find them on their way."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.measured_here import MeasuredHere
from zswap_replay.codec import workers as codec_workers
from zswap_replay.codec.base import Codec
from zswap_replay.codec.contents_once import ContentsOnce
from zswap_replay.codec.workers import CodecWorkers
from zswap_replay.errors import CodecError
from zswap_replay.payload.source import PageSource
from zswap_replay.replay import loop, page_data
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.loop import replay
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.generate import Synthetic, generate
from zswap_replay.trace.reader import open_trace

TIGHT = Settings(
    compressor="lz4",
    totalram=16 << 20,
    max_pool_percent=5,
    knobs=(KnobWrite("/a", "memory.max", 3 << 20), KnobWrite("/a", "memory.zswap.max", 400 << 10)),
)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("jobs") / "trace.parquet"
    generate("zipf", Synthetic(pages=1500, events=20_000), str(path))
    return str(path)


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers start at once."""
    monkeypatch.setattr(codec_workers, "_WORTH_A_START", 0)


def counted(trace: str, settings: Settings, **more: object) -> dict[str, object]:
    return replay(trace, settings, batch_rows=997, **more).as_json(timing=False)  # type: ignore[arg-type]


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("kernel", ["6.6", "6.18"])
def test_counters_are_the_same_for_every_number_of_jobs(trace: str, kernel: str) -> None:
    settings = replace(TIGHT, kernel=kernel)
    expected = counted(trace, settings)
    assert expected["payload_classes"]
    for jobs in (1, 2, 3):
        assert expected == counted(trace, settings, jobs=jobs)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("kernel", ["patch-v4", "6.12"])
@pytest.mark.parametrize("verify", ["all", "sample", "off"])
def test_pages_that_are_compared_once_count_as_pages_that_are_kept(
    trace: str, kernel: str, verify: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def noted(source: PageSource, codec: Codec, *more: Any) -> ContentsOnce:
        made.append(codec.name)
        return ContentsOnce(source, codec, *more)

    monkeypatch.setattr(page_data, "ContentsOnce", noted)
    rows = open_trace(trace).num_rows
    monkeypatch.setattr(loop, "ONCE_ROWS", rows + 1)
    settings = replace(TIGHT, kernel=kernel, verify=verify)
    expected = counted(trace, settings)
    assert expected == counted(trace, settings, jobs=1, checkpoint=tmp_path / "checkpoint")
    assert expected == counted(trace, settings, jobs=1, resume=tmp_path / "checkpoint")
    assert [] == made
    assert expected == counted(trace, settings, jobs=1)
    assert 1 == len(made)
    monkeypatch.setattr(loop, "ONCE_ROWS", rows)
    assert expected == counted(trace, settings)
    assert 2 == len(made)
    replay(trace, replace(settings, max_events=rows - 1))
    monkeypatch.setattr(loop, "ONCE_ROWS", rows + 1)
    replay(trace, replace(settings, max_events=2 * rows))
    assert 2 == len(made)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize(
    "settings",
    [
        replace(TIGHT, kernel="6.6", same_filled_pages_enabled=False),
        replace(TIGHT, kernel="7.1", compressor="lzo"),
        replace(
            TIGHT,
            tier="zram",
            recomp_algorithm="zstd",
            recompress="type=huge",
            upkeep=10_000_000,
        ),
    ],
    ids=["same-filled pages are compressed", "what does not shrink is stored", "zram compresses again"],
)
def test_pages_that_are_compared_once_count_alike_under_other_rules(trace: str, settings: Settings) -> None:
    expected = counted(trace, settings)
    assert expected["payload_classes"]
    assert expected == counted(trace, settings, jobs=1)


@pytest.mark.parametrize("kernel", ["6.12", "6.18"])
def test_what_is_compared_once_is_compressed_less_often(trace: str, kernel: str) -> None:
    settings = replace(TIGHT, kernel=kernel)
    kept, once = replay(trace, settings).timing, replay(trace, settings, jobs=1).timing
    assert kept is not None
    assert once is not None
    assert 0 < once.pages_compressed < kept.pages_compressed


@pytest.mark.parametrize(
    "settings",
    [
        replace(TIGHT, kernel="patch-v4"),
        TIGHT,
        replace(TIGHT, kernel="6.12", reclaim="mglru"),
        replace(TIGHT, tier="zram"),
    ],
    ids=["patch-v4", "6.18", "mglru", "zram"],
)
def test_most_is_found_ahead_under_limits_that_are_hit_all_the_time(
    trace: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CodecWorkers(1, pytest.fail) as workers:
        alone = replay(trace, settings, workers=workers, batch_rows=60).timing
        monkeypatch.setattr(page_data, "Ahead", MeasuredHere)
        ahead = replay(trace, settings, workers=workers, batch_rows=60).timing
    assert alone is not None
    assert ahead is not None
    assert ahead.pages_compressed < alone.pages_compressed // 2


def test_a_worker_that_dies_costs_time_alone(trace: str) -> None:
    killed: list[str] = []
    with CodecWorkers(3, killed.append) as workers:

        def kill(done: int, total: int) -> None:
            for pid in workers.pids:
                os.kill(pid, signal.SIGKILL)
                killed.append(f"{pid}")

        found = replay(trace, TIGHT, workers=workers, progress=kill, batch_rows=997)
    assert killed
    assert counted(trace, TIGHT) == found.as_json(timing=False)


def test_several_replays_share_workers_and_a_memo(trace: str) -> None:
    memo = LengthMemo()
    with CodecWorkers(2, pytest.fail) as workers:
        first = replay(trace, TIGHT, workers=workers, memo=memo)
        before = workers.spent
        second = replay(trace, TIGHT, workers=workers, memo=memo)
        assert first.as_json(timing=False) == second.as_json(timing=False)
        assert second.timing is not None
        # what is named and then not stored is not known the second time either
        assert second.timing.pages_compressed == (workers.spent - before).compress_calls
        other = replay(trace, replace(TIGHT, compressor="zstd"), workers=workers, memo=memo)
        assert other.timing is not None
        assert second.timing.pages_compressed < other.timing.pages_compressed


@pytest.mark.no_cover  # what it runs is run by the tests around it too
def test_snapshots_params_and_memcgs_are_as_without(tmp_path: Path) -> None:
    builder = TraceBuilder().memcg_create("/a").write("/a", 0, count=80).pageout("/a", 0, count=80)
    builder.snapshot("lz4").param("compressor", "zstd").read("/a", 0, count=40).write("/a", 0, count=40)
    builder.pageout("/a", 0, count=60).memcg_set("/a", "memory.zswap.max", 8192).snapshot("zstd")
    builder.memcg_offline("/a").memcg_create("/a").write("/a", 5, count=90).pageout("/a", 5, count=90)
    builder.param("same_filled_pages_enabled", 0).write("/b", 0, count=99).pageout("/b", 0, count=99).settle()
    builder.save(tmp_path / "t.parquet")
    for kernel in ("patch-v4", "6.12"):
        settings = Settings(compressor="lz4", kernel=kernel)
        plain, ahead = (counted(str(tmp_path / "t.parquet"), settings, jobs=jobs) for jobs in (None, 2))
        assert plain == ahead
        assert 3 == len(plain["snapshots"])  # type: ignore[arg-type]


def test_a_fault_of_the_trace_is_told_as_without(tmp_path: Path) -> None:
    path = str(tmp_path / "t.parquet")
    TraceBuilder().write("/a", 0, count=6).param("compressor", "zst").pageout("/a", 0, count=6).save(path)
    texts = []
    for jobs in (None, 1, 2):
        with pytest.raises(CodecError) as fault:
            replay(path, Settings(), jobs=jobs)
        texts.append(str(fault.value))
    assert 1 == len(set(texts))
    assert "row 1: no compressor 'zst'" in texts[0]


def test_a_long_replay_of_pages_that_are_compressed_has_several_processes_unasked(
    trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_trace(trace)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64))
    assert loop.jobs_unasked(reader, TIGHT) is None
    monkeypatch.setattr(loop, "ONCE_ROWS", reader.num_rows)
    assert 4 == loop.jobs_unasked(reader, TIGHT)
    assert loop.jobs_unasked(reader, replace(TIGHT, max_events=reader.num_rows - 1)) is None
    assert loop.jobs_unasked(reader, replace(TIGHT, lengths="lengths.parquet")) is None
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: [3])
    assert 1 == loop.jobs_unasked(reader, TIGHT)
