"""Swap readahead: neighbours of a page that is swapped in, read with it. Models swapin_readahead(), mm/swap_state.c.

It stands above mm/swap_state.py, since each page that it reads is charged, and a charge can reclaim. It was read in the
sources, 6.6 to 6.12, and not compared with a run. Neighbours are those by address (swap_vma_readahead()), but where a
swap device rotates those by slot (swap_cluster_readahead()).
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcg_limits import MemcgLimits
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.swap_map import SwapMap
from zswap_replay.mm.swap_state import SwapCache

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_SHIFT
    from zswap_replay.lib.page_table import (
        ACCESSED,
        DIRTY,
        PRESENT,
        REFERENCED,
        SLOT,
        SWAPCACHE,
        YOUNG,
    )
    from zswap_replay.mm.pgtable import PTRS_PER_PTE

    SWAP_RA_HITS_MAX = 63
    FIRST_HITS = 4
    """Hits that a mapping is taken to have had before its first fault."""


def swapin_nr_pages(
    prev: cython.longlong, at: cython.longlong, hits: cython.int, max_pages: cython.int, prev_win: cython.int
) -> cython.int:
    """Return how many pages to read: the more of the last ones were used, the more.

    Models __swapin_nr_pages(), mm/swap_state.c.
    """
    pages: cython.int = hits + 2
    if pages == 2:
        if at != prev + 1 and at != prev - 1:
            pages = 1
    else:
        roundup: cython.int = 4
        while roundup < pages:
            roundup <<= 1
        pages = roundup
    return max(min(pages, max_pages), prev_win // 2)


class SwapReadahead:
    """What the kernel keeps of the last faults of each mapping, or of a rotating device; a space is one mapping."""

    def __init__(
        self,
        pages: PageTable,
        swap_cache: SwapCache,
        page_io: PageIo,
        limits: MemcgLimits,
        page_cluster: int,
        slots: SwapMap | None,
    ) -> None:
        """Read up to 2 ** ``page_cluster`` pages at once; 0: only the page that is touched.

        ``slots`` are those of a rotating device; None: the device does not rotate.
        """
        self.pages = pages
        self.swap_cache = swap_cache
        self.page_io = page_io
        self.limits = limits
        self.max_win = 1 << page_cluster
        self.slots = slots
        self.rotates = slots is not None  # nr_rotate_swap
        # of a rotating device: swapin_readahead_hits, and what swapin_nr_pages() keeps
        self.swapin_readahead_hits = FIRST_HITS
        self.prev_offset = 0
        self.last_readahead_pages = 0
        # by address space: struct vm_area_struct.swap_readahead_info
        self.prev = column(8, LONGLONG)
        self.win = column(8, INT)
        self.hits = column(8, INT, FIRST_HITS)
        # by page: whether it was read ahead and not used since (PG_readahead)
        self.ahead = column(256, UCHAR)
        # the window of the fault under way: first page, and the one behind the last
        self.start = 0
        self.end = 0
        self.swap_ra = 0  # pages read ahead
        self.swap_ra_hit = 0  # of those, pages that were used while in memory

    def make_room(self, page: cython.int, space: cython.int) -> None:
        """Let a page have a mark, and its address space a window."""
        if page >= len(self.ahead) or space >= len(self.prev):
            self.grow(page, space)

    def grow(self, page: cython.int, space: cython.int) -> None:
        """Make room for all pages of the table, and for a space and as many more, where there is none."""
        if page >= len(self.ahead):
            self.ahead = grown(self.ahead, self.pages.room << BLOCK_SHIFT)
        if space >= len(self.prev):
            self.prev = grown(self.prev, 2 * space)
            self.win = grown(self.win, 2 * space)
            self.hits = grown(self.hits, 2 * space, FIRST_HITS)

    def forget_block(self, block: cython.int) -> None:
        """Take the marks off the pages of a block, which are absent."""
        page: cython.int
        for page in range(block << BLOCK_SHIFT, (block + 1) << BLOCK_SHIFT):
            if page < len(self.ahead):
                self.ahead[page] = 0

    def swap_cache_get_folio(self, page: cython.int) -> None:
        """Note that a fault found its page in the swap cache.

        Models swap_cache_get_folio().
        """
        space: cython.int = self.pages.space_of(page)
        self.make_room(page, space)
        if not self.rotates:
            self.prev[space] = self.pages.page_of(page)
        if self.ahead[page]:
            self.ahead[page] = 0
            self.swap_ra_hit += 1
            if self.rotates:
                self.swapin_readahead_hits += 1
            else:
                self.hits[space] = min(self.hits[space] + 1, SWAP_RA_HITS_MAX)

    def swapin_readahead(self, page: cython.int) -> None:
        """Read what is read with a page: all before the page itself, which a fault holds, so that no reclaim takes it.

        Models swapin_readahead().
        """
        at: cython.longlong = self.pages.page_of(page)
        if self.rotates:
            self.swap_cluster_readahead(page)
        else:
            self.swap_ra_info(page)
            self.read_ahead(page, self.start, at)
            self.read_ahead(page, at + 1, self.end)

    def swap_cluster_readahead(self, page: cython.int) -> None:
        """Read the slots around a page's own that are aligned with it, whosever pages are in them.

        Models swap_cluster_readahead() and swapin_nr_pages().
        """
        assert self.slots is not None
        offset: cython.longlong = self.slots.slot_of[page]
        hits: cython.int = self.swapin_readahead_hits
        self.swapin_readahead_hits = 0
        pages: cython.int = swapin_nr_pages(
            self.prev_offset, offset, hits, self.max_win, self.last_readahead_pages
        )
        if not hits:
            self.prev_offset = offset
        self.last_readahead_pages = pages
        slot: cython.longlong
        first: cython.longlong = offset - offset % pages
        for slot in range(first, first + pages):
            if slot != offset:
                self.read_one(self.slots.page_in(slot))

    def swap_ra_info(self, page: cython.int) -> None:
        """Find the window of a fault: on the side that the last fault came from, or on both.

        It does not leave the page table. Models swap_ra_info().
        """
        space: cython.int = self.pages.space_of(page)
        self.make_room(page, space)
        at: cython.longlong = self.pages.page_of(page)
        prev: cython.longlong = self.prev[space]
        win: cython.int = swapin_nr_pages(prev, at, self.hits[space], self.max_win, self.win[space])
        self.prev[space] = at
        self.win[space] = win
        self.hits[space] = 0
        self.start = at
        self.end = at + 1
        if win > 1:
            if at == prev + 1:
                self.end = at + win
            elif prev == at + 1:
                self.start = at - win + 1
            else:
                self.start = at - (win - 1) // 2
                self.end = self.start + win
            table: cython.longlong = at - at % PTRS_PER_PTE
            self.start = max(self.start, table)
            self.end = min(self.end, table + PTRS_PER_PTE)

    def read_ahead(self, page: cython.int, start: cython.longlong, end: cython.longlong) -> None:
        """Read the pages from ``start`` to ``end`` - 1 of a page's address space that are swapped out."""
        space: cython.int = self.pages.space_of(page)
        number: cython.longlong
        for number in range(start, end):
            self.read_one(self.pages.find(space, number))

    def read_one(self, near: cython.int) -> None:
        """Read a page, -1 for none, that is swapped out."""
        memcg: cython.int
        if near >= 0 and self.pages.flags[near] & (PRESENT | SWAPCACHE | SLOT) == SLOT:
            self.make_room(near, self.pages.space_of(near))
            memcg = self.swap_cache.swapin_memcg(near)
            # young until it is on a list, as it comes by a fault; its own entry cannot be written back meanwhile
            self.pages.flags[near] = (self.pages.flags[near] | SWAPCACHE | YOUNG) & ~DIRTY
            self.limits.try_charge_memcg(memcg)
            self.swap_cache.add_folio(near, memcg)
            self.pages.flags[near] &= ~(YOUNG | REFERENCED | ACCESSED)
            self.page_io.swap_readpage(near)
            self.ahead[near] = 1
            self.swap_ra += 1
