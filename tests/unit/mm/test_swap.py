"""Swap slots, and pages on their way to the device and back."""

from __future__ import annotations

import pytest

from tests.bench import EVERY_RELEASE, REFUSED, Bench, store, stored
from tests.memcgs import nr_dying_descendants
from zswap_replay.lib.page_table import NR_RETURNED
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.swap_slots import SWAP_SLOTS_CACHE_SIZE
from zswap_replay.replay.loop import Replay
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

BATCHED = ("6.6", "patch-v4", "6.8")
AT_ONCE = ("6.12", "6.18", "7.1")
NO_CACHE = ("6.18", "7.1")


def machine(bench: Bench, trace: TraceBuilder, kernel: str) -> Machine:
    """The machine after a trace."""
    path = bench.save(trace)
    running = Replay(open_trace(path), path, bench.settings(kernel=kernel), lambda *_: None)
    running.result(0, None, lambda *_: None)
    return running.machine


def swapped(snapshot: Snapshot, memcg: str = "/a") -> int:
    """Slots charged to a memcg."""
    return snapshot.memcg[memcg]["memory.swap.current"] // PAGE_SIZE


@pytest.mark.parametrize("kernel", BATCHED)
def test_freed_slots_keep_their_entries_until_64_are_given_back(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 140)
    for page in range(140):
        trace.discard("/a", page).snapshot(str(page))
    counts = [each.zswap["stored_pages"] for each in bench.replay(trace, kernel=kernel).snapshots[:-1]]
    # the 65th finds the cache full: the 64 before it go, and it waits; so does the 129th
    assert [140] * 64 + [76] * 64 + [12] * 12 == counts


def test_in_6_12_a_discard_frees_the_entry_at_once_but_its_slot_in_batches(bench: Bench) -> None:
    trace = stored("/a", 0, 70).discard("/a", 0, count=64).snapshot("64").discard("/a", 64)
    sixty_four, end = bench.replay(trace, kernel="6.12").snapshots
    assert (6, 70) == (sixty_four.zswap["stored_pages"], swapped(sixty_four))
    assert (5, 6) == (end.zswap["stored_pages"], swapped(end))


@pytest.mark.parametrize("kernel", NO_CACHE)
def test_later_a_freed_slot_is_given_back_at_once(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 70).discard("/a", 0, count=64).snapshot("64").write("/a", 64, content=0)
    sixty_four, end = bench.replay(trace, kernel=kernel).snapshots
    assert (6, 6) == (sixty_four.zswap["stored_pages"], swapped(sixty_four))
    assert (5, 5) == (end.zswap["stored_pages"], swapped(end))


@pytest.mark.parametrize(("kernel", "stored_pages"), [("6.12", 6), ("6.18", 10), ("7.1", 10)])
def test_a_freed_slot_makes_room_under_memory_swap_max(bench: Bench, kernel: str, stored_pages: int) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.swap.max", 10 * PAGE_SIZE)
    store(store(trace, "/a", 0, 10).discard("/a", 0, count=4), "/a", 20, 9)
    assert stored_pages == bench.end(trace, kernel=kernel).zswap["stored_pages"]


@pytest.mark.parametrize(("kernel", "dying"), [("6.12", 1), ("6.18", 0), ("7.1", 0)])
def test_a_dead_memcg_goes_with_its_last_slot(bench: Bench, kernel: str, dying: int) -> None:
    trace = stored("/a", 0, 3).memcg_offline("/a").discard("/a", 0, count=3)
    assert dying == nr_dying_descendants(machine(bench, trace, kernel).memcgs)


def test_an_entry_without_a_page_is_counted_but_cannot_be_written_back(bench: Bench) -> None:
    trace = store(stored("/a", 0, 5).discard("/a", 0, count=5), "/a", 10, 3)
    end = bench.end(trace, knobs=(KnobWrite("/a", "memory.zswap.max", 4 * PAGE_SIZE),))
    assert (5, 3, 3) == (
        end.zswap["stored_pages"],
        end.zswap["reject_reclaim_fail"],
        end.replay["memcg_limit_reject"],
    )


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_discarded_page_is_first_touched_again(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 3).discard("/a", 0, count=3).write("/a", 0, count=3, content=0)
    end = bench.end(trace, kernel=kernel)
    assert (6, 0, 0) == (end.replay["first_touches"], end.vmstat["zswpin"], end.vmstat["pgmajfault"])


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_discard_of_what_is_not_there_does_nothing(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder().discard("/a", 0, count=9).pageout("/a", 0, count=9)
    end = bench.end(trace, kernel=kernel)
    assert {0} == {*end.vmstat.values(), *end.replay.values(), *end.memcg["/a"].values()}


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_pageout_of_what_is_out_already_does_nothing(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 3).pageout("/a", 0, count=3)
    end = bench.end(trace, kernel=kernel)
    assert (3, 0) == (end.vmstat["zswpout"], end.replay["clean_drops"])


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_no_slot_is_given_over_memory_swap_max(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.swap.max", 4 * PAGE_SIZE + 4095)
    store(trace, "/a", 0, 10).snapshot("now")
    end = bench.watched(trace, [("/a", 0, 10)], kernel=kernel).end
    assert "ZZZZPPPPPP" == bench.pages["now /a"]
    assert (4, 6) == (swapped(end), end.replay["swap_full"])


def test_swap_max_of_an_ancestor_holds_as_well(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/p", "memory.swap.max", 2 * PAGE_SIZE)
    end = bench.end(store(store(trace, "/p/a", 0, 2), "/p/b", 0, 3))
    assert (2, 0, 3) == (swapped(end, "/p/a"), swapped(end, "/p/b"), end.replay["swap_full"])


def test_where_swap_is_half_full_a_load_gives_the_slot_up(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.swap.max", 8 * PAGE_SIZE)
    store(trace, "/a", 0, 4).read("/a", 0, count=4).pageout("/a", 0, count=4)
    # all were dirty when they went out again, for want of a copy outside
    assert (8, 0) == (bench.end(trace).vmstat["zswpout"], bench.end(trace).replay["clean_drops"])


@pytest.mark.parametrize(("device", "reads", "stores"), [("disk", 0, 4), ("ram", 4, 8)])
def test_a_synchronous_device_has_no_use_for_the_swap_cache(
    bench: Bench, device: str, reads: int, stores: int
) -> None:
    # refused pages are in the swap cache of a disk when they are touched again, and in that of a RAM disk never
    trace = stored("/b", 0, 4, REFUSED).read("/b", 0, count=4)
    store(trace, "/a", 0, 4).read("/a", 0, count=4).pageout("/a", 0, count=4)
    end = bench.end(trace, swap_device=device)
    assert (reads, stores) == (end.vmstat["pswpin"], end.vmstat["zswpout"])


@pytest.mark.parametrize(
    ("kernel", "where", "stores", "drops"), [("6.18", "DDDD", 8, 4), ("7.1", "ZZZZ", 12, 0)]
)
def test_in_7_1_a_touch_of_a_copy_on_a_synchronous_device_gives_its_slot_up(
    bench: Bench, kernel: str, where: str, stores: int, drops: int
) -> None:
    # four looks clear four bits, four stores write back an entry each, which stays in the swap cache
    trace = stored("/a", 0, 4).memcg_set("/a", "memory.zswap.max", 0)
    for page in range(8):
        store(trace, "/a", 10 + page, 1)
    trace.memcg_set("/a", "memory.zswap.max", "max").read("/a", 0, count=4).pageout(
        "/a", 0, count=4
    ).snapshot("now")
    end = bench.watched(trace, [("/a", 0, 4)], kernel=kernel, swap_device="ram").end
    assert (where, 0, 4) == (bench.pages["now /a"], end.vmstat["zswpin"], end.zswap["written_back_pages"])
    assert (stores, drops) == (end.vmstat["zswpout"], end.replay["clean_drops"])


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_page_that_nothing_takes_goes_to_the_device_and_comes_back(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 4).pageout("/a", 0, count=4).snapshot("cached").memcg_reclaim("/a", 4 * PAGE_SIZE)
    trace.snapshot("out").read("/a", 0, count=4)
    end = bench.watched(trace, [("/a", 0, 4)], kernel=kernel, enabled=False).end
    assert ("CCCC", "DDDD") == (bench.pages["cached /a"], bench.pages["out /a"])
    assert (4, 4, 4) == (end.vmstat["pswpout"], end.vmstat["pswpin"], end.replay["disabled_reject"])
    assert 4 == end.vmstat["pgmajfault"] == end.replay_memcg["/a"]["pswpin"]


@pytest.mark.parametrize("kernel", AT_ONCE)
def test_where_writeback_is_off_a_refused_page_stays_in_memory(bench: Bench, kernel: str) -> None:
    knobs = (KnobWrite("/p", "memory.zswap.writeback", 0), KnobWrite("/p/a", "memory.zswap.max", 0))
    trace = stored("/p/a", 0, 4).pageout("/p/a", 0, count=4).snapshot("now")
    end = bench.watched(trace, [("/p/a", 0, 4)], kernel=kernel, knobs=knobs).end
    assert ("CCCC", 0) == (bench.pages["now /p/a"], end.vmstat["pswpout"])
    # a page that is not mapped is passed over by a second pageout, and tried again once it was touched
    assert 4 == end.replay["memcg_limit_reject"]
    trace.read("/p/a", 0, count=4).pageout("/p/a", 0, count=4)
    assert 8 == bench.end(trace, kernel=kernel, knobs=knobs).replay["memcg_limit_reject"]


def test_each_slot_that_is_returned_with_others_has_a_record() -> None:
    assert NR_RETURNED == SWAP_SLOTS_CACHE_SIZE
