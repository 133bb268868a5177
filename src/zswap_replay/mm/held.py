"""What is held out of memory over time, and the memory that holds it: exact sums for means, and peaks.

No kernel counts this. A sum is of a number of pages or bytes times the nanoseconds that it stayed, so that it does not
depend on when anybody looks. It is brought up to date before what it sums up changes, at most once for each time at
which anything does: accesses that hit, and the pages that one event reclaims, share the cost.

What each memcg saves is summed up otherwise, by MemCgroups: a sum until T is also one over all changes, each times what
is left until T. So a change costs a product, kept with the memcg whose entry it is, however deep that is in the tree.
What is saved at T, and the changes of descendants, are added when the sum is read: those of the dead too, whose entries
are their parent's from then on.
"""

import cython

if not cython.compiled:  # compiled, they are the C constants and the C macro of the .pxd, of 128 bits
    LOW_BITS = 50
    """Bits of the lower part of a sum of changes: a page times so many bits of a time fit 63 with them."""
    LOW_MASK = 0x3FFFFFFFFFFFF

    def product(pages: int, time: int) -> int:
        """Multiply a number of pages or bytes by a time in ns."""
        return pages * time


class Held:
    """Sums and peaks since ``began``; all that is asked for is what ``Zswap`` has at that time.

    ``stored`` are entries, ``same_filled`` those of them without memory in a pool, ``pool_pages`` the pages that the
    pools hold and ``compressed_bytes`` what is in them. Zero pages are those noted in the zero map: without entries.
    """

    def __init__(self) -> None:
        self.began = 0
        # up to when the sums are
        self.since = 0
        # pages noted in the zero map now
        self.zero_pages = 0
        # sums, in pages (bytes) times ns
        self.pool_sum = 0
        self.stored_sum = 0
        self.same_filled_sum = 0
        self.zero_sum = 0
        self.bytes_sum = 0
        self.forget_peaks()

    def forget_peaks(self) -> None:
        """Start the peaks from where nothing is held."""
        self.pool_peak = 0
        self.stored_peak = 0
        # pages held less those of the pools
        self.saved_peak = 0
        # while the pools were largest and had most entries: entries with memory, and their bytes
        self.entries_at_peak = 0
        self.bytes_at_peak = 0

    def restart(
        self,
        now: cython.ulonglong,
        pool_pages: cython.longlong,
        stored: cython.longlong,
        same_filled: cython.longlong,
        compressed_bytes: cython.longlong,
    ) -> None:
        """Begin anew at a time, with what is held then."""
        self.began = now
        self.since = now
        self.pool_sum = 0
        self.stored_sum = 0
        self.same_filled_sum = 0
        self.zero_sum = 0
        self.bytes_sum = 0
        self.forget_peaks()
        self.saved_peak = stored + self.zero_pages - pool_pages
        self.note_peaks(pool_pages, stored, same_filled, compressed_bytes)

    def pass_time(
        self,
        now: cython.ulonglong,
        pool_pages: cython.longlong,
        stored: cython.longlong,
        same_filled: cython.longlong,
        compressed_bytes: cython.longlong,
    ) -> None:
        """Bring the sums up to a time until which all of this stayed as it is."""
        passed: cython.ulonglong = now - self.since
        self.since = now
        self.pool_sum += product(pool_pages, passed)
        self.stored_sum += product(stored, passed)
        self.bytes_sum += product(compressed_bytes, passed)
        if same_filled:
            self.same_filled_sum += product(same_filled, passed)
        if self.zero_pages:
            self.zero_sum += product(self.zero_pages, passed)

    def note_peaks(
        self,
        pool_pages: cython.longlong,
        stored: cython.longlong,
        same_filled: cython.longlong,
        compressed_bytes: cython.longlong,
    ) -> None:
        """Raise the peaks where what is held now is more."""
        if stored > self.stored_peak:
            self.stored_peak = stored
        if stored + self.zero_pages - pool_pages > self.saved_peak:
            self.saved_peak = stored + self.zero_pages - pool_pages
        if pool_pages >= self.pool_peak and (
            pool_pages > self.pool_peak or stored - same_filled > self.entries_at_peak
        ):
            self.pool_peak = pool_pages
            self.entries_at_peak = stored - same_filled
            self.bytes_at_peak = compressed_bytes
