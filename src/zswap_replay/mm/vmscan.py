"""Reclaim: which resident pages go out when a limit is reached, and what becomes of each. Models mm/vmscan.c.

The order is that of an exact LRU for each memcg; where a limit covers several memcgs they are visited in turn.
"""

import cython

from zswap_replay.mm.columns import INT, column, grown
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_table import PageTable
from zswap_replay.mm.swap import Swap
from zswap_replay.mm.swap_state import SwapCache

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import NO_LIMIT, OOM, ROOT
    from zswap_replay.mm.page_table import DIRTY, PRESENT, SLOT, SWAPCACHE
    from zswap_replay.mm.swap import KEPT, STORED


class Vmscan:
    """Reclaim of one machine."""

    def __init__(
        self, pages: PageTable, memcgs: MemCgroups, swap_cache: SwapCache, swap: Swap, synchronous_swap: bool
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.swap = swap
        self.synchronous_swap = synchronous_swap
        # by the memcg whose limit is at work: the memcg below it that gave a page last
        self.reclaim_iter = column(8, INT, -1)
        self.clean_drops = 0
        self.swap_full = 0
        self.oom = 0

    def shrink_folio(self, page: cython.int) -> cython.int:
        """Try to put one resident page out of memory; whether it went. Models shrink_folio_list() for one folio.

        A clean page is dropped, since its slot still has what it holds. A dirty one is written, and it stays in the
        swap cache where that takes time (an asynchronous device) or may not be (writeback disabled).
        """
        flags: cython.int = self.pages.flags[page]
        if flags & SLOT and not flags & DIRTY:
            if flags & PRESENT:
                self.clean_drops += 1
            self.drop(page)
            return True
        if not flags & SLOT and not self.swap.folio_alloc_swap(page):
            self.swap_full += 1
            return False
        self.pages.flags[page] = (self.pages.flags[page] | SWAPCACHE) & ~PRESENT & 255
        outcome: cython.int = self.swap.swap_writepage(page)
        if outcome == STORED or (outcome != KEPT and self.synchronous_swap):
            self.drop(page)
            return True
        memcg: cython.int = self.pages.memcg[page]
        if outcome == KEPT:
            self.swap_cache.lruvec.list_move(memcg, page)
        else:
            # its write ends by and by; the copy is the next to be freed then
            self.swap_cache.lruvec.list_move_tail(memcg, page)
        return False

    def drop(self, page: cython.int) -> None:
        """Free the memory of a page whose slot has what it holds."""
        self.pages.flags[page] &= ~(PRESENT | SWAPCACHE) & 255
        self.swap_cache.free_folio(page)

    def reclaim_pages(self, page: cython.int) -> None:
        """Models MADV_PAGEOUT on one page: one that is not mapped is left alone."""
        if self.pages.flags[page] & PRESENT:
            self.shrink_folio(page)

    def shrink_lruvec(self, memcg: cython.int) -> cython.int:
        """Look at the oldest page of a memcg; whether it went."""
        page: cython.int = self.swap_cache.lruvec.last[memcg]
        if self.shrink_folio(page):
            return True
        if self.pages.flags[page] & DIRTY:
            self.swap_cache.lruvec.list_move(memcg, page)
        return False

    def try_to_free_pages(self, root: cython.int, nr_to_reclaim: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Free pages of the memcgs below ``root``, one of each in turn; how many went.

        Gives up when every resident page was looked at twice since one went.
        """
        memcgs: MemCgroups = self.memcgs
        freed: cython.Py_ssize_t = 0
        looked: cython.longlong = 0
        memcg: cython.int
        if root >= len(self.reclaim_iter):
            self.reclaim_iter = grown(self.reclaim_iter, 2 * root, -1)
        while freed < nr_to_reclaim and looked <= 2 * memcgs.resident[root] and memcgs.resident[root] > 0:
            memcg = memcgs.mem_cgroup_iter(root, self.reclaim_iter[root])
            while memcg < 0 or self.swap_cache.lruvec.size[memcg] == 0:
                memcg = memcgs.mem_cgroup_iter(root, memcg)
            self.reclaim_iter[root] = memcg
            if self.shrink_lruvec(memcg):
                freed += 1
                looked = 0
            else:
                looked += 1
        return freed

    def try_charge(self, memcg: cython.int, totalram_pages: cython.longlong) -> None:
        """Make room for one more page under every limit up the tree, and in RAM.

        Where nothing more can be reclaimed the kernel would kill; here the page is charged all the same and counted.
        """
        memcgs: MemCgroups = self.memcgs
        above: cython.int = memcg
        while above > ROOT:
            self.keep_below(above, memcgs.memory_high[above], 1)
            if not self.keep_below(above, memcgs.memory_max[above], 1):
                self.oom += 1
                memcgs.count_memcg_event(memcg, OOM)
            above = memcgs.parent[above]
        while memcgs.resident[ROOT] + self.swap.zswap.total_pages + 1 > totalram_pages:
            if self.try_to_free_pages(ROOT, 1) == 0:
                self.oom += 1
                memcgs.count_memcg_event(memcg, OOM)
                break

    def keep_below(self, memcg: cython.int, limit: cython.longlong, coming: cython.int) -> cython.bint:
        """Reclaim until a memcg has room for ``coming`` pages under a limit; False where that cannot be reached."""
        if limit == NO_LIMIT:
            return True
        while self.memcgs.memory_usage(memcg) + coming > limit:
            if self.try_to_free_pages(memcg, 1) == 0:
                return False
        return True
