"""zram's slots, pool and files, one rule at a time."""

from __future__ import annotations

from typing import Any

import pytest

from zswap_replay.lib.columns import Records
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.held import Held
from zswap_replay.mm.mem_cgroup import MEMCG
from zswap_replay.mm.memcg_savings import MemcgSavings
from zswap_replay.mm.swapfile import SWAPFILE_CLUSTER, SwapInfo
from zswap_replay.mm.zcomp import Zcomp
from zswap_replay.mm.zram_drv import Zram
from zswap_replay.mm.zram_walks import idle_store, recompress_store, writeback_store
from zswap_replay.mm.zs_objects import ZsObjects


def device(*lengths: dict[int, int], header: int = 43) -> Zram:
    """A device of 1 MiB with a compressor for each table of lengths by content."""
    zram = Zram(PageTable(), Held(MemcgSavings(Records(1, MEMCG))))
    for priority, known in enumerate(lengths):
        table = Lengths()
        for content, length in known.items():
            table.add(content, length, NORMAL if length else SAME_FILLED)
        contents: Any = None  # all lengths are known
        zram.set_algorithm(priority, Zcomp(f"c{priority}", contents, table, None, header))
    zram.disksize_store(1 << 20)
    return zram


def test_the_swap_header_is_the_first_stored_page() -> None:
    zram = device({})

    zram.swap_header(0)

    counters = zram.counters()
    assert (4096, 43, 4096) == tuple(
        counters[n] for n in ("orig_data_size", "compr_data_size", "mem_used_total")
    )
    assert [(0, "......")] == zram.block_state()


@pytest.mark.parametrize(("size", "huge"), [(3624, False), (3625, True)])
def test_an_object_from_the_huge_class_on_has_a_page_of_its_own(size: int, huge: bool) -> None:
    assert huge == (size >= ZsObjects().zs_huge_class_size())


def test_an_algorithm_that_is_no_smaller_class_leaves_the_page() -> None:
    zram = device({}, {}, header=200)

    zram.swap_header(0)

    assert 0 == recompress_store(zram, 0, 0, -1, 1, 4)
    assert [(0, ".....n")] == zram.block_state()


def test_a_threshold_that_every_raw_page_reaches_is_refused() -> None:
    assert -22 == recompress_store(device({}, {}), 0, 3625, -1, 1, 4)


def test_writeback_without_a_backing_device_is_refused() -> None:
    zram = device({})
    zram.swap_header(0)

    assert -19 == writeback_store(zram, 0, -1)
    assert -22 == writeback_store(zram, 0, zram.nr_pages)


def test_writeback_ends_where_its_limit_does_whether_or_not_more_would_go() -> None:
    zram = device({})
    zram.swap_header(0)
    idle_store(zram, 0, -1)
    zram.backing_pages = 2
    zram.wb_limit_enable = True
    zram.bd_wb_limit = 1

    assert -5 == writeback_store(zram, 1, -1)
    assert [(0, ".w....")] == zram.block_state()
    assert (1, 1, 4096, 0) == tuple(
        zram.counters()[n] for n in ("bd_count", "bd_writes", "orig_data_size", "mem_used_total")
    )
    zram.wb_limit_enable = False
    assert -28 == writeback_store(zram, 1, -1)


def test_compaction_empties_zspages_and_keeps_every_handle() -> None:
    pool = ZsObjects()
    handles = [pool.zs_malloc(2000) for _ in range(40)]
    for handle in handles[::2]:
        pool.zs_free(handle)
    before = pool.pool.zpool_get_total_pages()

    freed = pool.zs_compact()

    assert freed == pool.pages_compacted == before - pool.pool.zpool_get_total_pages() > 0
    for handle in handles[1::2]:
        pool.zs_free(handle)
    assert 0 == pool.pool.zpool_get_total_pages()


def test_slots_come_from_free_clusters_first_and_upward_in_the_one_in_use() -> None:
    info = SwapInfo(3 * SWAPFILE_CLUSTER)

    given = [info.cluster_alloc_swap_entry() for _ in range(2 * SWAPFILE_CLUSTER)]
    assert list(range(SWAPFILE_CLUSTER, 3 * SWAPFILE_CLUSTER)) == given
    assert [1, 2] == [info.cluster_alloc_swap_entry() for _ in range(2)]
    for slot in range(SWAPFILE_CLUSTER, 2 * SWAPFILE_CLUSTER):
        assert (slot == 2 * SWAPFILE_CLUSTER - 1) == info.dec_cluster_info_page(slot)
    assert 3 == info.cluster_alloc_swap_entry()


def test_a_device_without_slots_gives_none() -> None:
    info = SwapInfo(2)

    assert [1, -1, -1] == [info.cluster_alloc_swap_entry() for _ in range(3)]
