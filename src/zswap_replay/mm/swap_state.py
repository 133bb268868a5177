"""Pages in memory: the LRU lists that they are on, whom they are charged to, and the swap cache.

Models mm/swap_state.c, with the little of mm/swap.c (folio_add_lru) and of charging that it needs.
"""

import cython

from zswap_replay.mm.list_head import ListHeads
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_table import PageTable

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.page_table import DIRTY, PRESENT, SLOT, SWAPCACHE


class SwapCache:
    """The resident pages, mapped or not. ``lruvec`` has one list a memcg, youngest page first."""

    def __init__(self, pages: PageTable, memcgs: MemCgroups) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.lruvec = ListHeads()
        self.lruvec.new_lists(1)

    def folio_add_lru(self, page: cython.int, memcg: cython.int) -> None:
        """Charge a page that comes into memory, and put it at the young end of its memcg's list."""
        self.charge_folio(page, memcg)
        self.lruvec.list_add(memcg, page)

    def charge_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Charge a page to a memcg, which it keeps until it leaves memory."""
        if page >= len(self.lruvec.next):
            self.lruvec.reserve(len(self.pages.page))
        self.pages.memcg[page] = memcg
        self.memcgs.charge(memcg)

    def free_folio(self, page: cython.int) -> None:
        """Take a page off its list and out of memory."""
        memcg: cython.int = self.pages.memcg[page]
        self.lruvec.list_del(memcg, page)
        self.memcgs.uncharge(memcg)
        self.pages.memcg[page] = -1

    def swapin_memcg(self, page: cython.int) -> cython.int:
        """Whom a page that is read in is charged to: the memcg of its slot, or, where that died, the root.

        Models mem_cgroup_swapin_charge_folio(), for a task that is taken to have moved to the root.
        """
        memcg: cython.int = self.pages.slot_memcg[page]
        return memcg if self.memcgs.online[memcg] else ROOT

    def read_swap_cache_async(self, page: cython.int) -> cython.bint:
        """Bring a page into the swap cache, unmapped and clean; False where its slot has a copy there already.

        The copy goes to the old end of its list, where the end of its write would rotate it to.
        """
        flags: cython.int = self.pages.flags[page]
        if flags & (PRESENT | SWAPCACHE) or not flags & SLOT:
            return False
        memcg: cython.int = self.swapin_memcg(page)
        self.charge_folio(page, memcg)
        self.lruvec.list_add_tail(memcg, page)
        self.pages.flags[page] = (flags | SWAPCACHE) & ~DIRTY
        return True
