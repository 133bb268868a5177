"""Rows that are kept in memory are those that were read, and a trace is decoded once for all its replays."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.bench import FULL, Bench
from tests.rows import kept_rows
from zswap_replay.cli.run import run
from zswap_replay.compare.check import check
from zswap_replay.replay.loop import replay
from zswap_replay.result.file import render
from zswap_replay.settings import KnobWrite
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.run import sweep
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.decode import decode
from zswap_replay.trace.reader import TraceReader, open_shared_or, open_trace
from zswap_replay.units import PAGE_SIZE

COLUMNS = ("time_ns", "event", "memcg", "page", "count", "node", "content", "has_content")


def busy(pages: int = 300) -> TraceBuilder:
    """More pages than the limit and the pool hold, twice, with controls between them."""
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", str(100 * PAGE_SIZE))
    for page in range(pages):
        trace.write("/a", page, content=FULL + page)
    trace.snapshot("half").write("/b/c", 0, count=9, content=FULL, node=0)
    for page in range(pages):
        trace.read("/a", page)
    return trace


@pytest.fixture
def trace(bench: Bench) -> str:
    return bench.save(busy())


def open_files() -> set[int]:
    """The files of memory with rows that this process has open, by their inodes."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{name}"
        with suppress(FileNotFoundError):  # that of the listing is closed again
            if "zswap-replay-rows" in os.readlink(path):
                found.add(os.stat(path).st_ino)
    return found


def listed(reader: TraceReader) -> list[Any]:
    batches = list(reader.batches())
    return [
        [(batch.first_row, batch.controls, batch.facts) for batch in batches],
        *([value for batch in batches for value in getattr(batch, name).tolist()] for name in COLUMNS),
        [reader.paths, reader.digest, reader.page_events, reader.num_rows, reader.metadata, reader.strict],
    ]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were decoded in this process, batch by batch."""
    rows: list[int] = []

    def counted(batch: Any, *more: Any) -> Any:
        rows.append(batch.num_rows)
        return decode(batch, *more)

    monkeypatch.setattr("zswap_replay.trace.reader.decode", counted)
    return rows


def test_rows_that_are_kept_are_those_that_were_read(trace: str) -> None:
    plain = open_trace(trace)
    batches = [(batch.first_row, batch.controls, batch.facts) for batch in plain.batches(100)]
    expected = [batches, *listed(plain)[1:]]
    reader = kept_rows(trace, 100)
    path = reader.shared_path()
    Path(trace).unlink()
    assert expected == listed(reader.again())
    other = open_shared_or(trace, path, strict=False)
    assert expected == listed(other)
    assert path == other.shared_path()
    indices, others = (
        [batch.page_index.tolist() for batch in each.batches() if batch.page_index is not None]
        for each in (reader.again(), other)
    )
    assert indices == others
    assert len(expected[0]) == len(indices)
    batch = next(other.batches())
    assert not any(getattr(batch, name).flags.writeable for name in COLUMNS)
    assert all(getattr(batch, name).flags.c_contiguous for name in COLUMNS)
    assert np.uint64(0) == batch.time_ns[0]


def test_a_digest_that_was_not_taken_is_taken_from_the_file(trace: str) -> None:
    reader = open_trace(trace)
    reader.with_sha256 = False
    reader.remember()
    assert open_trace(trace).sha256() == reader.again().sha256()
    other = open_shared_or(trace, reader.shared_path(), strict=False)
    assert reader.xxh3() == other.xxh3()


def test_a_trace_of_one_row_and_one_of_none_are_kept(bench: Bench) -> None:
    for builder in (TraceBuilder(), TraceBuilder().read("/a", 3)):
        trace = bench.save(builder)
        expected = listed(open_trace(trace))
        reader = kept_rows(trace, 100)
        Path(trace).unlink()
        assert expected == listed(reader) == listed(open_shared_or(trace, reader.shared_path(), strict=False))


def test_a_reading_that_is_broken_off_keeps_nothing_and_the_next_one_does(trace: str) -> None:
    before = open_files()
    reader = open_trace(trace)
    reader.share()
    batches = reader.batches(100)
    next(batches)
    assert None is reader.shared_path()
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert open_files() <= before
    assert listed(open_trace(trace))[1:] == listed(reader)[1:]
    assert None is not reader.shared_path()


@pytest.mark.parametrize("failing", ["memfd_create", "lseek"])
def test_where_memory_takes_no_more_rows_the_trace_is_read_on(
    trace: str, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = listed(open_trace(trace))
    before = open_files()

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    reader = open_trace(trace)
    reader.remember()
    assert None is reader.shared_path()
    assert open_files() <= before
    assert expected == listed(reader)


def test_nothing_is_left_of_rows_that_nobody_uses(trace: str) -> None:
    before = open_files()
    reader = kept_rows(trace, 100)
    path = reader.shared_path()
    assert open_files() - before
    del reader
    assert open_files() <= before
    assert listed(open_trace(trace)) == listed(open_shared_or(trace, path, strict=False))


@pytest.mark.parametrize(
    "settings", [["-c", "zstd", "-c", "lz4"], ["--tier", "zswap", "--tier", "disk", "--range"]]
)
def test_a_run_of_several_replays_decodes_its_trace_once(
    trace: str, settings: list[str], bench: Bench, decoded: list[int]
) -> None:
    lengths = str(bench.settings().lengths)
    arguments = [
        trace,
        *settings,
        "--lengths",
        lengths,
        "--totalram",
        "1M",
        "--format",
        "json",
        "--no-timing",
    ]
    done = CliRunner().invoke(run, arguments, catch_exceptions=False)
    assert 2 == len(json.loads(done.stdout)["runs"])
    assert open_trace(trace).num_rows == sum(decoded)


def test_a_range_and_a_check_of_several_runs_decode_their_trace_once(
    trace: str, bench: Bench, decoded: list[int], tmp_path: Path
) -> None:
    before = open_files()
    limit = (KnobWrite("/a", "memory.max", 100 * PAGE_SIZE),)
    settings = [bench.settings(compressor=name, knobs=limit, totalram=1 << 20) for name in ("zstd", "lz4")]
    rows = open_trace(trace).num_rows
    results = [replay(trace, each, range=True) for each in settings]
    assert 2 * rows == sum(decoded)
    assert all(result.range is not None for result in results)
    (tmp_path / "expected.json").write_text(render(results, timing=False))
    decoded.clear()
    assert 0 == check(trace, str(tmp_path / "expected.json")).verdict.differences
    assert rows == sum(decoded)
    assert open_files() <= before


def test_a_sweep_decodes_its_trace_once(trace: str, bench: Bench, decoded: list[int]) -> None:
    lengths = str(bench.settings().lengths)
    options = [
        Option("lengths", (lengths,), (lengths,)),
        Option("kernel", ("6.6", "6.12"), ("6.6", "6.12")),
        Option("totalram", ("1M", "2M"), (1 << 20, 2 << 20)),
    ]
    rows, before = open_trace(trace).num_rows, open_files()
    alone = sweep(trace, options, jobs=1)
    assert rows == sum(decoded)
    assert open_files() <= before
    assert 4 == len(alone.rows)
