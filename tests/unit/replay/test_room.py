"""Rows that name more pages than there can be."""

from __future__ import annotations

import time

import pytest

from tests.bench import EVERY_RELEASE, FULL, MS, Bench, store, stored
from zswap_replay.errors import SettingsError
from zswap_replay.trace import room
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.info import describe
from zswap_replay.trace.reader import open_trace

MOST = (1 << 32) - 1


@pytest.mark.parametrize("event", ["read", "write"])
@pytest.mark.parametrize("jobs", [None, 1])
def test_an_access_of_more_pages_than_memory_holds_is_refused_with_their_number(
    bench: Bench, event: str, jobs: int | None
) -> None:
    trace = stored("/a", 0, 2).row(event=event, memcg="/a", page=5, count=MOST)
    with pytest.raises(
        SettingsError, match=rf"row 3, column count: found {event} of {MOST:,} pages; expected no"
    ):
        bench.replay(trace, recipe="default", compressor="lz4")


def test_what_is_held_already_is_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WIDE", 100)
    monkeypatch.setattr(room, "available_memory", lambda: 54 * 200)
    trace = TraceBuilder().write("/a", 0, count=150, content=FULL).snapshot("x")
    trace.read("/a", 0, count=150).read("/a", 100, count=100)
    assert bench.end(trace).replay["first_touches"] == 200
    with pytest.raises(
        SettingsError, match=r"row 4, column count: found read of 100 pages; .* 200 pages, 0 of"
    ):
        bench.end(trace.read("/b", 0, count=100).read("/b", 500, count=100))


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
@pytest.mark.parametrize("event", ["pageout", "discard"])
def test_pages_that_were_never_touched_cost_nothing(bench: Bench, kernel: str, event: str) -> None:
    """The same counters as of an event for each page, in the order of their numbers."""
    touched = [0, 7, 8, 300, 1 << 20, (1 << 32) - 2, 1 << 40]

    def begun() -> TraceBuilder:
        trace = TraceBuilder(step_ns=MS)
        for page in reversed(touched):
            trace.write("/a", page, content=FULL + page % 1000).write("/b", page + 1, content=FULL)
        return trace

    wide, single = begun(), begun()
    for _ in range(30):
        wide.row(event=event, memcg="/a", page=1, count=MOST)
        wide.at(1000 * MS)
    for page in sorted(touched[1:-1]):
        single.row(event=event, memcg="/a", page=page)
    single.at(1000 * MS).settle()
    began = time.process_time()
    found = bench.end(wide, kernel=kernel)
    assert time.process_time() - began < 2
    expected = bench.end(single, kernel=kernel)
    assert (expected.zswap, expected.vmstat, expected.memcg) == (found.zswap, found.vmstat, found.memcg)


@pytest.mark.parametrize("count", [65, 70, 200, 5000])
def test_a_run_that_begins_and_ends_within_a_block(bench: Bench, count: int) -> None:
    trace = store(TraceBuilder(), "/a", 3, 90)
    wide = bench.end(trace.discard("/a", 11, count=count))
    trace = store(TraceBuilder(), "/a", 3, 90)
    for page in range(11, 11 + min(count, 90)):
        trace.discard("/a", page)
    assert bench.end(trace).zswap == wide.zswap


def test_info_counts_pages_without_touching_them(bench: Bench) -> None:
    path = bench.save(TraceBuilder().write("/a", 0, count=MOST).discard("/a", 5, count=MOST))
    assert MOST + 5 == describe(open_trace(path)).pages
