"""The dynamic shrinker's numbers, and the limit of the pools: what each release works out."""

from __future__ import annotations

import pytest

from zswap_replay.lib.columns import Records
from zswap_replay.lib.lru_ring import PLACE, LruRings
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.held import Stock
from zswap_replay.mm.list_lru import ListLru
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import RELEASES
from zswap_replay.mm.zswap import ShrinkWorker, ZswapPools, ZswapShrinker

OLDER = ("6.6", "patch-v4", "6.8")
NEWER = ("6.12", "6.18", "7.1")


def shrinker(kernel: str, nr_nodes: int = 1) -> ZswapShrinker:
    return ZswapShrinker(RELEASES[kernel], PageTable(), MemCgroups("none", nr_nodes), nr_nodes)


def added(kernel: str, entries: int) -> list[int]:
    """How many entries are spared after each of so many that are added to the list of memcg 1."""
    counts = []
    some, lru = shrinker(kernel), ListLru(LruRings(Records(entries, {"lru": PLACE})), 1, True)
    for entry in range(entries):
        lru.list_lru_add(entry, 0, 1)
        some.entry_added(lru, 0, 1)
        counts.append(some.protected[1])
    return counts


def test_6_8_spares_a_quarter_of_a_list_at_most_and_halves_what_is_more() -> None:
    spared = added("6.8", 64)
    expected: list[int] = []
    for size in range(1, 65):
        number = (expected[-1] if expected else 0) + 1
        expected.append(number // 2 if number > size // 4 else number)
    assert expected == spared
    # worked out by hand: at 4 entries 1 may be spared, at 8 entries 2
    assert [0, 0, 0, 1, 1, 1, 1, 2] == spared[:8]
    assert all(number <= size // 4 for size, number in enumerate(spared, 1))


@pytest.mark.parametrize("kernel", ["6.6", "patch-v4", *NEWER])
def test_other_releases_spare_nothing_for_a_store(kernel: str) -> None:
    assert [0] * 8 == added(kernel, 8)


@pytest.mark.parametrize("nr_nodes", [1, 2, 3])
def test_there_is_a_number_for_each_memcg_and_node(nr_nodes: int) -> None:
    """Also where the column has to grow for it, which must not lose what is counted."""
    some = shrinker("6.8", nr_nodes)
    for memcg in range(40):
        for nid in range(nr_nodes):
            for _ in range(1 + memcg % 3):
                some.protect(nid, memcg)
    numbers = [some.protected[memcg * nr_nodes + nid] for memcg in range(40) for nid in range(nr_nodes)]
    assert [1 + memcg % 3 for memcg in range(40) for _ in range(nr_nodes)] == numbers


def limits(kernel: str, totalram: int, percent: int, threshold: int) -> tuple[int, int]:
    release = RELEASES[kernel]
    worker = ShrinkWorker(release, MemCgroups("none", 1), 0)
    pools = ZswapPools(release, PageTable(), worker, Stock(), totalram, 1)
    pools.set_limits(percent, threshold)
    return pools.max_pages, pools.thr_pages


@pytest.mark.parametrize("kernel", OLDER)
def test_the_threshold_of_older_releases_is_rounded_as_a_share_of_ram(kernel: str) -> None:
    # where the two differ: 99 * 99 / 100 is 98, and half of it 49; half of 99 is 49, and 99 % of it 48
    assert (49, 49) == limits(kernel, 99, 50, 99)
    # and where multiplying before dividing would: 7 * 50 / 100 is 3, and 60 % of it 1; 30 % of 7 are 2
    assert (4, 1) == limits(kernel, 7, 60, 50)
    # the share of RAM comes first: 7 * 90 / 100 is 6, and 50 % of it 3; 7 * 50 / 100 is 3, and 90 % of it 2
    assert (3, 3) == limits(kernel, 7, 50, 90)


@pytest.mark.parametrize("kernel", NEWER)
def test_the_threshold_of_later_releases_is_a_share_of_the_limit(kernel: str) -> None:
    assert (49, 48) == limits(kernel, 99, 50, 99)
    assert (3, 2) == limits(kernel, 7, 50, 90)
    assert (4, 2) == limits(kernel, 7, 60, 50)


@pytest.mark.parametrize("kernel", RELEASES)
def test_the_limit_is_rounded_down(kernel: str) -> None:
    assert [0, 1, 1, 2] == [limits(kernel, totalram, 20, 100)[0] for totalram in (4, 5, 9, 10)]
