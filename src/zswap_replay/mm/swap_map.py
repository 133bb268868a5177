"""The slots of a rotating swap device: which page is in each, and the order in which they are given out.

Up to 6.13 such a device has no clusters, mm/swapfile.c, v6.12: 256 slots one behind the other, then the first 256 that
are free, from the device's start on. Later it has, in swap_clusters.py. It has no size: there is always a slot. Read,
not compared with a run.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap_clusters import SwapClusters
from zswap_replay.mm.swap_slots import SwapSlots
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_SHIFT
    from zswap_replay.mm.swap_slots import SWAP_SLOTS_CACHE_SIZE
    from zswap_replay.mm.swapfile import SWAPFILE_CLUSTER


class SwapMap(SwapSlots):
    """The slots of one rotating device, by number; slot 0 is the swap header's."""

    def __init__(self, release: Release, pages: PageTable, memcgs: MemCgroups, zswap: Zswap) -> None:
        super().__init__(release, pages, memcgs, zswap)
        rule: str = release.rotating_slots
        # struct swap_info_struct.cluster_info, where the release has it
        self.clusters = None if rule == "runs" else SwapClusters(rule == "used clusters")
        # by slot: whether it is in use, and the page in it, -1 where there is none
        self.swap_map = column(1024, UCHAR)
        self.page_at = column(1024, INT, -1)
        self.swap_map[0] = 1
        # by page: its slot, where it has one
        self.slot_of = column(256, INT)
        # struct swap_info_struct
        self.lowest_bit = 1
        self.cluster_next = 1
        self.cluster_nr = 0
        # slots taken from the device and not given to a page yet: the first of them, and how many there are
        self.slots = column(SWAP_SLOTS_CACHE_SIZE, INT)
        self.cur = 0
        self.nr = 0
        # freed slots that are not given back yet
        self.slots_ret = column(SWAP_SLOTS_CACHE_SIZE, INT)

    def in_use(self, slot: cython.int) -> cython.bint:
        """Tell whether a slot is in use; the device is as long as it has to be."""
        if slot >= len(self.swap_map):
            self.grow_map(slot)
        return self.swap_map[slot] != 0

    def page_in(self, slot: cython.int) -> cython.int:
        """Return the page in a slot; -1 where there is none."""
        return self.page_at[slot] if slot < len(self.page_at) else -1

    def first_empty(self) -> cython.int:
        """Return the first of SWAPFILE_CLUSTER slots that are free, nearest to the device's start."""
        offset: cython.int = self.lowest_bit
        run: cython.int = 0
        while run < SWAPFILE_CLUSTER:
            run = 0 if self.in_use(offset) else run + 1
            offset += 1
        return offset - SWAPFILE_CLUSTER

    def scan_swap_map_slots(self, wanted: cython.int) -> None:
        """Take slots from the device into the cache.

        Models scan_swap_map_slots(), mm/swapfile.c, v6.12, without its limit on a search.
        """
        offset: cython.int = self.cluster_next
        if self.cluster_nr == 0:
            offset = self.first_empty()
            self.cluster_nr = SWAPFILE_CLUSTER - 1
        else:
            self.cluster_nr -= 1
        self.cur = 0
        self.nr = 0
        while self.nr < wanted:
            while self.in_use(offset):
                offset += 1
            self.swap_map[offset] = 1
            if offset == self.lowest_bit:
                self.lowest_bit += 1
            self.slots[self.nr] = offset
            self.nr += 1
            offset += 1
            if self.nr < wanted and self.cluster_nr and not self.in_use(offset):
                self.cluster_nr -= 1
        self.cluster_next = offset

    def cluster_alloc_swap(self, wanted: cython.int) -> None:
        """Take slots from the device into the cache, where it has clusters.

        Models cluster_alloc_swap(), mm/swapfile.c, v6.14.
        """
        assert self.clusters is not None
        self.cur = 0
        self.nr = 0
        while self.nr < wanted:
            self.slots[self.nr] = self.clusters.cluster_alloc_swap_entry()
            self.nr += 1

    def grow_map(self, slot: cython.int) -> None:
        """Make room in the map for a slot, and as many more."""
        self.swap_map = grown(self.swap_map, 2 * slot)

    def grow_slots(self, page: cython.int, slot: cython.int) -> None:
        """Make room for all pages of the table, and for a slot and as many more, where there is none."""
        if page >= len(self.slot_of):
            self.slot_of = grown(self.slot_of, self.pages.room << BLOCK_SHIFT)
        if slot >= len(self.page_at):
            self.page_at = grown(self.page_at, 2 * slot, -1)

    def folio_alloc_swap(self, page: cython.int) -> cython.bint:
        """Give a page the next slot of the cache, as SwapSlots does.

        Models folio_alloc_swap().
        """
        if not SwapSlots.folio_alloc_swap(self, page):
            return False
        if self.cur == self.nr:
            wanted: cython.int = SWAP_SLOTS_CACHE_SIZE if self.rule_slots_cached else 1
            if self.clusters is not None:
                self.cluster_alloc_swap(wanted)
            else:
                self.scan_swap_map_slots(wanted)
        slot: cython.int = self.slots[self.cur]
        if page >= len(self.slot_of) or slot >= len(self.page_at):
            self.grow_slots(page, slot)
        self.slot_of[page] = slot
        self.page_at[slot] = page
        self.cur += 1
        return True

    def free_swap_slot(self, page: cython.int) -> None:
        """Take a page's slot away, as SwapSlots does: it is free when it is given back."""
        slot: cython.int = self.slot_of[page]
        self.page_at[slot] = -1
        if self.rule_slots_cached:
            if self.n_ret == SWAP_SLOTS_CACHE_SIZE:
                self.swapcache_free_entries()
            self.slots_ret[self.n_ret] = slot
        else:
            self.swap_range_free(slot)
        SwapSlots.free_swap_slot(self, page)

    def swapcache_free_entries(self) -> None:
        """Give the freed slots back, oldest first."""
        at: cython.int
        for at in range(self.n_ret):
            self.swap_range_free(self.slots_ret[at])
        SwapSlots.swapcache_free_entries(self)

    def swap_range_free(self, slot: cython.int) -> None:
        """Give a slot back to the device.

        Models swap_range_free(), mm/swapfile.c.
        """
        if self.clusters is not None:
            self.clusters.swap_range_free(slot)
        else:
            self.swap_map[slot] = 0
            self.lowest_bit = min(self.lowest_bit, slot)
