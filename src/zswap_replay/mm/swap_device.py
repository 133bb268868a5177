"""A swap device that keeps what is written to it: what the model asks of it, and what it holds in RAM.

A device that does not is None: of a disk no counter shows what is on it.
"""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.held import Held, Stock

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_SHIFT
    from zswap_replay.lib.page_table import DIRTY


class SwapDevice:
    """The pages of a device by their slots. zram_drv.Zram is the one there is."""

    def __init__(self, pages: PageTable, held: Held) -> None:
        self.pages = pages
        self.held = held
        # what is held in RAM now
        self.stock: Stock = held.device
        # by page: its slot, where it has one
        self.slot_of = column(256, INT)

    def set_slot(self, page: cython.int, slot: cython.int) -> None:
        """Note the slot of a page."""
        if page >= len(self.slot_of):
            self.grow_slots()
        self.slot_of[page] = slot

    def grow_slots(self) -> None:
        """Make room for all pages of the table."""
        self.slot_of = grown(self.slot_of, self.pages.room << BLOCK_SHIFT)

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero: NORMAL, ZERO_FILLED or SAME_FILLED."""
        raise NotImplementedError

    def has_lengths_found(self) -> cython.bint:
        """Tell whether other processes find the lengths of what is written."""
        return False

    def wanted_from(self, head: cython.int, tail: cython.longlong, last: cython.longlong) -> cython.longlong:
        """Return where the look at a list goes on, as Lengths.wanted_from() does."""
        raise NotImplementedError

    def want_length(self, content: cython.ulonglong) -> None:
        """Let other processes find the length of a content."""
        raise NotImplementedError

    def write_page(self, page: cython.int, now: cython.ulonglong) -> cython.bint:
        """Write what a page holds to its slot, at a time in ns; return False where the device takes no more."""
        raise NotImplementedError

    def swap_writepage_bdev_sync(self, page: cython.int, now: cython.ulonglong) -> cython.bint:
        """Write a page, at a time in ns; return False where the device takes no more, and the page stays dirty.

        Models swap_writepage_bdev_sync(), mm/page_io.c.
        """
        self.held.pass_time(now)
        written: cython.bint = self.write_page(page, now)
        self.held.note_peaks()
        if not written:
            self.pages.flags[page] |= DIRTY
        return written

    def read_page(self, page: cython.int, now: cython.ulonglong) -> None:
        """Read the slot of a page, at a time in ns."""
        raise NotImplementedError

    def slot_free_notify(self, slot: cython.int, now: cython.ulonglong) -> None:
        """Drop what a slot holds that is given back at a time in ns. Models swap_slot_free_notify() of a device."""
        raise NotImplementedError

    def discard(self, slots: cython.int) -> None:
        """Count slots that are discarded, of which none holds anything."""
        raise NotImplementedError
