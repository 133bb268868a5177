"""Resident pages of a memcg that is removed: the dead memcg's up to 6.18, its parent's in 7.1."""

from __future__ import annotations

import pytest

from tests.bench import FULL, HALF, REFUSED, Bench, store, stored
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

both = pytest.mark.parametrize("kernel", ["6.18", "7.1"])


@pytest.mark.parametrize(("kernel", "stored_pages", "refused"), [("6.18", 0, 4), ("7.1", 4, 0)])
def test_the_switch_of_a_dead_memcg_counts_no_more(
    bench: Bench, kernel: str, stored_pages: int, refused: int
) -> None:
    trace = TraceBuilder().memcg_set("/p/a", "memory.zswap.writeback", 0)
    trace.write("/p/a", 0, count=4, content=REFUSED).memcg_offline("/p/a").pageout("/p/a", 0, count=4)
    end = bench.watched(trace.snapshot("now"), [("/p/a", 0, 4)], kernel=kernel).end
    assert (stored_pages, refused) == (end.zswap["stored_pages"], end.replay["compress_reject"])
    assert ("ZZZZ" if stored_pages else "CCCC") == bench.pages["now /p/a"]


@both
def test_the_switch_of_an_ancestor_counts_still(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder().memcg_set("/p", "memory.zswap.writeback", 0)
    trace.write("/p/a", 0, count=4, content=REFUSED).memcg_offline("/p/a").pageout("/p/a", 0, count=4)
    assert 4 == bench.end(trace, kernel=kernel).replay["compress_reject"]


@pytest.mark.parametrize(("kernel", "slots"), [("6.18", (0, 2)), ("7.1", (2, 2))])
def test_the_next_slot_names_the_parent(bench: Bench, kernel: str, slots: tuple[int, int]) -> None:
    # a slot that names the dead memcg is there: before, more of them follow, and a load is charged to the root
    trace = store(TraceBuilder().memcg_create("/p"), "/p/a", 0, 1).write("/p/a", 10, count=2, content=FULL)
    trace.memcg_offline("/p/a").pageout("/p/a", 10, count=2).read("/p/a", 10, count=2)
    end = bench.end(trace.snapshot("loaded").pageout("/p/a", 10, count=2), kernel=kernel)
    assert slots == (end.memcg["/p"]["zswapped"] // PAGE_SIZE - 1, end.zswap["stored_pages"] - 1)


@both
def test_the_parent_is_charged_for_them_all_the_same(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder().write("/p/a/b", 0, count=5, content=HALF).write("/p", 0, count=2, content=HALF)
    trace.memcg_offline("/p/a/b").memcg_offline("/p/a").pageout("/p/a/b", 0, count=2)
    held = bench.end(trace.discard("/p/a/b", 2), kernel=kernel).replay_memcg["/p"]
    assert (2, 4) == (held["stored_pages"], held["resident_pages"])


def test_the_root_counts_its_own_pages_and_is_charged_for_a_dead_memcgs(bench: Bench) -> None:
    trace = store(stored("/", 0, 10), "/a", 0, 5).write("/a", 10, count=5, content=FULL).read("/", 0, count=3)
    trace.snapshot("before").memcg_offline("/a").pageout("/a", 10, count=5)
    before, after = bench.replay(trace, kernel="7.1").snapshots
    assert (3, 15) == (before.memcg["/"]["zswpin"], before.memcg["/"]["zswpout"])
    assert (5 * 4088, 10 * 4088) == (before.memcg["/"]["zswap"], after.memcg["/"]["zswap"])
    assert 20 == after.memcg["/"]["zswpout"]
    # loaded, such a page is the root's own
    trace.read("/a", 10, count=5).pageout("/a", 10, count=5)
    again = bench.end(trace, kernel="7.1").memcg["/"]
    assert (5 * 4088, 8, 25) == (again["zswap"], again["zswpin"], again["zswpout"])


def test_before_7_1_the_root_counts_neither(bench: Bench) -> None:
    trace = store(stored("/", 0, 10), "/a", 0, 5).write("/a", 10, count=5, content=FULL).read("/", 0, count=3)
    end = bench.end(trace.memcg_offline("/a").pageout("/a", 10, count=5), kernel="6.18").memcg["/"]
    assert (0, 5, 5 * 4088) == (end["zswpin"], end["zswpout"], end["zswap"])


def test_reclaim_of_the_parent_takes_the_pages_of_a_dead_memcg_first(bench: Bench) -> None:
    trace = TraceBuilder().write("/p/a", 0, count=40, content=FULL).write("/p", 0, count=40, content=FULL)
    trace.write("/p/a", 0, count=40, content=FULL).memcg_offline("/p/a").memcg_reclaim("/p", 32 * PAGE_SIZE)
    wanted = [("/p", 0, 40), ("/p/a", 0, 40)]
    bench.watched(trace.snapshot("now"), wanted, kernel="7.1", reclaim="lru")
    assert ("P" * 40, 32) == (bench.pages["now /p"], bench.pages["now /p/a"].count("Z"))


@both
def test_a_limit_of_the_parent_is_kept_with_a_dead_memcgs_pages(bench: Bench, kernel: str) -> None:
    knobs = (KnobWrite("/p", "memory.max", 50 * PAGE_SIZE),)
    trace = TraceBuilder().write("/p/a", 0, count=40, content=HALF).memcg_offline("/p/a")
    end = bench.end(trace.write("/p", 0, count=40, content=HALF), kernel=kernel, knobs=knobs)
    assert end.memcg["/p"]["memory.current"] <= 50 * PAGE_SIZE
    assert 0 == end.replay["oom"]
