"""The swap device: slots, and pages on their way to it and back.

Models mm/page_io.c (swap_writepage, swap_readpage) and what of mm/swapfile.c and mm/swap_slots.c decides when a slot,
and the entry that zswap keeps for it, is free again.
"""

import cython

from zswap_replay.lib.columns import INT, column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import DIRTY, SLOT, SWAPCACHE, ZERO
    from zswap_replay.mm.memcontrol import PSWPIN, PSWPOUT
    from zswap_replay.mm.zswap import ZERO_FILLED

    SWAP_SLOTS_CACHE_SIZE = 64
    """Slots that are given back together: NR_RETURNED of page_table.py."""
    # what became of a page that was to be written
    STORED = 0
    WRITTEN = 1
    KEPT = 2


class Swap:
    """A swap device without a size of its own, in front of which zswap stands."""

    def __init__(self, release: Release, pages: PageTable, memcgs: MemCgroups, zswap: Zswap) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.zswap = zswap
        self.rule_zeromap = release.zeromap
        self.rule_slots_freed_in_batches = release.slots_freed_in_batches
        # freed slots, not given back yet: the memcg that each is charged to
        self.returned_memcg = column(SWAP_SLOTS_CACHE_SIZE, INT, -1)
        self.n_ret = 0
        self.pswpin = 0
        self.pswpout = 0
        self.swpin_zero = 0
        self.swpout_zero = 0

    def folio_alloc_swap(self, page: cython.int) -> cython.bint:
        """Give a page a slot, charged to the nearest memcg that is online; False at a memory.swap.max."""
        memcg: cython.int = self.memcgs.mem_cgroup_id_get_online(self.pages.page[page].memcg)
        if not self.memcgs.mem_cgroup_try_charge_swap(memcg):
            return False
        self.pages.page[page].slot_memcg = memcg
        self.pages.flags[page] |= SLOT
        return True

    def free_swap_slot(self, page: cython.int) -> None:
        """Take a page's slot away.

        Slots are given back 64 at a time; whether zswap keeps their entries till then is the release's.
        """
        if self.pages.page[page].pool and not self.rule_slots_freed_in_batches:
            self.zswap.zswap_invalidate(page)
        if self.n_ret == SWAP_SLOTS_CACHE_SIZE:
            self.swapcache_free_entries()
        if self.pages.page[page].pool:
            self.zswap.zswap_orphan(page, self.n_ret)
        self.returned_memcg[self.n_ret] = self.pages.page[page].slot_memcg
        self.n_ret += 1
        self.pages.flags[page] &= ~(SLOT | SWAPCACHE | ZERO)

    def swapcache_free_entries(self) -> None:
        """Give the freed slots back, oldest first."""
        slot: cython.int
        for slot in range(self.n_ret):
            if self.pages.page[slot].pool:
                self.zswap.zswap_invalidate(slot)
            self.memcgs.mem_cgroup_uncharge_swap(self.returned_memcg[slot])
        self.n_ret = 0

    def swap_writepage(self, page: cython.int) -> cython.int:
        """Put a page that has a slot out of memory.

        STORED: in zswap or the zero map. WRITTEN: to the device. KEPT, dirty: its memcg may not write to the device.
        """
        memcg: cython.int = self.pages.page[page].memcg
        self.pages.flags[page] &= ~ZERO
        if self.rule_zeromap and self.zswap.kind_of(self.pages.content_of(page)) == ZERO_FILLED:
            self.swpout_zero += 1
            self.pages.flags[page] = (self.pages.flags[page] | ZERO) & ~DIRTY
            return STORED
        if self.zswap.zswap_store(page):
            self.pages.flags[page] &= ~DIRTY
            return STORED
        if self.zswap.rule_writeback_switch and not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg):
            self.pages.flags[page] |= DIRTY
            return KEPT
        self.pages.flags[page] &= ~DIRTY
        self.pswpout += 1
        self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PSWPOUT)
        return WRITTEN

    def swap_readpage(self, page: cython.int) -> cython.int:
        """Read a page back from where its slot has it; False where that is the device, for which the task waits.

        A page that zswap gave up is dirty afterwards.
        """
        if self.pages.flags[page] & ZERO:
            self.swpin_zero += 1
            return True
        if self.zswap.zswap_load(page):
            self.zswap.zswap_folio_swapin(page, False)
            return True
        self.zswap.zswap_folio_swapin(page, True)
        self.pswpin += 1
        self.memcgs.count_memcg_event(self.pages.page[page].memcg, self.pages.page[page].node, PSWPIN)
        return False
