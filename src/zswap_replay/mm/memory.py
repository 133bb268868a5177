"""What an access does to a page: a hit, a first touch or a fault. Models mm/memory.c."""

import cython

from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap import Swap
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
    from zswap_replay.mm.mmzone import NO_SHADOW


class Memory:
    """The page faults of one machine."""

    def __init__(
        self,
        pages: PageTable,
        memcgs: MemCgroups,
        swap_cache: SwapCache,
        swap: Swap,
        vmscan: Vmscan,
        totalram_pages: int,
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.swap = swap
        self.vmscan = vmscan
        self.totalram_pages = totalram_pages
        self.first_touches = 0

    def handle_mm_fault(
        self,
        page: cython.int,
        node: cython.int,
        write: cython.bint,
        content: cython.ulonglong,
        has_content: cython.bint,
    ) -> None:
        """Bring a page that is not mapped into memory for an access."""
        if self.pages.flags[page] & (SWAPCACHE | SLOT):
            self.do_swap_page(page, write)
        else:
            self.do_anonymous_page(page, node)
            if has_content:
                self.pages.page[page].content = content
                self.pages.flags[page] |= EXPLICIT

    def do_anonymous_page(self, page: cython.int, node: cython.int) -> None:
        """A first touch: a new page, dirty since nothing outside has it, charged to its memcg.

        Where that memcg is dead its program is taken to have moved to the root.
        """
        memcg: cython.int = self.pages.space_of(page)
        if not self.memcgs.online[memcg]:
            memcg = ROOT
        self.vmscan.try_charge(memcg, self.totalram_pages)
        self.pages.page[page].node = node
        self.pages.page[page].version = 0
        self.pages.flags[page] = PRESENT | DIRTY | YOUNG
        self.swap_cache.add_folio(page, memcg)
        self.first_touches += 1

    def do_swap_page(self, page: cython.int, write: cython.bint) -> None:
        """A fault on a page that is out: mapped from the swap cache, or read in first.

        It keeps its slot, unless it is about to be written, memory.swap.max is half used up, or the device is
        synchronous, which has no use for a copy in the swap cache.
        """
        pages: PageTable = self.pages
        cached: cython.bint = pages.flags[page] & SWAPCACHE != 0
        if not cached:
            memcg: cython.int = self.swap_cache.swapin_memcg(page)
            # in the swap cache from here on: its own entry cannot be written back while room is made for it
            pages.flags[page] |= SWAPCACHE
            self.vmscan.try_charge(memcg, self.totalram_pages)
            self.swap_cache.add_folio(page, memcg)
            pages.flags[page] &= ~REFERENCED
            if not self.swap.swap_readpage(page):
                self.vmscan.wait_for_disk()
            self.memcgs.count_memcg_event(memcg, pages.page[page].node, PGMAJFAULT)
        else:
            self.vmscan.folio_mark_accessed(page)
        pages.flags[page] |= PRESENT | YOUNG
        if (
            write
            or (self.vmscan.synchronous_swap and not cached)
            or self.memcgs.mem_cgroup_swap_full(pages.page[page].memcg)
        ):
            self.swap.free_swap_slot(page)
            pages.flags[page] |= DIRTY

    def zap_pte(self, page: cython.int) -> None:
        """Free a page: its memory, its slot. The next access is a first touch."""
        flags: cython.int = self.pages.flags[page]
        if flags & (PRESENT | SWAPCACHE):
            self.swap_cache.lruvecs.lruvec_del_folio(page, self.pages.page[page].memcg)
            self.swap_cache.free_folio(page)
        if flags & SLOT:
            self.swap.free_swap_slot(page)
        self.pages.page[page].lru.at = NO_SHADOW
        self.pages.flags[page] = 0
