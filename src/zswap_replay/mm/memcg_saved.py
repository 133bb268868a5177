"""Memory that each memcg saves over time, with its descendants: what means are made of, exactly, and peaks.

No kernel counts this. A memcg saves the pages that its entries were, less their compressed bytes. The sum of that over
the time until T is a sum over the changes of it, each times what is left until T. So a change costs one product, of the
memcg whose entry it is, however deep that is in the tree. What a memcg saves at T, and the changes of its descendants,
are added when the sum is read: those of dead descendants too, whose entries are their parent's from then on.
"""

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.page import PAGE_SHIFT, PAGE_SIZE

    LOW_BITS = 50
    """The bits of a sum's lower part: those of a time, times a page at most, are added to it within 63 bits."""
    LOW_MASK = 0x3FFFFFFFFFFFF


class MemcgSaved:
    """Changes and peaks since the sums began, in bytes; times are in ns, from then on."""

    def __init__(self, memcgs: MemCgroups) -> None:
        self.memcgs = memcgs
        # by memcg: the most that it saved, with its descendants
        self.peak = column(8, LONGLONG)
        # the sum of changes of its own entries times the time of each: [2 * memcg] LOW_BITS bits of it, then the rest
        self.changes = column(16, LONGLONG)

    def entry_stored(self, memcg: cython.int, length: cython.int, time: cython.ulonglong) -> None:
        """Note an entry of ``length`` bytes that a memcg was charged for."""
        if memcg >= len(self.peak):
            self.peak = grown(self.peak, 2 * memcg)
            self.changes = grown(self.changes, 4 * memcg)
        self.add(memcg, PAGE_SIZE - length, time)
        self.note_peaks(memcg)

    def entry_freed(self, memcg: cython.int, length: cython.int, time: cython.ulonglong) -> None:
        """Note an entry whose charge is taken back; the memcg is the one that it was stored for, or an ancestor."""
        self.add(memcg, length - PAGE_SIZE, time)

    def add(self, memcg: cython.int, change: cython.longlong, time: cython.ulonglong) -> None:
        """Add a change times its time: a sum of 113 bits in two parts."""
        past: cython.longlong = time >> LOW_BITS
        within: cython.longlong = time & LOW_MASK
        low: cython.longlong = self.changes[2 * memcg] + change * within
        self.changes[2 * memcg] = low & LOW_MASK
        self.changes[2 * memcg + 1] += change * past + (low >> LOW_BITS)

    def saved(self, memcg: cython.int) -> cython.longlong:
        """Return what a memcg saves now, with its descendants."""
        return (self.memcgs.zswapped[memcg] << PAGE_SHIFT) - self.memcgs.zswap_bytes[memcg]

    def note_peaks(self, memcg: cython.int) -> None:
        """Raise the peaks of a memcg and its ancestors where they save more now."""
        saved: cython.longlong
        while memcg >= 0:
            saved = self.saved(memcg)
            if saved > self.peak[memcg]:
                self.peak[memcg] = saved
            memcg = self.memcgs.parent[memcg]

    def restart(self) -> None:
        """Let sums and peaks begin now, with what is saved now."""
        memcg: cython.Py_ssize_t
        for memcg in range(len(self.peak)):
            self.changes[2 * memcg] = 0
            self.changes[2 * memcg + 1] = 0
            if memcg < self.memcgs.nr:
                self.peak[memcg] = self.saved(memcg)
