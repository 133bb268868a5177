"""What an access does to a page that is not mapped, and what freeing one does. Models mm/memory.c."""

import cython

from zswap_replay.lib.columns import Column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcg_limits import MemcgLimits
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap_readahead import SwapReadahead
from zswap_replay.mm.swap_slots import DeviceSlots, SwapSlots
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.vmscan import Vmscan

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import (
        DIRTY,
        EXPLICIT,
        PRESENT,
        REFERENCED,
        SLOT,
        SWAPCACHE,
        YOUNG,
    )
    from zswap_replay.mm.memcontrol import PGMAJFAULT, ROOT
    from zswap_replay.mm.workingset import NO_SHADOW


class Memory:
    """The page faults of one machine."""

    def __init__(
        self,
        release: Release,
        pages: PageTable,
        memcgs: MemCgroups,
        swap_cache: SwapCache,
        swap_slots: SwapSlots,
        page_io: PageIo,
        vmscan: Vmscan,
        limits: MemcgLimits,
        readahead: SwapReadahead,
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.swap_slots = swap_slots
        self.page_io = page_io
        self.vmscan = vmscan
        self.limits = limits
        self.rule_cached_slots_kept = release.cached_slots_kept
        self.readahead = readahead
        # a synchronous device is read page by page
        self.reads_ahead = readahead.max_win > 1 and not vmscan.synchronous_swap
        # whether each read of a page that is not mapped was seen at its slot, so that no copy was in the swap cache
        self.seen_reads = False
        self.first_touches = 0  # faults on pages that were absent: never touched, or freed

    def handle_mm_fault(
        self,
        page: cython.int,
        node: cython.int,
        write: cython.bint,
        content: cython.ulonglong,
        has_content: cython.bint,
    ) -> None:
        """Bring a page that is not mapped into memory for an access.

        Models handle_mm_fault().
        """
        if self.pages.flags[page] & (SWAPCACHE | SLOT):
            self.do_swap_page(page, write)
        else:
            self.do_anonymous_page(page, node)
            if has_content:
                self.pages.page[page].content = content
                self.pages.flags[page] |= EXPLICIT

    def do_anonymous_page(self, page: cython.int, node: cython.int) -> None:
        """Map a new page, dirty since nothing outside has it, charged to its memcg.

        Where that memcg is dead its program is taken to have moved to the root.
        Models do_anonymous_page().
        """
        memcg: cython.int = self.pages.space_of(page)
        if not self.memcgs.memcg[memcg].online:
            memcg = ROOT
        self.limits.try_charge_memcg(memcg)
        self.pages.page[page].node = node
        self.pages.page[page].version = 0
        self.pages.flags[page] = PRESENT | DIRTY | YOUNG
        self.swap_cache.add_folio(page, memcg)
        self.first_touches += 1

    def see_reads(self, seen: cython.bint) -> None:
        """Take each read of a page that is not mapped as one of its slot, as it was seen, and read nothing ahead."""
        self.seen_reads = seen
        self.reads_ahead = not seen and self.readahead.max_win > 1 and not self.vmscan.synchronous_swap

    def do_swap_page(self, page: cython.int, write: cython.bint) -> None:
        """Map a page that has a slot, from the swap cache, or read in first.

        It keeps its slot, unless it is about to be written, memory.swap.max is half used up, or the device is
        synchronous, which has no use for a copy: up to 6.18 such a page is read in past the swap cache, and one that is
        in there keeps its slot.
        Models do_swap_page().
        """
        cached: cython.bint = self.pages.flags[page] & SWAPCACHE != 0
        if cached and self.seen_reads and not write and not self.pages.flags[page] & DIRTY:
            self.vmscan.drop_swap_cache(page)
            cached = False
        if not cached:
            memcg: cython.int = self.swap_cache.swapin_memcg(page)
            # in the swap cache from here on: its own entry cannot be written back while room is made for it
            self.pages.flags[page] |= SWAPCACHE | YOUNG
            if self.reads_ahead:
                self.readahead.swapin_readahead(page)
            self.limits.try_charge_memcg(memcg)
            self.swap_cache.add_folio(page, memcg)
            self.pages.flags[page] &= ~REFERENCED
            if not self.page_io.swap_readpage(page):
                self.vmscan.wait_for_disk()
            self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PGMAJFAULT)
        else:
            self.vmscan.pte_mkyoung(page)
            if self.reads_ahead:
                self.readahead.swap_cache_get_folio(page)
        self.pages.flags[page] |= PRESENT | YOUNG
        if (
            write
            or (self.vmscan.synchronous_swap and not (cached and self.rule_cached_slots_kept))
            or self.memcgs.mem_cgroup_swap_full(self.pages.page[page].memcg)
        ):
            self.swap_slots.free_swap_slot(page)
            self.pages.flags[page] |= DIRTY

    def zap_pte_range(self, slots: DeviceSlots, pages: Column) -> None:
        """Free pages of one address space, in their order: runs of slots go back at once.

        Models zap_pte_range().
        """
        at: cython.int = 0
        count: cython.int
        each: cython.int
        while at < len(pages):
            count = 1
            if self.pages.flags[pages[at]] & (PRESENT | SWAPCACHE | SLOT) == SLOT:
                count = slots.swap_pte_batch(pages, at)
                slots.free_swap_and_cache_nr(pages, at, count)
            for each in range(at, at + count):
                self.zap_pte(pages[each])
            at += count

    def zap_pte(self, page: cython.int) -> None:
        """Free a page, its memory and its slot: the next access is a first touch. Models zap_pte_range()."""
        flags: cython.int = self.pages.flags[page]
        if flags & (PRESENT | SWAPCACHE):
            self.swap_cache.lruvecs.lruvec_del_folio(page, self.pages.page[page].memcg)
            self.swap_cache.free_folio(page)
        if flags & SLOT:
            self.swap_slots.free_swap_slot(page)
        self.pages.page[page].lru.at = NO_SHADOW
        self.pages.flags[page] = 0

    def forget_pages(self, memcg: cython.int) -> None:
        """Let others have the places of absent pages that the trace named under a memcg; -1 for none.

        It is meant for a memcg that is removed: a page of it hardly comes again, and one that does is new.
        """
        left: cython.int = self.pages.give_back(memcg) if memcg >= 0 else 0
        block: cython.int = self.pages.free_block
        while left:
            left -= 1
            self.swap_cache.lruvecs.forget_block(block)
            self.readahead.forget_block(block)
            block = self.pages.block[block].next
