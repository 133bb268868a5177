"""The pool's limit, and the worker that shrinks on the virtual clock.

The machines here have 1000 pages of memory, and their pools a limit of ten and a threshold of nine: each entry of
4088 bytes takes a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.bench import EVERY_RELEASE, FULL, MS, REFUSED, Bench, store, stored
from tests.memcgs import nr_dying_descendants
from zswap_replay.replay.loop import Replay
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

STRICT = ("6.6", "patch-v4", "6.8")
"""Releases in which a pool is full above its limit, and open below its threshold."""
TEN: dict[str, Any] = {"totalram": 1000 * PAGE_SIZE, "max_pool_percent": 1}


def room(kernel: str) -> int:
    """Entries that a pool takes before it is full."""
    return 11 if kernel in STRICT else 10


def burst(memcg: str, count: int) -> TraceBuilder:
    """Stores at one moment: the worker runs before them or behind them, and not in between."""
    return TraceBuilder().write(memcg, 0, count=count, content=FULL).pageout(memcg, 0, count=count)


def written(snapshots: Sequence[Snapshot]) -> list[int]:
    return [snapshot.zswap["written_back_pages"] for snapshot in snapshots]


# The limit and the threshold


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_full_pool_refuses_and_queues_the_worker(bench: Bench, kernel: str) -> None:
    fits = room(kernel)
    trace = burst("/a", fits).snapshot("filled")
    trace.write("/a", 50, content=0).at(trace_time := 10 * MS).pageout("/a", 50).at(trace_time).snapshot(
        "full"
    )
    result = bench.replay(trace.settle().snapshot("settled"), kernel=kernel, **TEN)
    filled, full, settled = result.snapshots[:3]
    assert (fits, 0) == (filled.zswap["stored_pages"], filled.zswap["pool_limit_hit"])
    assert (fits, 1, 1, 0) == (
        full.zswap["stored_pages"],
        full.zswap["pool_limit_hit"],
        full.replay["pool_limit_reject"],
        full.zswap["written_back_pages"],
    )
    assert 1 == full.replay_memcg["/a"]["pool_limit_reject"] == full.vmstat["pswpout"]
    assert 1 == settled.replay["shrink_worker_runs"]
    assert settled.zswap["written_back_pages"] > 0


@pytest.mark.parametrize(
    ("kernel", "left"), [("6.6", 8), ("patch-v4", 8), ("6.8", 8), ("6.12", 9), ("6.18", 9), ("7.1", 9)]
)
def test_the_worker_comes_down_to_the_threshold_and_the_pool_reopens(
    bench: Bench, kernel: str, left: int
) -> None:
    trace = burst("/a", 12).settle().snapshot("settled")
    result = bench.replay(store(trace, "/a", 50, 1), kernel=kernel, **TEN)
    assert (left, left * PAGE_SIZE) == (
        result.snapshots[0].zswap["stored_pages"],
        result.snapshots[0].zswap["pool_total_size"],
    )
    assert left + 1 == result.end.zswap["stored_pages"]
    assert result.snapshots[0].replay["pool_limit_reject"] == result.end.replay["pool_limit_reject"]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_refusals_go_on_below_the_limit_until_the_threshold_is_reached(bench: Bench, kernel: str) -> None:
    fits = room(kernel)
    trace = burst("/a", fits + 1)  # full, and no writeback yet
    trace.discard("/a", 0).write("/a", 50, content=0).pageout("/a", 50)
    # discards alone open it: in the older releases 64 slots are given back at once, so one is not enough
    end = bench.end(trace, kernel=kernel, writeback_ns=1 << 50, **TEN)
    reopens = kernel not in STRICT
    assert (2 - reopens, fits) == (
        end.replay["pool_limit_reject"],
        end.zswap["stored_pages"],
    )


def test_a_refusal_while_the_pool_waits_for_its_threshold_is_no_hit(bench: Bench) -> None:
    # eleven entries, and one store that hits the limit; then a limit of twelve, which is not hit, and a threshold
    # of ten, which is not reached
    trace = burst("/a", 12).param("max_pool_percent", 2).param("accept_threshold_percent", 50)
    trace.write("/a", 50, count=3, content=0).pageout("/a", 50, count=3)
    waiting = bench.end(trace, writeback_ns=1 << 40, totalram=1000 * PAGE_SIZE, max_pool_percent=1)
    assert (1, 4) == (waiting.zswap["pool_limit_hit"], waiting.replay["pool_limit_reject"])
    trace.param("accept_threshold_percent", 100).pageout("/a", 50, count=3)
    reopened = bench.end(trace, writeback_ns=1 << 40, totalram=1000 * PAGE_SIZE, max_pool_percent=1)
    assert (1, 4) == (reopened.zswap["pool_limit_hit"], reopened.replay["pool_limit_reject"])


@pytest.mark.parametrize(
    ("kernel", "threshold", "left"),
    [
        # 1003 * 50 / 100 = 501, of which 1 % is 5; the other way round it is 10 pages, half of which are 5
        ("patch-v4", 50, 4),
        ("6.12", 50, 5),
        # 99 % of 1003 are 992, of which 1 % is 9; of 10 pages it is 9
        ("patch-v4", 99, 8),
        ("6.12", 99, 9),
        # 100 %: 1003, of which 1 % is 10
        ("patch-v4", 100, 9),
        ("6.12", 100, 10),
    ],
    ids=str,
)
def test_the_threshold_is_rounded_as_the_release_does(
    bench: Bench, kernel: str, threshold: int, left: int
) -> None:
    trace = burst("/a", 12).settle().settle().settle()
    settings = {
        "totalram": 1003 * PAGE_SIZE,
        "max_pool_percent": 1,
        "accept_threshold_percent": threshold,
    }
    assert left == bench.end(trace, kernel=kernel, **settings).zswap["stored_pages"]


@pytest.mark.parametrize(
    ("kernel", "runs"), [("patch-v4", 1), ("6.8", 1), ("6.12", 2), ("6.18", 2), ("7.1", 2)]
)
def test_a_refusal_at_a_memcgs_limit_queues_the_worker_or_does_not(
    bench: Bench, kernel: str, runs: int
) -> None:
    # no run brings the pool down: the entries are of pages that were read back, or gone with the load; and that it
    # is open again nobody knows before a store asks. So it counts as full when /b is refused by its own limit
    trace = TraceBuilder().memcg_create("/a")
    for number in range(16):
        trace.memcg_create(f"/a/empty{number}")
    trace.write("/a", 0, count=30, content=FULL).pageout("/a", 0, count=12).read("/a", 0, count=12).settle()
    trace.memcg_set("/b", "memory.zswap.max", 0).snapshot("before")
    trace = store(trace, "/b", 0, 1).settle()
    result = bench.replay(trace, kernel=kernel, exclusive_loads=False, **TEN)
    assert (1, runs) == (
        result.end.replay["memcg_limit_reject"],
        result.end.replay["shrink_worker_runs"],
    )


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_lowering_the_limit_does_nothing_until_the_next_store(bench: Bench, kernel: str) -> None:
    trace = burst("/a", 10).param("max_pool_percent", 0).settle().snapshot("lowered")
    trace = store(trace, "/a", 50, 1).settle()
    result = bench.replay(trace, kernel=kernel, **TEN)
    assert (10, 0) == (
        result.snapshots[0].zswap["stored_pages"],
        result.snapshots[0].zswap["pool_limit_hit"],
    )
    assert 1 == result.end.zswap["pool_limit_hit"]
    assert result.end.zswap["written_back_pages"] > 0


# The clock


def test_writebacks_are_spread_over_time(bench: Bench) -> None:
    trace = burst("/a", 12)
    for eighths in (4, 8, 12, 16, 20, 24, 80):
        trace.at(MS + eighths * 125).snapshot(str(eighths))
    result = bench.replay(trace, writeback_ns=1000, **TEN)
    assert [0, 1, 1, 2, 2, 3, 3, 3] == written(result.snapshots)
    assert 1 == result.end.replay["shrink_worker_runs"]


def test_a_worker_without_delay_is_done_before_the_next_event(bench: Bench) -> None:
    trace = burst("/a", 12).at(MS).snapshot("at once")
    assert [3, 3] == written(bench.replay(trace, writeback_ns=0, **TEN).snapshots)


def test_settle_waits_for_the_worker_however_long_it_takes(bench: Bench) -> None:
    trace = burst("/a", 12).at(MS).snapshot("before").at(MS).settle().at(MS).snapshot("after")
    assert [0, 3, 3] == written(bench.replay(trace, writeback_ns=1 << 50, **TEN).snapshots)


def test_what_the_worker_has_not_done_by_the_end_is_not_done(bench: Bench) -> None:
    assert 0 == bench.end(burst("/a", 12), writeback_ns=1000, **TEN).zswap["written_back_pages"]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_the_time_that_a_writeback_takes_changes_no_total(bench: Bench, kernel: str) -> None:
    trace = burst("/a", 12).settle()
    totals = {
        bench.end(trace, kernel=kernel, writeback_ns=delay, **TEN).zswap["written_back_pages"]
        for delay in (0, 1, 100_000, 1 << 40)
    }
    assert 1 == len(totals)


# Whom the worker visits


def three(rounds: int) -> TraceBuilder:
    """Three memcgs that store in turn, one page each."""
    trace = TraceBuilder()
    for path in ("/a", "/b", "/c"):
        trace.memcg_create(path)
    for page in range(rounds):
        for path in ("/a", "/b", "/c"):
            store(trace, path, page, 1)
    return trace


def by_memcg(snapshot: Snapshot) -> list[int]:
    return [snapshot.replay_memcg[path]["written_back_pages"] for path in ("/a", "/b", "/c")]


@pytest.mark.parametrize("kernel", ["patch-v4", "6.8"])
def test_the_worker_takes_one_entry_of_each_memcg_in_turn(bench: Bench, kernel: str) -> None:
    # twelve entries, of which the worker leaves eight
    trace = three(3).write("/c", 50, count=4, content=0).pageout("/c", 50, count=2).pageout("/c", 52).settle()
    assert [1, 1, 1] == by_memcg(bench.end(trace, kernel=kernel, **TEN))


def test_the_cursor_is_kept_between_runs(bench: Bench) -> None:
    trace = three(3).write("/c", 50, count=3, content=0).pageout("/c", 50, count=3).settle().snapshot("first")
    # the first run ended behind /c; each of the next three starts where the last one was
    for turn in range(2):
        trace.write("/a", 60 + 10 * turn, count=4, content=0).pageout("/a", 60 + 10 * turn, count=4).settle()
        trace.snapshot(f"{turn}")
    result = bench.replay(trace, **TEN)
    assert [[1, 1, 1], [2, 2, 2], [3, 3, 3]] == [by_memcg(each) for each in result.snapshots[:3]]


def test_before_the_patch_the_oldest_of_all_goes_first(bench: Bench) -> None:
    trace = stored("/b", 0, 4)
    store(trace, "/a", 0, 8).settle().snapshot("now")
    end = bench.watched(trace, [("/b", 0, 4), ("/a", 0, 4)], kernel="6.6", **TEN).end
    assert ("CCCZ", "ZZZZ") == (bench.pages["now /b"], bench.pages["now /a"])
    assert 0 == end.replay_memcg["/a"]["written_back_pages"]


def test_empty_memcgs_eat_up_a_run_until_6_12(bench: Bench) -> None:
    trace = TraceBuilder()
    for number in range(20):
        trace.memcg_create(f"/empty{number}")
    trace.write("/z", 0, count=12, content=FULL).pageout("/z", 0, count=12).settle()
    counts = {
        kernel: bench.end(trace, kernel=kernel, **TEN).zswap["written_back_pages"] for kernel in EVERY_RELEASE
    }
    # the root and the empty ones are sixteen failures before /z has its turn
    assert (0, 0) == (counts["patch-v4"], counts["6.8"])
    assert counts["6.6"] > 0
    assert counts["6.12"] > 0


@pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.1"])
def test_a_memcg_that_may_not_write_back_is_passed_over(bench: Bench, kernel: str) -> None:
    trace = three(4).settle()
    knobs = (KnobWrite("/b", "memory.zswap.writeback", 0),)
    for turn in range(3):
        store(trace, "/a", 50 + turn, 1).settle()
    counts = by_memcg(bench.end(trace, kernel=kernel, knobs=knobs, **TEN))
    assert counts[0] > 0
    assert (0, True) == (counts[1], counts[2] > 0)


def test_in_6_8_it_ends_the_run(bench: Bench) -> None:
    knobs = (KnobWrite("/a", "memory.zswap.writeback", 0),)
    end = bench.end(three(4).settle(), kernel="6.8", knobs=knobs, **TEN)
    # /a comes first; the run after the next begins behind it, but nobody has queued one
    assert [0, 0, 0] == by_memcg(end)
    assert end.replay["pool_limit_reject"] > 0


@pytest.mark.parametrize("kernel", ["6.12", "6.18", "7.1"])
def test_where_nobody_may_write_back_the_pool_stays_full(bench: Bench, kernel: str) -> None:
    knobs = (KnobWrite("/a", "memory.zswap.writeback", 0),)
    end = bench.end(burst("/a", 30).settle().settle(), kernel=kernel, knobs=knobs, **TEN)
    assert (0, 10) == (end.zswap["written_back_pages"], end.zswap["stored_pages"])
    # what is refused cannot go to the device either
    assert (20, 0) == (end.replay["pool_limit_reject"], end.vmstat["pswpout"])


def test_a_failed_writeback_is_counted_and_ends_a_run_after_sixteen(bench: Bench) -> None:
    # every entry is of a page that was read back, and is in memory
    trace = burst("/a", 11).read("/a", 0, count=11).write("/a", 50, content=0).pageout("/a", 50).settle()
    end = bench.end(trace, kernel="6.6", **TEN)
    assert (16, 0, 1) == (
        end.zswap["reject_reclaim_fail"],
        end.zswap["written_back_pages"],
        end.replay["shrink_worker_runs"],
    )
    # in the patch the root and the end of the round fail as well, and are no writebacks: 16 steps in threes
    end = bench.end(trace, kernel="patch-v4", **TEN)
    assert (5, 16) == (end.zswap["reject_reclaim_fail"], end.replay["shrink_worker_steps"])


@pytest.mark.parametrize("kernel", ["patch-v4", "6.8"])
def test_the_entries_of_an_older_pool_are_out_of_the_workers_reach(bench: Bench, kernel: str) -> None:
    trace = burst("/a", 6).param("compressor", "lz4")
    trace = store(trace, "/a", 20, 5)
    for turn in range(4):
        store(trace, "/a", 30 + turn, 1).settle()
    trace.snapshot("now")
    end = bench.watched(trace, [("/a", 0, 6)], kernel=kernel, **TEN).end
    assert end.zswap["written_back_pages"] > 0
    assert "ZZZZZZ" == bench.pages["now /a"]


def test_before_the_patch_the_oldest_pool_is_drained(bench: Bench) -> None:
    trace = burst("/a", 6).param("compressor", "lz4")
    trace = store(trace, "/a", 20, 6).settle().snapshot("now")
    bench.watched(trace, [("/a", 0, 6), ("/a", 20, 5)], kernel="6.6", **TEN)
    assert "ZZZZZ" == bench.pages["now /a"]


# Dead memcgs under the cursor


@pytest.mark.parametrize(("kernel", "dying"), [("6.6", 0), ("patch-v4", 1), ("6.8", 0), ("6.12", 0)])
def test_the_cursor_keeps_a_removed_memcg_until_the_next_run(bench: Bench, kernel: str, dying: int) -> None:
    trace = TraceBuilder().memcg_create("/a")
    for number in range(20):
        trace.memcg_create(f"/empty{number}")
    trace.write("/a", 0, count=30, content=FULL).pageout("/a", 0, count=12).settle()
    for number in range(20):
        trace.memcg_offline(f"/empty{number}")
    trace.snapshot("removed").pageout("/a", 12, count=18).settle().snapshot("another run")
    path = bench.save(trace)
    running = Replay(open_trace(path), path, bench.settings(kernel=kernel, **TEN), lambda _: None)
    counts: list[int] = []
    running.watch = lambda _: counts.append(nr_dying_descendants(running.machine.memcgs))
    running.result(0, None, lambda *_: None)
    assert [dying, 0] == counts


@pytest.mark.parametrize(("kernel", "written_back"), [("6.6", 3), ("patch-v4", 3), ("6.8", 3)])
def test_a_pool_that_empties_while_its_work_is_queued_goes_when_the_run_is_over(
    bench: Bench, kernel: str, written_back: int
) -> None:
    # the pool is full of lz4, its worker is queued, the compressor changes; then all of its slots are given back
    trace = TraceBuilder().param("compressor", "lz4").write("/a", 0, count=11, content=FULL)
    trace.write("/z", 0, count=65, content=REFUSED).pageout("/z", 0, count=65)
    trace.pageout("/a", 0, count=11).write("/a", 50, content=FULL).pageout("/a", 50)
    trace.param("compressor", "deflate").discard("/a", 0, count=11).discard("/z", 0, count=65).settle()
    # what is refused from here on is the newer pool's business
    trace.write("/b", 0, count=12, content=FULL).pageout("/b", 0, count=12).settle()
    end = bench.end(trace, kernel=kernel, writeback_ns=1 << 50, **TEN)
    assert written_back == end.zswap["written_back_pages"]


@pytest.mark.parametrize(
    ("kernel", "left"), [("6.6", 8), ("patch-v4", 8), ("6.8", 8), ("6.12", 5), ("6.18", 5)]
)
def test_from_6_9_on_a_run_keeps_to_the_threshold_with_which_it_began(
    bench: Bench, kernel: str, left: int
) -> None:
    # one page is written by the time when the threshold is raised from five to nine
    trace = burst("/a", 12).at(11 * MS).param("accept_threshold_percent", 90).settle()
    end = bench.end(trace, kernel=kernel, writeback_ns=9 * MS, accept_threshold_percent=50, **TEN)
    assert left == end.zswap["stored_pages"]


@pytest.mark.parametrize(("device", "runs"), [("disk", 1), ("ram", 0)])
def test_the_worker_runs_while_a_task_waits_for_the_device(bench: Bench, device: str, runs: int) -> None:
    # /b's page goes past zswap; the worker is queued when it is read back, from a RAM disk without a wait
    trace = TraceBuilder().write("/b", 0, content=REFUSED).pageout("/b", 0).write("/b", 1, content=REFUSED)
    trace.memcg_reclaim("/b", "64K").write("/a", 0, count=12, content=FULL).pageout("/a", 0, count=12)
    trace.read("/b", 0)
    end = bench.end(trace, swap_device=device, writeback_ns=1 << 50, **TEN)
    assert 1 == end.vmstat["pswpin"]
    assert runs == end.replay["shrink_worker_runs"]
