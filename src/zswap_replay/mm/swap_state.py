"""Pages in memory: whom they are charged to, the swap cache, and writes to the swap device under way.

Models mm/swap_state.c, with what of mm/page_io.c says when a write ends.
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.mmzone import Lruvecs

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import DIRTY, PRESENT, SLOT, SWAPCACHE, WRITEBACK
    from zswap_replay.mm.memcontrol import ROOT

    SWAP_CLUSTER_MAX = 32
    """Pages that reclaim takes at a time, and writes that are submitted together."""
    WRITE_UNITS = 32
    """How long a write takes, in pages scanned: measured, docs/reclaim.md."""
    FOLIO_BATCH = 31
    """Pages that wait in a per-CPU batch before they are on a list."""


class SwapCache:
    """The resident pages, mapped or not.

    A write to the device is over at once, but in the middle of reclaim, where it takes as long as so many pages take
    to be scanned: until then its page is not free, and reclaim has to find others.
    """

    def __init__(self, pages: PageTable, memcgs: MemCgroups, batches: bool) -> None:
        """Make it over the pages and memcgs of a machine; ``batches``: a fresh page is not on a list at once."""
        self.pages = pages
        self.memcgs = memcgs
        self.batches = batches
        self.lruvecs = Lruvecs(pages, memcgs)
        # reclaim's own clock counts units of work; writes are queued (plugged), then under way, then over
        self.reclaiming = False
        self.units = 0
        self.plugged = 0
        self.submitted = 0
        self.ended = 0
        self.write_page = column(64, INT)
        self.write_end = column(64, LONGLONG)
        self.write_added = column(64, LONGLONG)

    def add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Charge a page that comes into memory, and put it on a list of its memcg."""
        self.pages.page[page].memcg = memcg
        self.memcgs.charge(memcg)
        self.lruvecs.folio_add_lru(page, memcg, memcg == self.pages.page[page].slot_memcg)

    def free_folio(self, page: cython.int) -> None:
        """Take a page out of memory that is on no list any more."""
        self.memcgs.uncharge(self.pages.page[page].memcg)

    def swapin_memcg(self, page: cython.int) -> cython.int:
        """Whom a page that is read in is charged to: the memcg of its slot, or, where that died, the root.

        Models mem_cgroup_swapin_charge_folio(), for a task that is taken to have moved to the root.
        """
        memcg: cython.int = self.pages.page[page].slot_memcg
        return memcg if self.memcgs.online[memcg] else ROOT

    def read_swap_cache_async(self, page: cython.int) -> cython.int:
        """Bring a page that is to be written back into the swap cache, unmapped and clean.

        False where its slot has a copy there already. Models __read_swap_cache_async().
        """
        flags: cython.int = self.pages.flags[page]
        if flags & (PRESENT | SWAPCACHE) or not flags & SLOT:
            return False
        self.pages.flags[page] = (flags | SWAPCACHE) & ~DIRTY
        self.add_folio(page, self.swapin_memcg(page))
        return True

    # ---- writes ----

    def start_writeback(self, page: cython.int, fresh: cython.bint) -> None:
        """A page is written to the device; ``fresh``: it was added to its list for that."""
        if not self.reclaiming:
            if not (fresh and self.batches):
                self.lruvecs.folio_rotate_reclaimable(page, self.pages.page[page].memcg)
            return
        if self.plugged == len(self.write_page):
            self.write_page = grown(self.write_page, 2 * self.plugged)
            self.write_end = grown(self.write_end, 2 * self.plugged)
            self.write_added = grown(self.write_added, 2 * self.plugged)
        self.pages.flags[page] |= WRITEBACK
        self.write_page[self.plugged] = page
        self.write_added[self.plugged] = self.lruvecs.added if fresh else -1
        self.plugged += 1
        if self.plugged - self.submitted >= SWAP_CLUSTER_MAX:
            self.blk_finish_plug()

    def blk_finish_plug(self) -> None:
        """Submit the writes that are queued."""
        while self.submitted < self.plugged:
            self.write_end[self.submitted] = self.units + WRITE_UNITS
            self.submitted += 1

    def end_writes(self, until: cython.longlong) -> None:
        """End the writes that are over by a time of reclaim's clock."""
        while self.ended < self.submitted and self.write_end[self.ended] <= until:
            self.folio_end_writeback(self.ended)
            self.ended += 1

    def folio_end_writeback(self, write: cython.int) -> None:
        """A write is over: its page is the next to go, unless it waits in a batch and is on no list yet."""
        page: cython.int = self.write_page[write]
        added: cython.longlong = self.write_added[write]
        self.pages.flags[page] &= ~WRITEBACK
        if added < 0 or added <= self.lruvecs.drained or self.lruvecs.added - added >= FOLIO_BATCH:
            self.lruvecs.folio_rotate_reclaimable(page, self.pages.page[page].memcg)

    def begin_reclaim(self) -> cython.bint:
        """Start reclaim's clock; False where it runs already."""
        if self.reclaiming:
            return False
        self.reclaiming = True
        return True

    def end_reclaim(self) -> None:
        """Stop reclaim's clock; all writes are over by then."""
        self.blk_finish_plug()
        self.end_writes(self.units + WRITE_UNITS)
        self.plugged = 0
        self.submitted = 0
        self.ended = 0
        self.reclaiming = False
