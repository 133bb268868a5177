"""Room in RAM for a page, and how often reclaim is tried for it. Models the slow path of mm/page_alloc.c."""

import cython

from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.vmscan import Vmscan
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.page_writeback import SWAP_CLUSTER_MAX
    from zswap_replay.mm.zswap import MAX_RECLAIM_RETRIES


class PageAlloc:
    """The RAM of one machine. The pools of zswap and of a zram device take of it too."""

    def __init__(self, memcgs: MemCgroups, vmscan: Vmscan, zswap: Zswap, totalram_pages: int) -> None:
        self.memcgs = memcgs
        self.vmscan = vmscan
        self.zswap = zswap
        self.totalram_pages = totalram_pages

    def alloc_pages_slowpath(self) -> cython.bint:
        """Make room for one more page; return False where reclaim was tried often enough in vain.

        What a full device sends back is not freed, as in MemcgLimits.reclaim_below(). Models __alloc_pages_slowpath().
        """
        no_progress_loops: cython.int = 0
        least: cython.longlong = self.pages_used()
        used: cython.longlong = least
        refused: cython.longlong = self.vmscan.writeback.refused_entries
        freed: cython.longlong
        while used + 1 > self.totalram_pages:
            freed = self.vmscan.try_to_free_pages(ROOT, SWAP_CLUSTER_MAX)
            used = self.pages_used()
            if used >= least and self.vmscan.writeback.refused_entries > refused:
                freed = 0
            least = min(least, used)
            if freed > 0:
                no_progress_loops = 0
                continue
            no_progress_loops += 1
            if not self.should_reclaim_retry(no_progress_loops):
                return False
        return True

    def pages_used(self) -> cython.longlong:
        """Return how many pages of RAM are in use: resident ones, and those of the pools."""
        pages: cython.longlong = self.memcgs.memcg[ROOT].resident + self.zswap.held.pool_pages()
        return pages

    def should_reclaim_retry(self, no_progress_loops: cython.int) -> cython.bint:
        """Tell whether reclaim is tried again after so many rounds in a row that freed nothing.

        A first round may do no more than clear accessed bits, or wait for writes: many small memcgs are scanned at the
        most urgent priority alone. What no round can free is not tried again. Models should_reclaim_retry().
        """
        return no_progress_loops <= MAX_RECLAIM_RETRIES and self.vmscan.can_progress(ROOT)
