"""Replays that look ahead count as replays that do not."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from zswap_replay.codec import workers as codec_workers
from zswap_replay.codec.batch import Job
from zswap_replay.codec.workers import CodecWorkers, Order
from zswap_replay.errors import CodecError
from zswap_replay.machine import compiled
from zswap_replay.replay import lookahead, loop
from zswap_replay.replay.loop import replay
from zswap_replay.replay.page_data import LengthMemo
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.generate import Synthetic, generate

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


@pytest.mark.parametrize("kernel", ["6.6", "6.18"])
def test_counters_are_the_same_for_every_number_of_jobs(trace: str, kernel: str) -> None:
    settings = replace(TIGHT, kernel=kernel)
    expected = counted(trace, settings)
    assert expected["payload_classes"]
    for jobs in (1, 2, 3):
        assert expected == counted(trace, settings, jobs=jobs)


@pytest.mark.skipif(not compiled(), reason="an interpreted replay does not look ahead unasked")
@pytest.mark.parametrize("worth", [1, 1 << 30])
def test_a_long_replay_looks_ahead_unasked_as_long_as_that_helps(
    trace: str, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = counted(trace, TIGHT)
    ordered: list[int] = []
    whole = CodecWorkers.order

    def order(self: CodecWorkers, job: Job, new: npt.NDArray[np.uint64]) -> Order:
        ordered.append(len(new))
        return whole(self, job, new)

    monkeypatch.setattr(CodecWorkers, "order", order)
    monkeypatch.setattr(lookahead, "_WINDOW", 1000)
    monkeypatch.setattr(lookahead, "_WORTH_CONTENTS", worth)
    assert expected == counted(trace, TIGHT)
    assert not ordered, "the trace is short"
    monkeypatch.setattr(loop, "WORTH_ROWS", 20_000)
    found = replay(trace, TIGHT, batch_rows=997)
    assert expected == found.as_json(timing=False)
    assert found.timing is not None
    assert 0 < sum(ordered)
    assert (worth == 1) == (sum(ordered) > found.timing.pages_compressed // 2)


@pytest.mark.skipif(not compiled(), reason="an interpreted replay does not look ahead unasked")
def test_memcg_events_are_not_replayed_ahead_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = TraceBuilder()
    for number in range(200):
        builder.memcg_create(f"/a{number}").memcg_offline(f"/a{number}")
    builder.write("/b", 0)
    builder.save(tmp_path / "t.parquet")
    ahead: list[int] = []
    monkeypatch.setattr(loop, "WORTH_ROWS", 1)
    monkeypatch.setattr(lookahead, "_MOST_CONTROLS", 100)

    def asked(self: lookahead.GuessedPageData) -> list[tuple[str, npt.NDArray[np.uint64]]]:
        ahead.append(len(self.guesses))
        return []

    monkeypatch.setattr(lookahead.GuessedPageData, "asked", asked)
    result = replay(tmp_path / "t.parquet", batch_rows=100)
    assert 1 == result.counters["replay.accesses"]
    assert 1 == len(ahead), "it is given up in the second batch"
    replay(tmp_path / "t.parquet", batch_rows=100, jobs=1)
    assert len(ahead) > 2


@pytest.mark.parametrize("guess", [0, 1, 4096])
def test_a_wrong_guess_changes_nothing(trace: str, guess: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookahead.Guesses, "guess", lambda self, number: guess)
    found = replay(trace, TIGHT, jobs=2, batch_rows=997)
    assert replay(trace, TIGHT).as_json(timing=False) == found.as_json(timing=False)
    assert found.timing is not None


def test_most_is_foreseen_under_limits_that_are_hit_all_the_time(trace: str) -> None:
    with CodecWorkers(2, pytest.fail) as workers:
        found = replay(trace, TIGHT, workers=workers, batch_rows=997)
    assert found.timing is not None
    inline = found.timing.pages_compressed - workers.spent.compress_calls
    assert 0 <= inline < found.timing.pages_compressed // 3


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
        once = workers.spent.compress_calls
        second = replay(trace, TIGHT, workers=workers, memo=memo)
        assert first.as_json(timing=False) == second.as_json(timing=False)
        assert once == workers.spent.compress_calls
        replay(trace, replace(TIGHT, compressor="zstd"), workers=workers, memo=memo)
        assert once < workers.spent.compress_calls


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
