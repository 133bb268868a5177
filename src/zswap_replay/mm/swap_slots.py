"""Swap slots: who has one, and when a freed one is given back. Models mm/swap_slots.c, which 6.15 removed."""

import cython

from zswap_replay.lib.columns import INT, column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import SLOT, SWAPCACHE, ZERO
    from zswap_replay.mm.zswap import count_zero_pages

    SWAP_SLOTS_CACHE_SIZE = 64
    """Slots that are given back together: NR_RETURNED of page_table.py."""


class SwapSlots:
    """The slots of a swap device without a size of its own."""

    def __init__(self, release: Release, pages: PageTable, memcgs: MemCgroups, zswap: Zswap) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.zswap = zswap
        self.rule_slots_freed_in_batches = release.slots_freed_in_batches
        self.rule_slots_cached = release.slots_cached
        # freed slots that are not given back yet: the memcg that each is charged to, and how many there are
        self.returned_memcg = column(SWAP_SLOTS_CACHE_SIZE, INT, -1)
        self.n_ret = 0

    def folio_alloc_swap(self, page: cython.int) -> cython.bint:
        """Give a page a slot, charged to the nearest memcg that is online; return False at a memory.swap.max.

        Models folio_alloc_swap().
        """
        memcg: cython.int = self.memcgs.mem_cgroup_id_get_online(self.pages.page[page].memcg)
        if not self.memcgs.mem_cgroup_try_charge_swap(memcg):
            return False
        self.pages.page[page].slot_memcg = memcg
        self.pages.flags[page] |= SLOT
        return True

    def free_swap_slot(self, page: cython.int) -> None:
        """Take a page's slot away, and with it, at once or when slots are given back, its entry in zswap.

        Slots are given back SWAP_SLOTS_CACHE_SIZE at a time up to 6.14, and one by one from 6.15 on. Models
        free_swap_slot().
        """
        if self.pages.page[page].pool and not (self.rule_slots_cached and self.rule_slots_freed_in_batches):
            self.zswap.zswap_invalidate(page)
        if not self.rule_slots_cached:
            self.memcgs.mem_cgroup_uncharge_swap(self.pages.page[page].slot_memcg)
        else:
            if self.n_ret == SWAP_SLOTS_CACHE_SIZE:
                self.swapcache_free_entries()
            if self.pages.page[page].pool:
                self.zswap.zswap_orphan(page, self.n_ret)
            self.returned_memcg[self.n_ret] = self.pages.page[page].slot_memcg
            self.n_ret += 1
        if self.pages.flags[page] & ZERO:
            count_zero_pages(self.zswap, -1)
        self.pages.flags[page] &= ~(SLOT | SWAPCACHE | ZERO)

    def swapcache_free_entries(self) -> None:
        """Give the freed slots back, oldest first, and free the entries that are left of them.

        Models swapcache_free_entries(), mm/swapfile.c.
        """
        slot: cython.int
        for slot in range(self.n_ret):
            if self.pages.page[slot].pool:
                self.zswap.zswap_invalidate(slot)
            self.memcgs.mem_cgroup_uncharge_swap(self.returned_memcg[slot])
        self.n_ret = 0
