"""What a trace of schema 2 says the kernel did: the shrink worker's turns, and reads that were seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.errors import TraceError
from zswap_replay.replay.loop import replay
from zswap_replay.result.result import Result
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.merge import MergeInput, merge
from zswap_replay.trace.reader import open_trace

PAGES = 64
MACHINE = 100 * 4096


def replayed(tmp_path: Path, trace: TraceBuilder, **settings: object) -> Result:
    """Replay under 6.12 with pages that take 2,000 bytes, one to a zsmalloc object, on a machine of 100 pages."""
    write_lengths(
        tmp_path / "l.parquet", np.arange(10 * PAGES, dtype=np.uint64), np.full(10 * PAGES, 2000, np.uint32)
    )
    (tmp_path / "t.parquet").unlink(missing_ok=True)
    trace.save(tmp_path / "t.parquet")
    options = {"kernel": "6.12", "lengths": str(tmp_path / "l.parquet"), "totalram": MACHINE, **settings}
    return replay(tmp_path / "t.parquet", **options)  # type: ignore[arg-type]


def filled(trace: TraceBuilder) -> TraceBuilder:
    """Write pages out until the pool is full, and one store is refused."""
    trace.param("max_pool_percent", 20)
    for page in range(PAGES):
        trace.write("/a", page, content=page).pageout("/a", page, content=page)
    return trace


def test_the_worker_runs_by_itself_without_and_not_with_an_observed_one(tmp_path: Path) -> None:
    free = replayed(tmp_path, filled(TraceBuilder(step_ns=10**9)).settle())
    assert free.counters["written_back_pages"] > 0
    held = replayed(tmp_path, filled(TraceBuilder(step_ns=10**9).worker("end")).settle())
    assert 0 == held.counters["written_back_pages"]
    assert held.counters["pool_limit_hit"] > 0


@pytest.mark.parametrize("turns", [1, 3])
def test_observed_turns_are_taken_and_no_others(turns: int, tmp_path: Path) -> None:
    trace = filled(TraceBuilder().worker("end")).worker("begin")
    for _ in range(turns):
        trace.worker(1)
    result = replayed(tmp_path, trace.worker("end").worker(5).settle())
    replay_counters = result.end.replay
    assert 1 == replay_counters["shrink_worker_runs"]
    # the first round comes to the root too, which has no entries, and each entry has its second chance first
    together = replayed(
        tmp_path, filled(TraceBuilder().worker("end")).worker("begin").worker(turns).worker("end")
    )
    assert together.end.replay == replay_counters
    assert replay_counters["shrink_worker_steps"] >= turns


def test_a_run_that_is_told_of_before_the_store_that_queues_it_is_taken(tmp_path: Path) -> None:
    late = filled(TraceBuilder().worker("end")).worker("begin").worker(3).worker("end")
    early = filled(TraceBuilder().worker("end").worker("begin").worker(2)).worker(1).worker("end")
    assert replayed(tmp_path, late).end.replay == replayed(tmp_path, early).end.replay
    dropped = filled(TraceBuilder().worker("begin").worker(2).worker("end")).worker(1)
    assert 0 == replayed(tmp_path, dropped).end.replay["shrink_worker_steps"]


def test_a_run_that_is_not_queued_does_not_begin(tmp_path: Path) -> None:
    trace = TraceBuilder().worker("begin").write("/a", 0, content=0).pageout("/a", 0).worker(4).worker("end")
    assert 0 == replayed(tmp_path, trace).end.replay["shrink_worker_steps"]


def refused_and_read(trace: TraceBuilder) -> TraceBuilder:
    """Write a page out past zswap, and read it back."""
    return trace.param("enabled", "N").write("/a", 0, content=0).pageout("/a", 0).read("/a", 0)


def test_a_read_that_was_seen_drops_the_copy_in_the_swap_cache(tmp_path: Path) -> None:
    assert 0 == replayed(tmp_path, refused_and_read(TraceBuilder())).counters["pswpin"]
    seen = replayed(tmp_path, refused_and_read(TraceBuilder().seen_reads()))
    assert 1 == seen.counters["pswpin"] == seen.counters["pswpout"]
    assert (
        0
        == replayed(tmp_path, refused_and_read(TraceBuilder().seen_reads().seen_reads(False))).counters[
            "pswpin"
        ]
    )


def test_schema_2_is_written_where_it_is_needed_and_kept(tmp_path: Path) -> None:
    one, two, both = (tmp_path / f"{name}.parquet" for name in ("one", "two", "both"))
    TraceBuilder().read("/a", 0).save(one)
    TraceBuilder().worker("begin").worker(7).worker("end").seen_reads().read("/b", 0).save(two)
    assert 1 == open_trace(str(one)).metadata.schema
    assert 2 == open_trace(str(two)).metadata.schema
    merge([MergeInput(one), MergeInput(two)], both)
    reader = open_trace(str(both))
    assert 2 == reader.metadata.schema
    values = [control.value for batch in reader.batches() for control in batch.controls]
    assert {"begin", 7, "end", 1} <= set(values)


@pytest.mark.parametrize("value", [None, "0", "later"])
def test_a_worker_row_that_says_nothing_is_named(value: str | None, tmp_path: Path) -> None:
    trace = TraceBuilder().row(event="worker", value=value)
    trace.save(tmp_path / "t.parquet")
    with pytest.raises(TraceError, match="row 0, column value"):
        list(open_trace(str(tmp_path / "t.parquet")).batches())
