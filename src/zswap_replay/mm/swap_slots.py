"""Swap slots: who has one, and when a freed one is given back. Models mm/swap_slots.c, which 6.15 removed.

Which slot a page has matters only on a device that has a size or keeps what is written to it: DeviceSlots.
"""

import cython

from zswap_replay.lib.columns import INT, Column, column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap_device import SwapDevice
from zswap_replay.mm.swapfile import SwapInfo
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import PRESENT, SLOT, SWAPCACHE, ZERO
    from zswap_replay.mm.memcontrol import SWAP_EVENTS_FAIL, SWAP_EVENTS_MAX
    from zswap_replay.mm.pgtable import PTRS_PER_PTE
    from zswap_replay.mm.swapfile import SWAPFILE_CLUSTER

    SWAP_SLOTS_CACHE_SIZE = 64
    """Slots that are given back together: NR_RETURNED of page_table.py."""
    THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE = 5 * SWAP_SLOTS_CACHE_SIZE
    THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE = 2 * SWAP_SLOTS_CACHE_SIZE


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
            self.zswap.held.count_zero_pages(self.zswap.worker.now, -1)
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


class DeviceSlots(SwapSlots):
    """The slots of a device that has a size, by number, and their cache, of one CPU."""

    def __init__(
        self, release: Release, pages: PageTable, memcgs: MemCgroups, zswap: Zswap, device: SwapDevice
    ) -> None:
        super().__init__(release, pages, memcgs, zswap)
        self.device = device
        self.info = SwapInfo(0)
        # whether whole clusters that become free are discarded
        self.page_discard = False
        # slots of the device but the header's, and how many of them are neither in use nor in a cache
        self.total_swap_pages = 0
        self.nr_swap_pages = 0
        self.use_swap_slot_cache = False
        # slots taken from the device and not given to a page yet: the first of them, and how many there are
        self.slots = column(SWAP_SLOTS_CACHE_SIZE, INT)
        self.cur = 0
        self.nr = 0
        # freed slots that are not given back yet: which they are
        self.slots_ret = column(SWAP_SLOTS_CACHE_SIZE, INT)

    def swapon(self, pages: int, discard_once: bool, discard_pages: bool) -> None:
        """Begin to use the device, of ``pages`` slots with that of the swap header.

        Models the swapon system call: ``discard_once`` discards the whole device now, ``discard_pages`` each cluster
        that becomes free.
        """
        self.info = SwapInfo(pages)
        self.total_swap_pages = max(pages - 1, 0)
        self.page_discard = discard_pages
        self.use_swap_slot_cache = False
        self.cur = 0
        self.nr = 0
        self.set_nr_swap_pages(self.total_swap_pages)
        if discard_once:
            self.device.discard(self.total_swap_pages)

    def returned(self) -> list[int]:
        """Return the memcgs that the collected slots are charged to, -1 for nobody."""
        return [int(memcg) for memcg in self.returned_memcg[: self.n_ret]]

    def set_nr_swap_pages(self, free: cython.longlong) -> None:
        """Set how many slots are free.

        Models get_nr_swap_pages() and vm_swap_full(), which memcgs ask.
        """
        self.nr_swap_pages = free
        self.memcgs.swap_limited = True
        self.memcgs.nr_swap_pages = free
        self.memcgs.vm_swap_full = 2 * free < self.total_swap_pages

    def folio_alloc_swap(self, page: cython.int) -> cython.bint:
        """Give a page a slot, charged to the nearest memcg that is online.

        Return False where the device has none, or at a memory.swap.max: the slot then goes back as a freed one does.
        Models folio_alloc_swap() and mem_cgroup_try_charge_swap().
        """
        memcg: cython.int = self.pages.page[page].memcg
        slot: cython.int = -1
        if self.check_cache_active():
            if self.nr == 0:
                self.cur = 0
                self.nr = self.get_swap_pages(SWAP_SLOTS_CACHE_SIZE)
            if self.nr:
                slot = self.slots[self.cur]
                self.cur += 1
                self.nr -= 1
        if slot < 0 and self.nr_swap_pages > 0:
            slot = self.info.cluster_alloc_swap_entry()
            if slot >= 0:
                self.set_nr_swap_pages(self.nr_swap_pages - 1)
        if slot < 0:
            self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, SWAP_EVENTS_FAIL)
            return False
        memcg = self.memcgs.mem_cgroup_id_get_online(memcg)
        if not self.memcgs.mem_cgroup_try_charge_swap(memcg):
            self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, SWAP_EVENTS_MAX)
            self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, SWAP_EVENTS_FAIL)
            self.give_up(slot, -1, page)
            return False
        self.pages.page[page].slot_memcg = memcg
        self.pages.flags[page] |= SLOT
        self.device.set_slot(page, slot)
        return True

    def check_cache_active(self) -> cython.bint:
        """Tell whether slots are taken and given back many at a time, as there are enough.

        Models check_cache_active().
        """
        if not self.rule_slots_cached:
            return False
        if not self.use_swap_slot_cache:
            if self.nr_swap_pages > THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE:
                self.use_swap_slot_cache = True
        elif self.nr_swap_pages < THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE:
            self.use_swap_slot_cache = False
            self.drain_slots_cache()
        return self.use_swap_slot_cache

    def drain_slots_cache(self) -> None:
        """Give back all slots that are in the cache. Models drain_slots_cache_cpu()."""
        at: cython.int
        for at in range(self.cur, self.cur + self.nr):
            self.swap_entry_free(self.slots[at], -1)
        self.cur = 0
        self.nr = 0
        self.swapcache_free_entries()

    def get_swap_pages(self, wanted: cython.longlong) -> cython.int:
        """Take slots from the device into the cache; return how many.

        Models get_swap_pages().
        """
        taken: cython.int = 0
        slot: cython.int
        wanted = min(wanted, self.nr_swap_pages)
        while taken < wanted:
            slot = self.info.cluster_alloc_swap_entry()
            if slot < 0:
                break
            self.slots[taken] = slot
            taken += 1
        self.set_nr_swap_pages(self.nr_swap_pages - taken)
        return taken

    def free_swap_slot(self, page: cython.int) -> None:
        """Take a page's slot away, as SwapSlots does: the device learns of it when it is given back."""
        if self.pages.page[page].pool and not (self.rule_slots_cached and self.rule_slots_freed_in_batches):
            self.zswap.zswap_invalidate(page)
        self.give_up(self.device.slot_of[page], self.pages.page[page].slot_memcg, page)
        self.forget_slot(page)

    def forget_slot(self, page: cython.int) -> None:
        """Let a page be without a slot."""
        if self.pages.flags[page] & ZERO:
            self.zswap.held.count_zero_pages(self.zswap.worker.now, -1)
        self.pages.flags[page] &= ~(SLOT | SWAPCACHE | ZERO)

    def give_up(self, slot: cython.int, memcg: cython.int, page: cython.int) -> None:
        """Collect a freed slot, or, where the cache is off, give it back at once. Models free_swap_slot().

        ``memcg`` is whom it is charged to, -1 for nobody; an entry that ``page`` still has in zswap is the slot's.
        """
        if not self.use_swap_slot_cache:
            if self.pages.page[page].pool:
                self.zswap.zswap_invalidate(page)
            self.swap_entry_free(slot, memcg)
        else:
            if self.n_ret == SWAP_SLOTS_CACHE_SIZE:
                self.swapcache_free_entries()
            if self.pages.page[page].pool:
                self.zswap.zswap_orphan(page, self.n_ret)
            self.slots_ret[self.n_ret] = slot
            self.returned_memcg[self.n_ret] = memcg
            self.n_ret += 1

    def swapcache_free_entries(self) -> None:
        """Give the freed slots back, oldest first, and free the entries that are left of them."""
        at: cython.int
        for at in range(self.n_ret):
            if self.pages.page[at].pool:
                self.zswap.zswap_invalidate(at)
            self.swap_entry_free(self.slots_ret[at], self.returned_memcg[at])
        self.n_ret = 0

    def swap_entry_free(self, slot: cython.int, memcg: cython.int) -> None:
        """Give a slot back to the device, and its charge to ``memcg``, -1 for nobody.

        Models swap_entry_range_free(), mm/swapfile.c.
        """
        if memcg >= 0:
            self.memcgs.mem_cgroup_uncharge_swap(memcg)
        self.device.slot_free_notify(slot, self.zswap.worker.now)
        if self.info.dec_cluster_info_page(slot) and self.page_discard:
            self.device.discard(SWAPFILE_CLUSTER)
        self.set_nr_swap_pages(self.nr_swap_pages + 1)

    def swap_pte_batch(self, pages: Column, at: cython.int) -> cython.int:
        """Return how many pages from ``pages[at]`` on have slots one behind the other, and nothing in memory.

        They are neighbours in one page table. Models swap_pte_batch(), mm/internal.h.
        """
        first: cython.int = pages[at]
        number: cython.ulonglong = self.pages.page_of(first)
        slot: cython.int = self.device.slot_of[first]
        count: cython.int = 1
        page: cython.int
        while at + count < len(pages):
            page = pages[at + count]
            if (
                self.pages.flags[page] & (PRESENT | SWAPCACHE | SLOT) != SLOT
                or self.pages.page_of(page) != number + count
                or (number + count) % PTRS_PER_PTE == 0
                or self.device.slot_of[page] != slot + count
                or self.pages.page[page].slot_memcg != self.pages.page[first].slot_memcg
            ):
                break
            count += 1
        return count

    def free_swap_and_cache_nr(self, pages: Column, at: cython.int, count: cython.int) -> cython.bint:
        """Free the slots of ``count`` pages at once, past the cache; return False where that cannot be.

        Models __swap_entries_free(), mm/swapfile.c: a run that does not end in its cluster is freed page by page.
        """
        slot: cython.int = self.device.slot_of[pages[at]]
        page: cython.int
        each: cython.int
        if count < 2 or count > SWAPFILE_CLUSTER - slot % SWAPFILE_CLUSTER:
            return False
        for each in range(count):
            page = pages[at + each]
            if self.pages.page[page].pool:
                self.zswap.zswap_invalidate(page)
        for each in range(count):
            page = pages[at + each]
            self.swap_entry_free(slot + each, self.pages.page[page].slot_memcg)
            self.forget_slot(page)
        return True
