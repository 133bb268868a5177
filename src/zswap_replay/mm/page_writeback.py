"""Writes to the swap device that are under way, and when each ends. Models mm/page-writeback.c.

It stands below mm/zswap.py, which writes pages, as mm/page_io.py does, which asks zswap first.
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.swap import Lruvecs

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import WRITEBACK

    SWAP_CLUSTER_MAX = 32
    """Pages that reclaim takes at a time, and writes that are submitted together."""
    WRITE_UNITS = 32
    """How long a write takes, in pages scanned: measured, docs/reclaim.md."""
    FOLIO_BATCH = 31
    """Pages that wait in a per-CPU batch before they are on a list."""


class Writeback:
    """The write clock.

    A write is over at once, but in the middle of reclaim, where it takes as long as WRITE_UNITS pages take to be
    scanned: until then its page is not free, and reclaim has to find others. Reclaim's clock, ``units``, counts pages
    scanned, and STORE_UNITS more for each store.
    """

    def __init__(self, pages: PageTable, lruvecs: Lruvecs, batches: bool) -> None:
        """Start with no write; ``batches``: a fresh page waits in a per-CPU batch, and is not on a list at once."""
        self.pages = pages
        self.lruvecs = lruvecs
        self.batches = batches
        self.reclaiming = False
        self.units = 0
        # writes of this reclaim so far: queued (plugged), submitted to the device, ended
        self.plugged = 0
        self.submitted = 0
        self.ended = 0
        # by write: its page, when it ends, and, for a fresh page, how many pages had been added by then, else -1
        self.write_page = column(64, INT)
        self.write_end = column(64, LONGLONG)
        self.write_added = column(64, LONGLONG)
        # pages of entries that were written back to a device that takes no more: they stay in memory
        self.refused_entries = 0

    def write_entry(self, page: cython.int, taken: cython.bint) -> None:
        """Write the page of an entry, which came into memory for that, where the device has ``taken`` it."""
        if taken:
            self.folio_start_writeback(page, True)
        else:
            self.refused_entries += 1

    def folio_start_writeback(self, page: cython.int, fresh: cython.bint) -> None:
        """Write a page to the device; ``fresh``: it came into memory for that. Models __swap_writepage()."""
        if self.reclaiming:
            self.add_to_plug(page, fresh)
        elif not (fresh and self.batches):
            self.lruvecs.folio_rotate_reclaimable(page, self.pages.page[page].memcg)

    def grow(self) -> None:
        """Make room for twice as many writes."""
        self.write_page = grown(self.write_page, 2 * self.plugged)
        self.write_end = grown(self.write_end, 2 * self.plugged)
        self.write_added = grown(self.write_added, 2 * self.plugged)

    def add_to_plug(self, page: cython.int, fresh: cython.bint) -> None:
        """Keep a write until the reclaim that is under way has a batch of them, or ends."""
        if self.plugged == len(self.write_page):
            self.grow()
        self.pages.flags[page] |= WRITEBACK
        self.write_page[self.plugged] = page
        self.write_added[self.plugged] = self.lruvecs.added if fresh else -1
        self.plugged += 1
        if self.plugged - self.submitted >= SWAP_CLUSTER_MAX:
            self.blk_finish_plug()

    def blk_finish_plug(self) -> None:
        """Submit the writes that are queued.

        Models blk_finish_plug(), block/blk-core.c.
        """
        while self.submitted < self.plugged:
            self.write_end[self.submitted] = self.units + WRITE_UNITS
            self.submitted += 1

    def end_writes(self, until: cython.longlong) -> None:
        """End the submitted writes that are over by ``until``, a time of reclaim's clock."""
        while self.ended < self.submitted and self.write_end[self.ended] <= until:
            self.folio_end_writeback(self.ended)
            self.ended += 1

    def folio_end_writeback(self, write: cython.int) -> None:
        """Make the page of a write the next that reclaim takes.

        A page that waits in a batch is on no list yet, and stays.
        Models folio_end_writeback(), mm/filemap.c.
        """
        page: cython.int = self.write_page[write]
        added: cython.longlong = self.write_added[write]
        self.pages.flags[page] &= ~WRITEBACK
        if added < 0 or added <= self.lruvecs.drained or self.lruvecs.added - added >= FOLIO_BATCH:
            self.lruvecs.folio_rotate_reclaimable(page, self.pages.page[page].memcg)

    def begin_reclaim(self) -> cython.bint:
        """Start reclaim's clock; return False where it runs already."""
        if self.reclaiming:
            return False
        self.reclaiming = True
        return True

    def end_reclaim(self) -> None:
        """End all writes, and stop reclaim's clock."""
        self.blk_finish_plug()
        self.end_writes(self.units + WRITE_UNITS)
        self.plugged = 0
        self.submitted = 0
        self.ended = 0
        self.reclaiming = False
