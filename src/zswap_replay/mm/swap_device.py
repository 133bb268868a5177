"""A swap device that keeps what is written to it: what the model asks of it, and what it holds in RAM.

A device that does not is None: of a disk no counter shows what is on it.
"""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.lib.page_table import PageTable

if not cython.compiled:  # compiled, it is the C constant of the .pxd
    from zswap_replay.lib.page_table import BLOCK_SHIFT


class SwapDevice:
    """The pages of a device by their slots. zram_drv.Zram is the one there is."""

    def __init__(self, pages: PageTable) -> None:
        self.pages = pages
        # by page: its slot, where it has one
        self.slot_of = column(256, INT)
        # what is held in RAM: pages of it, pages that are stored there, those of them without memory, and bytes of the
        # others
        self.pool_pages = 0
        self.stored_pages = 0
        self.same_filled_pages = 0
        self.compressed_bytes = 0

    def set_slot(self, page: cython.int, slot: cython.int) -> None:
        """Note the slot of a page."""
        if page >= len(self.slot_of):
            self.slot_of = grown(self.slot_of, self.pages.room << BLOCK_SHIFT)
        self.slot_of[page] = slot

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero: NORMAL, ZERO_FILLED or SAME_FILLED."""
        raise NotImplementedError

    def write_page(self, page: cython.int, now: cython.ulonglong) -> cython.bint:
        """Write what a page holds to its slot, at a time in ns; return False where the device takes no more."""
        raise NotImplementedError

    def read_page(self, page: cython.int, now: cython.ulonglong) -> None:
        """Read the slot of a page, at a time in ns."""
        raise NotImplementedError

    def slot_free_notify(self, slot: cython.int) -> None:
        """Drop what a slot holds, which is given back. Models swap_slot_free_notify() of a block device."""
        raise NotImplementedError

    def discard(self, slots: cython.int) -> None:
        """Count slots that are discarded, of which none holds anything."""
        raise NotImplementedError
