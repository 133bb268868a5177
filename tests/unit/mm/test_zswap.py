"""Stores, loads and writebacks, seen through replays of small traces of pages of known length."""

from __future__ import annotations

import pytest

from tests.bench import (
    EVERY_RELEASE,
    FULL,
    HALF,
    PER_MEMCG,
    REFUSED,
    SAME,
    ZERO,
    Bench,
    store,
    stored,
)
from zswap_replay.errors import SettingsError
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

NO_SECOND_CHANCE = ("patch-v4", "6.8")
EXCLUSIVE = ("6.12", "6.18", "7.1")
STORING_ALL = ("6.18", "7.1")
FIVE = 4 * PAGE_SIZE
"""A memory.zswap.max that leaves room for five entries of 4088 bytes: the coming one is not counted."""


def zswap_max(memcg: str, limit: int) -> tuple[KnobWrite, ...]:
    return (KnobWrite(memcg, "memory.zswap.max", limit),)


# ---- the limit of a memcg ----


@pytest.mark.parametrize("kernel", NO_SECOND_CHANCE)
def test_a_store_at_the_limit_costs_one_writeback_and_is_accepted(bench: Bench, kernel: str) -> None:
    end = bench.end(stored("/b", 0, 20), kernel=kernel, knobs=zswap_max("/b", FIVE))
    assert (20, 15, 5) == (end.vmstat["zswpout"], end.zswap["written_back_pages"], end.zswap["stored_pages"])
    assert (15, 0, 15) == (
        end.vmstat["pswpout"],
        end.replay["memcg_limit_reject"],
        end.replay["memcg_shrinks"],
    )
    assert 5 * 4088 == end.memcg["/b"]["memory.zswap.current"]


def test_before_the_patch_a_store_at_the_limit_is_refused(bench: Bench) -> None:
    trace = stored("/b", 0, 20).snapshot("now")
    result = bench.watched(trace, [("/b", 0, 20)], kernel="6.6", knobs=zswap_max("/b", FIVE))
    end = result.end
    assert (5, 0, 15) == (
        end.vmstat["zswpout"],
        end.zswap["written_back_pages"],
        end.replay["memcg_limit_reject"],
    )
    # the oldest stay for ever
    assert "ZZZZZ" == bench.pages["now /b"][:5]
    assert 15 == end.vmstat["pswpout"]


@pytest.mark.parametrize("kernel", EXCLUSIVE)
def test_with_a_second_chance_fresh_entries_are_passed_over_once(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder()
    for turn in range(4):
        store(trace, "/b", 5 * turn, 5).snapshot(str(turn))
    result = bench.replay(trace, kernel=kernel, knobs=zswap_max("/b", FIVE))
    assert [(5, 0, 0), (5, 5, 0), (10, 5, 5), (10, 10, 5)] == [
        (
            snapshot.vmstat["zswpout"],
            snapshot.replay["memcg_limit_reject"],
            snapshot.zswap["written_back_pages"],
        )
        for snapshot in result.snapshots[:4]
    ]


@pytest.mark.parametrize("kernel", PER_MEMCG)
def test_a_shrink_touches_no_other_memcgs_entries(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 10).snapshot("before")
    trace = store(store(trace, "/b", 0, 40), "/c", 0, 3).snapshot("after")
    wanted = [("/a", 0, 10), ("/b", 0, 40), ("/c", 0, 3)]
    end = bench.watched(trace, wanted, kernel=kernel, knobs=zswap_max("/b", FIVE)).end
    written = end.zswap["written_back_pages"]
    assert written > 0
    assert ["Z" * 10, "Z" * 3] == [bench.pages["after /a"], bench.pages["after /c"]]
    assert [0, written, 0] == [end.replay_memcg[memcg]["written_back_pages"] for memcg in ("/a", "/b", "/c")]
    assert [10 * 4088, 3 * 4088] == [end.memcg[memcg]["zswap"] for memcg in ("/a", "/c")]
    # nor any counter of a memcg besides, but for the root that sums them up
    assert (0, 0) == (end.memcg["/a"].get("zswpwb", 0), end.replay_memcg["/c"]["pswpout"])


@pytest.mark.parametrize("kernel", PER_MEMCG)
def test_the_oldest_entry_goes_first(bench: Bench, kernel: str) -> None:
    trace = store(stored("/b", 0, 5), "/b", 10, 10).snapshot("now")
    bench.watched(trace, [("/b", 0, 5), ("/b", 10, 10)], kernel=kernel, knobs=zswap_max("/b", FIVE))
    assert bench.pages["now /b"][-5:] == "ZZZZZ"


@pytest.mark.parametrize("kernel", NO_SECOND_CHANCE)
def test_one_entry_of_each_node_is_written_back(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder()
    for page in range(5):
        store(trace, "/b", page, 1, node=page % 2)
    trace.snapshot("filled")
    for page in range(5, 11):
        store(trace, "/b", page, 1, node=0).snapshot(f"{page}")
    result = bench.replay(trace, kernel=kernel, nodes=2, knobs=zswap_max("/b", FIVE))
    # two go for one that comes, which leaves room for the next; the node that nobody stores to drains as well,
    # and gives none when it is empty
    assert [0, 2, 2, 4, 4, 5, 6] == [
        snapshot.zswap["written_back_pages"] for snapshot in result.snapshots[:-1]
    ]
    assert 0 == result.end.replay["memcg_limit_reject"]


def test_a_limit_on_the_parent_shrinks_the_leaf_that_stores(bench: Bench) -> None:
    trace = store(stored("/p/a", 0, 3), "/p/b", 0, 2)
    store(trace, "/p/a", 10, 6).snapshot("now")
    end = bench.watched(trace, [("/p/b", 0, 2)], knobs=zswap_max("/p", FIVE)).end
    assert (6, "ZZ") == (end.zswap["written_back_pages"], bench.pages["now /p/b"])
    assert [0, 6] == [end.replay_memcg[memcg]["written_back_pages"] for memcg in ("/p/b", "/p/a")]


@pytest.mark.parametrize("kernel", PER_MEMCG)
def test_a_leaf_without_entries_is_refused_at_its_parents_limit(bench: Bench, kernel: str) -> None:
    trace = store(stored("/p/a", 0, 5), "/p/b", 0, 7)
    end = bench.end(trace, kernel=kernel, knobs=zswap_max("/p", FIVE))
    assert (7, 0, 5) == (
        end.replay_memcg["/p/b"]["memcg_limit_reject"],
        end.zswap["written_back_pages"],
        end.zswap["stored_pages"],
    )


def test_a_limit_lowered_to_nothing_trades_one_entry_for_another(bench: Bench) -> None:
    trace = stored("/a", 0, 5).memcg_set("/a", "memory.zswap.max", 0)
    end = bench.end(store(trace, "/a", 5, 8))
    assert (13, 8, 5) == (end.vmstat["zswpout"], end.zswap["written_back_pages"], end.zswap["stored_pages"])


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_limit_of_nothing_from_the_start_refuses_all(bench: Bench, kernel: str) -> None:
    end = bench.end(stored("/a", 0, 6), kernel=kernel, knobs=zswap_max("/a", 4095))
    assert (0, 6, 6) == (end.vmstat["zswpout"], end.replay["memcg_limit_reject"], end.vmstat["pswpout"])
    kernels_own = {name: value for name, value in end.zswap.items() if value}
    assert {} == kernels_own


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_what_is_refused_at_a_limit_is_counted_by_the_memcg_and_its_ancestors(
    bench: Bench, kernel: str
) -> None:
    trace = store(stored("/p/a", 0, 2), "/q", 0, 1)
    end = bench.end(trace, kernel=kernel, knobs=zswap_max("/p", 0))
    assert {"/": 2, "/p": 2, "/p/a": 2, "/q": 0} == {
        path: values["memcg_limit_reject"] for path, values in end.replay_memcg.items()
    }


# ---- same-filled and incompressible pages ----


@pytest.mark.parametrize("kernel", ["6.6", "patch-v4", "6.8"])
def test_same_filled_pages_are_entries_without_memory(bench: Bench, kernel: str) -> None:
    end = bench.end(store(stored("/a", 0, 3, SAME), "/a", 10, 2, ZERO), kernel=kernel)
    assert (5, 5, 0) == (
        end.zswap["stored_pages"],
        end.zswap["same_filled_pages"],
        end.zswap["pool_total_size"],
    )
    assert (0, 5 * PAGE_SIZE) == (end.memcg["/a"]["zswap"], end.memcg["/a"]["zswapped"])


@pytest.mark.parametrize("kernel", EXCLUSIVE)
def test_from_6_12_on_zero_pages_never_reach_zswap(bench: Bench, kernel: str) -> None:
    trace = store(stored("/a", 0, 3, SAME), "/a", 10, 2, ZERO).read("/a", 10, count=2)
    end = bench.end(trace, kernel=kernel, enabled=True, knobs=())
    assert (3, 2, 2, 0) == (
        end.zswap["stored_pages"],
        end.vmstat["swpout_zero"],
        end.vmstat["swpin_zero"],
        end.vmstat["pswpout"],
    )
    refused = bench.end(trace, kernel=kernel, knobs=zswap_max("/a", 0))
    assert (2, 3) == (refused.vmstat["swpout_zero"], refused.replay["memcg_limit_reject"])


def test_same_filled_pages_can_be_switched_off(bench: Bench) -> None:
    end = bench.end(stored("/a", 0, 3, SAME), same_filled_pages_enabled=False)
    assert (3, 0) == (end.zswap["stored_pages"], end.zswap["same_filled_pages"])
    assert end.zswap["pool_total_size"] > 0


def test_all_but_same_filled_pages_can_be_switched_off(bench: Bench) -> None:
    trace = store(stored("/a", 0, 3, SAME), "/a", 10, 2)
    end = bench.end(trace, non_same_filled_pages_enabled=False)
    assert (3, 3, 2) == (end.zswap["stored_pages"], end.zswap["same_filled_pages"], end.vmstat["pswpout"])


def test_same_filled_pages_are_never_written_back(bench: Bench) -> None:
    trace = store(stored("/a", 0, 2, SAME), "/a", 10, 20).snapshot("now")
    bench.watched(trace, [("/a", 0, 2)], knobs=zswap_max("/a", FIVE))
    assert "ZZ" == bench.pages["now /a"]


@pytest.mark.parametrize(
    ("kernel", "counted"), [("6.6", None), ("patch-v4", None), ("6.8", 3), ("6.12", 3)], ids=str
)
def test_a_page_that_does_not_compress_is_refused(bench: Bench, kernel: str, counted: int | None) -> None:
    end = bench.end(stored("/a", 0, 3, REFUSED), kernel=kernel)
    assert (counted, 3, 3, 0) == (
        end.zswap.get("reject_compress_fail"),
        end.replay["compress_reject"],
        end.vmstat["pswpout"],
        end.zswap["stored_pages"],
    )
    assert 0 == end.zswap["reject_compress_poor"]


@pytest.mark.parametrize("kernel", STORING_ALL)
def test_from_6_18_on_such_a_page_is_stored_as_it_is(bench: Bench, kernel: str) -> None:
    end = bench.end(stored("/a", 0, 3, REFUSED), kernel=kernel)
    assert (3, 3, 3 * PAGE_SIZE) == (
        end.zswap["stored_pages"],
        end.zswap["stored_incompressible_pages"],
        end.memcg["/a"]["memory.zswap.current"],
    )
    assert (0, 0) == (end.replay["compress_reject"], end.zswap["reject_compress_fail"])


@pytest.mark.parametrize("kernel", STORING_ALL)
def test_it_is_refused_there_where_writeback_is_off(bench: Bench, kernel: str) -> None:
    end = bench.end(
        stored("/a", 0, 3, REFUSED), kernel=kernel, knobs=(KnobWrite("/a", "memory.zswap.writeback", 0),)
    )
    assert (0, 3, 0) == (
        end.zswap["stored_pages"],
        end.replay["compress_reject"],
        end.zswap["stored_incompressible_pages"],
    )


def test_a_memcg_counts_what_is_stored_as_it_is_with_its_descendants(bench: Bench) -> None:
    trace = store(store(stored("/a/x", 0, 3, REFUSED), "/a/x", 10, 2), "/a", 20, 1, REFUSED)
    end = bench.end(trace.memcg_create("/b").read("/a/x", 0).memcg_offline("/a/x"), kernel="7.1")
    assert [3 * PAGE_SIZE, 3 * PAGE_SIZE, 0] == [
        end.memcg[path]["zswap_incomp"] for path in ("/", "/a", "/b")
    ]


def test_zbud_takes_two_a_page_and_nothing_over_3968_bytes(bench: Bench) -> None:
    trace = store(stored("/a", 0, 6, HALF), "/a", 10, 4, FULL)
    end = bench.end(trace, zpool="zbud")
    # two of 2040 bytes take 64 chunks, of which a page has 63
    assert (6, 6 * PAGE_SIZE, 4) == (
        end.zswap["stored_pages"],
        end.zswap["pool_total_size"],
        end.zswap["reject_compress_poor"],
    )
    assert 4 == end.replay["compress_reject"] == end.vmstat["pswpout"]


def test_zsmalloc_takes_two_halves_a_page(bench: Bench) -> None:
    assert 3 * PAGE_SIZE == bench.end(stored("/a", 0, 6, HALF)).zswap["pool_total_size"]


# ---- loads, and stores of what was stored before ----


@pytest.mark.parametrize("kernel", ["6.6", "patch-v4", "6.8"])
def test_a_clean_page_is_dropped_without_a_store(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 4).read("/a", 0, count=4).pageout("/a", 0, count=4).snapshot("now")
    end = bench.watched(trace, [("/a", 0, 4)], kernel=kernel).end
    assert ("ZZZZ", 4, 4, 4) == (
        bench.pages["now /a"],
        end.vmstat["zswpout"],
        end.vmstat["zswpin"],
        end.replay["clean_drops"],
    )


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_an_exclusive_load_frees_the_entry_and_the_page_is_stored_again(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 4).read("/a", 0, count=4).snapshot("loaded").pageout("/a", 0, count=4)
    result = bench.replay(trace, kernel=kernel, exclusive_loads=kernel not in EXCLUSIVE)
    assert [(0, 4, 4), (4, 8, 4)] == [
        (each.zswap["stored_pages"], each.vmstat["zswpout"], each.vmstat["zswpin"])
        for each in result.snapshots
    ]
    assert (0, 0) == (result.end.replay["clean_drops"], result.end.zswap.get("duplicate_entry", 0))


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_page_from_the_device_is_clean_whatever_the_release(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 3).param("enabled", "Y").read("/a", 0, count=3).pageout("/a", 0, count=3)
    end = bench.end(trace, kernel=kernel, enabled=True, knobs=zswap_max("/a", 0))
    assert (0, 3, 3) == (end.vmstat["zswpout"], end.vmstat["pswpout"], end.replay["memcg_limit_reject"])
    assert 3 == end.replay["clean_drops"]


@pytest.mark.parametrize("kernel", ["6.6", "patch-v4", "6.8"])
def test_a_page_that_was_read_and_written_drops_its_older_copy(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 4).read("/a", 0, count=4).write("/a", 0, count=4, content=100)
    end = bench.end(trace.pageout("/a", 0, count=4), kernel=kernel)
    assert (4, 8, 4) == (
        end.zswap["duplicate_entry"],
        end.vmstat["zswpout"],
        end.zswap["stored_pages"],
    )
    assert 4 * 4088 == end.replay["compressed_bytes"]


def test_the_older_copy_goes_even_if_the_store_is_refused(bench: Bench) -> None:
    trace = stored("/a", 0, 4).read("/a", 0, count=4).write("/a", 0, count=4, content=REFUSED)
    end = bench.end(trace.pageout("/a", 0, count=4))
    assert (4, 0, 4) == (
        end.zswap["duplicate_entry"],
        end.zswap["stored_pages"],
        end.replay["compress_reject"],
    )


def test_a_disabled_zswap_drops_the_older_copy_as_well(bench: Bench) -> None:
    trace = stored("/a", 0, 4).read("/a", 0, count=4).write("/a", 0, count=4, content=9)
    end = bench.end(trace.param("enabled", "N").pageout("/a", 0, count=4))
    assert (4, 0, 4) == (
        end.zswap["duplicate_entry"],
        end.zswap["stored_pages"],
        end.replay["disabled_reject"],
    )


def test_a_write_to_a_page_that_is_out_frees_its_slot(bench: Bench) -> None:
    trace = stored("/a", 0, 4).write("/a", 0, count=4, content=100)
    end = bench.end(trace.pageout("/a", 0, count=4))
    assert (0, 8) == (end.zswap["duplicate_entry"], end.vmstat["zswpout"])
    # the entries of the old slots stay until those are given back
    assert 8 == end.zswap["stored_pages"]


def test_a_load_makes_an_entry_the_youngest(bench: Bench) -> None:
    trace = stored("/a", 0, 5).read("/a", 0).pageout("/a", 0)
    store(trace, "/a", 10, 1).snapshot("now")
    bench.watched(trace, [("/a", 0, 5)], knobs=zswap_max("/a", FIVE))
    assert "ZCZZZ" == bench.pages["now /a"]


def test_an_entry_whose_page_is_in_memory_cannot_be_written_back(bench: Bench) -> None:
    trace = stored("/a", 0, 5).read("/a", 0, count=5)
    end = bench.end(store(trace, "/a", 10, 4), knobs=zswap_max("/a", FIVE))
    assert (4, 0, 4) == (
        end.zswap["reject_reclaim_fail"],
        end.zswap["written_back_pages"],
        end.replay["memcg_limit_reject"],
    )
    assert 5 == end.zswap["stored_pages"]


def test_a_page_written_back_is_in_the_swap_cache_until_reclaim_drops_it(bench: Bench) -> None:
    trace = stored("/a", 0, 6).snapshot("now").read("/a", 0)
    end = bench.watched(trace, [("/a", 0, 6)], knobs=zswap_max("/a", FIVE)).end
    assert "CZZZZZ" == bench.pages["now /a"]
    assert (0, 0) == (end.vmstat["pswpin"], end.vmstat["zswpin"])


def test_the_accounts_of_an_entry_close_with_it(bench: Bench) -> None:
    trace = stored("/a", 0, 7).discard("/a", 0, count=7)
    end = bench.end(trace, kernel="6.12")
    assert (0, 0, 0, 0) == (
        end.zswap["stored_pages"],
        end.zswap["pool_total_size"],
        end.replay["compressed_bytes"],
        end.memcg["/a"]["zswapped"],
    )


# ---- memcgs going offline ----


@pytest.mark.parametrize("kernel", PER_MEMCG)
def test_entries_of_a_removed_memcg_go_to_the_old_end_of_its_parents(bench: Bench, kernel: str) -> None:
    trace = store(stored("/p", 0, 2), "/p/c", 0, 3).memcg_offline("/p/c")
    trace.memcg_set("/p", "memory.zswap.max", FIVE)
    for turn in range(2):  # with a second chance the first round only rotates
        store(trace, "/p", 10 + 10 * turn, 5)
    trace.snapshot("now")
    end = bench.watched(trace, [("/p/c", 0, 3), ("/p", 0, 2)], kernel=kernel).end
    assert ("CCC", "CC") == (bench.pages["now /p/c"], bench.pages["now /p"])
    assert ["/", "/p"] == list(end.memcg)


def test_the_inherited_entries_are_written_back_before_the_parents_own(bench: Bench) -> None:
    trace = store(stored("/p", 0, 2), "/p/c", 0, 3).memcg_offline("/p/c")
    trace.memcg_set("/p", "memory.zswap.max", FIVE)
    for page in range(10, 13):
        store(trace, "/p", page, 1).snapshot(str(page))
    bench.watched(trace, [("/p/c", 0, 3), ("/p", 0, 2)])
    assert [("CZZ", "ZZ"), ("CCZ", "ZZ"), ("CCC", "ZZ")] == [
        (bench.pages[f"{page} /p/c"], bench.pages[f"{page} /p"]) for page in range(10, 13)
    ]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_charges_of_a_removed_memcg_stay_with_its_ancestors(bench: Bench, kernel: str) -> None:
    trace = stored("/p/c", 0, 3).snapshot("before").memcg_offline("/p/c").snapshot("after")
    result = bench.replay(trace, kernel=kernel)
    assert [["/", "/p", "/p/c"], ["/", "/p"]] == [list(each.memcg) for each in result.snapshots[:2]]
    assert [3 * 4088] * 2 == [each.memcg["/p"]["memory.zswap.current"] for each in result.snapshots[:2]]
    assert [3] * 2 == [each.memcg["/p"]["zswpout"] for each in result.snapshots[:2]]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_pages_that_outlive_their_memcg_are_stored_under_the_nearest_live_one(
    bench: Bench, kernel: str
) -> None:
    trace = TraceBuilder().memcg_set("/p/c", "memory.zswap.max", 0).write("/p/c", 0, count=4, content=FULL)
    trace.memcg_offline("/p/c").pageout("/p/c", 0, count=4)
    end = bench.end(trace, kernel=kernel)
    # the limit of the dead one is as dead
    assert (4, 4 * 4088) == (end.vmstat["zswpout"], end.memcg["/p"]["memory.zswap.current"])


def test_pages_that_outlive_their_memcg_are_held_to_the_limits_of_the_living(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/p", "memory.zswap.max", 0).write("/p/c", 0, count=4, content=FULL)
    trace.memcg_offline("/p/c").pageout("/p/c", 0, count=4)
    end = bench.end(trace)
    assert (0, 4) == (end.vmstat["zswpout"], end.replay_memcg["/p"]["memcg_limit_reject"])


def test_a_page_loaded_after_its_memcg_died_is_charged_to_the_root(bench: Bench) -> None:
    trace = stored("/p/c", 0, 4).memcg_offline("/p/c").write("/p/c", 0, count=4, content=FULL)
    end = bench.end(trace.pageout("/p/c", 0, count=4), kernel="6.12")
    assert (4, 0) == (end.zswap["stored_pages"], end.memcg["/p"]["memory.zswap.current"])


def test_a_path_that_is_made_again_is_another_memcg(bench: Bench) -> None:
    trace = stored("/p/c", 0, 3).memcg_offline("/p/c").memcg_create("/p/c")
    end = bench.end(store(trace, "/p/c", 0, 2))
    assert (5, 2 * 4088, 5 * 4088) == (
        end.zswap["stored_pages"],
        end.memcg["/p/c"]["memory.zswap.current"],
        end.memcg["/p"]["memory.zswap.current"],
    )


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_pools_that_are_gone_make_room_for_others(bench: Bench, kernel: str) -> None:
    trace = stored("/a", 0, 1)
    for turn in range(300):
        trace.param("compressor", "zstd" if turn % 2 else "lz4")
    assert 1 == bench.end(trace, kernel=kernel, compressor="lz4").zswap["stored_pages"]


def test_pools_that_hold_pages_may_be_too_many(bench: Bench) -> None:
    trace = stored("/a", 0, 1)
    for number in range(256):
        trace.param("compressor", f"c{number}").write("/a", number + 1, content=HALF).pageout(
            "/a", number + 1
        )
    with pytest.raises(
        SettingsError, match=r"row 764: 255 pools are in use still; expected no other compressor"
    ):
        bench.end(trace)
