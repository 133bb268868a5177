"""What is held out of memory over time, and the memory that holds it: exact sums for means, and peaks.

No kernel counts this. A sum is of a number of pages or bytes times the nanoseconds that it stayed, so that it does not
depend on when anybody looks. It is brought up to date before what it sums up changes, at most once for each time at
which anything does: accesses that hit, and the pages that one event reclaims, share the cost. Who changes a Stock
therefore calls Held.pass_time() before, and Held.note_peaks() afterwards.
"""

import cython

from zswap_replay.mm.memcg_savings import MemcgSavings

if not cython.compiled:  # compiled, it is the C macro of the .pxd, of 128 bits

    def product(pages: int, time: int) -> int:
        """Multiply a number of pages or bytes by a time in ns."""
        return pages * time


class Stock:
    """What zswap holds now, or a swap device in RAM."""

    def __init__(self) -> None:
        self.pool_pages = 0  # pages that all pools have
        self.stored_pages = 0  # pages that are stored: up with a store, down with each that is freed
        self.same_filled_pages = 0  # those of them without memory in a pool
        self.compressed_bytes = 0  # bytes of the others


class Held:
    """Sums and peaks since ``began`` of what zswap and the swap device hold together, and of zero pages.

    Zero pages are those noted in the zero map: they take no memory.
    """

    def __init__(self, savings: MemcgSavings) -> None:
        """Take ``savings``, whose clock goes with this one."""
        self.savings = savings
        self.zswap = Stock()
        # all 0 where the device is not in RAM
        self.device = Stock()
        self.zero_pages = 0
        self.began = 0
        # up to when the sums are
        self.since = 0
        self.forget()

    def forget(self) -> None:
        """Start sums and peaks from where nothing is held."""
        # sums, in pages (bytes) times ns
        self.pool_sum = 0
        self.stored_sum = 0
        self.same_filled_sum = 0
        self.zero_sum = 0
        self.bytes_sum = 0
        self.pool_peak = 0
        self.stored_peak = 0
        # pages held less those of the pools
        self.saved_peak = 0
        # while the pools were largest and had most entries: entries with memory, and their bytes
        self.entries_at_peak = 0
        self.bytes_at_peak = 0

    # ---- what is held now ----

    def pool_pages(self) -> cython.longlong:
        """Return how many pages the pools have."""
        return self.zswap.pool_pages + self.device.pool_pages

    def stored_pages(self) -> cython.longlong:
        """Return how many pages are stored, those without memory too."""
        return self.zswap.stored_pages + self.device.stored_pages

    def same_filled_pages(self) -> cython.longlong:
        """Return how many pages are stored without memory."""
        return self.zswap.same_filled_pages + self.device.same_filled_pages

    def compressed_bytes(self) -> cython.longlong:
        """Return how many bytes the others are compressed to."""
        return self.zswap.compressed_bytes + self.device.compressed_bytes

    def amounts(self) -> tuple[int, int, int, int, int]:
        """Return pages of the pools, stored, same-filled and zero pages, and compressed bytes."""
        return (
            self.pool_pages(),
            self.stored_pages(),
            self.same_filled_pages(),
            self.zero_pages,
            self.compressed_bytes(),
        )

    # ---- over time ----

    def restart(self, now: cython.ulonglong) -> None:
        """Begin anew at a time in ns, with what is held then. MemCgroups.restart_savings() does so for memcgs."""
        self.began = now
        self.since = now
        self.savings.passed = 0
        self.forget()
        self.saved_peak = self.stored_pages() + self.zero_pages - self.pool_pages()
        self.note_peaks()

    def pass_time(self, now: cython.ulonglong) -> None:
        """Bring the sums up to a time in ns, until which all of this stayed as it is."""
        if now <= self.since:
            return
        passed: cython.ulonglong = now - self.since
        same_filled: cython.longlong = self.same_filled_pages()
        self.since = now
        self.savings.passed = now - self.began
        self.pool_sum += product(self.pool_pages(), passed)
        self.stored_sum += product(self.stored_pages(), passed)
        self.bytes_sum += product(self.compressed_bytes(), passed)
        if same_filled:
            self.same_filled_sum += product(same_filled, passed)
        if self.zero_pages:
            self.zero_sum += product(self.zero_pages, passed)

    def note_peaks(self) -> None:
        """Raise the peaks where what is held now is more."""
        pool_pages: cython.longlong = self.pool_pages()
        stored: cython.longlong = self.stored_pages()
        entries: cython.longlong = stored - self.same_filled_pages()
        if stored > self.stored_peak:
            self.stored_peak = stored
        if stored + self.zero_pages - pool_pages > self.saved_peak:
            self.saved_peak = stored + self.zero_pages - pool_pages
        if pool_pages >= self.pool_peak and (pool_pages > self.pool_peak or entries > self.entries_at_peak):
            self.pool_peak = pool_pages
            self.entries_at_peak = entries
            self.bytes_at_peak = self.compressed_bytes()

    def count_zero_pages(self, now: cython.ulonglong, change: cython.int) -> None:
        """Count pages that are noted in the zero map at a time in ns, or, below 0, no longer."""
        self.pass_time(now)
        self.zero_pages += change
        self.note_peaks()
