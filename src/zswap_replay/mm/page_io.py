"""Pages on their way to the swap device and back, with zswap in front of it. Models mm/page_io.c."""

import cython

from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import ZERO_FILLED
    from zswap_replay.lib.lru_ring import HOLE
    from zswap_replay.lib.page_table import DIRTY, PRESENT, SLOT, YOUNG, ZERO
    from zswap_replay.mm.memcontrol import PSWPIN, PSWPOUT

    # what became of a page that was to be written
    STORED = 0
    WRITTEN = 1
    KEPT = 2
    FAILED = 3

    WANTED = 512
    """Pages at the tail of a list whose lengths are found ahead: what several processes find while one stores 32."""


class PageIo:
    """Reads and writes of the swap device, behind zswap; counted in pages."""

    def __init__(self, release: Release, pages: PageTable, memcgs: MemCgroups, zswap: Zswap) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.zswap = zswap
        self.rule_zeromap = release.zeromap
        # pages read from the device
        self.pswpin = 0
        # pages written to the device by reclaim; those that zswap writes back it counts itself
        self.pswpout = 0
        # zero pages that came back from the zero map without a read
        self.swpin_zero = 0
        # zero pages noted in the zero map, not written
        self.swpout_zero = 0

    def swap_writepage(self, page: cython.int) -> cython.int:
        """Put what a page with a slot holds out of memory, and return where it went.

        STORED: in zswap or the zero map. WRITTEN: to the device. KEPT: nowhere, the page stays dirty, since its memcg
        may not write to the device. FAILED: nowhere either, as the device took no more. Models swap_writepage().
        """
        memcg: cython.int = self.pages.page[page].memcg
        now: cython.ulonglong = self.zswap.worker.now
        if self.pages.flags[page] & ZERO:
            self.pages.flags[page] &= ~ZERO
            self.zswap.held.count_zero_pages(now, -1)
        content: cython.ulonglong = self.pages.content_of(page)
        if self.rule_zeromap and self.kind_of_content(content) == ZERO_FILLED:
            self.swpout_zero += 1
            self.zswap.held.count_zero_pages(now, 1)
            self.pages.flags[page] = (self.pages.flags[page] | ZERO) & ~DIRTY
            return STORED
        if self.zswap.zswap_store(page, content):
            self.pages.flags[page] &= ~DIRTY
            return STORED
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg):
            self.pages.flags[page] |= DIRTY
            return KEPT
        self.pages.flags[page] &= ~DIRTY
        self.pswpout += 1
        self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PSWPOUT)
        if self.zswap.device is not None and not self.zswap.device.swap_writepage_bdev_sync(page, now):
            return FAILED
        return WRITTEN

    def has_lengths_found(self) -> cython.bint:
        """Tell whether other processes find lengths, and what reclaim comes to is going to be compressed."""
        if self.zswap.enabled:
            return self.zswap.pools.current.lengths.wanted is not None and not self.zswap.pools.reached_full
        return self.zswap.device is not None and self.zswap.device.has_lengths_found()

    def want_length(self, content: cython.ulonglong) -> None:
        """Let other processes find the length of a content; has_lengths_found() says that there are some."""
        if self.zswap.enabled:
            self.zswap.pools.current.lengths.want(content)
        elif self.zswap.device is not None:
            self.zswap.device.want_length(content)

    def wanted_from(self, head: cython.int, tail: cython.longlong, last: cython.longlong) -> cython.longlong:
        """Return where the look at a list goes on, as Lengths.wanted_from() does."""
        if self.zswap.enabled:
            return self.zswap.pools.current.lengths.wanted_from(head, tail, last)
        return last if self.zswap.device is None else self.zswap.device.wanted_from(head, tail, last)

    def look_ahead(self, page: cython.int) -> None:
        """Ask for the length of what a page holds that reclaim has come to."""
        content: cython.ulonglong = self.pages.content_of(page)
        self.zswap.pools.current.lengths.look_ahead(content)
        if self.has_lengths_found():
            self.want_length(content)

    def look_ahead_at_tail(self, head: cython.int) -> None:
        """Let other processes find the lengths of what reclaim will store first of a list of pages in memory."""
        page: cython.int
        flags: cython.int
        tail: cython.longlong = self.pages.lru.ring[head].tail
        last: cython.longlong = max(self.pages.lru.ring[head].head, tail - WANTED)
        number: cython.longlong = self.wanted_from(head, tail, last)
        while number > last:
            number -= 1
            page = self.pages.lru.slot[self.pages.lru.place_of(head, number)]
            if page == HOLE:
                continue
            flags = self.pages.flags[page]
            if not flags & YOUNG and (flags & DIRTY or not flags & SLOT):
                self.want_length(self.pages.content_of(page))

    def look_ahead_at_pageout(
        self, page: cython.int, content: cython.ulonglong, has_content: cython.bint
    ) -> None:
        """Let other processes find the length of a page that will be written on demand, of a content if it is given."""
        flags: cython.int = self.pages.flags[page]
        if flags & PRESENT and (has_content or flags & DIRTY or not flags & SLOT):
            self.want_length(content if has_content else self.pages.content_of(page))

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero, as whoever compresses pages knows it."""
        if self.zswap.device is not None:
            return self.zswap.device.kind_of_content(content)
        return self.zswap.pools.current.kind_of_content(content)

    def swap_readpage(self, page: cython.int) -> cython.int:
        """Read a page back; return False where it comes from the device, for which the task waits.

        A page whose entry zswap freed is dirty afterwards. Models swap_read_folio().
        """
        if self.pages.flags[page] & ZERO:
            self.swpin_zero += 1
            return True
        if self.zswap.zswap_load(page):
            self.zswap.shrinker.zswap_folio_swapin(page, False)
            return True
        self.zswap.shrinker.zswap_folio_swapin(page, True)
        self.pswpin += 1
        if self.zswap.device is not None:
            self.zswap.device.read_page(page, self.zswap.worker.now)
        self.memcgs.count_memcg_event(self.pages.page[page].memcg, self.pages.page[page].node, PSWPIN)
        return False
