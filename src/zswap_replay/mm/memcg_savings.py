"""What each memcg saves over time: sums for means, and peaks. No kernel counts this.

A sum until T of what is saved is also one over all changes, each times what is left until T. So a change costs a
product, kept with the memcg whose entry it is, however deep that is in the tree. What is saved at T, and the changes
of descendants, are added when the sum is read: those of the dead too, whose entries are their parent's from then on.
"""

import cython

from zswap_replay.lib.columns import Records

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    LOW_BITS = 50
    """Bits of the lower part of a sum of changes: a page times so many bits of a time fit 63 with them."""
    LOW_MASK = 0x3FFFFFFFFFFFF


class MemcgSavings:
    """The sums and peaks of all memcgs, since Held.began."""

    def __init__(self, memcgs: Records) -> None:
        # ns since then, up to when Held has accounted for the time
        self.passed = 0
        self.memcgs = memcgs
        self.memcg = memcgs.array

    def detach(self) -> None:
        """Let go of the memcgs, of which there can be more then."""
        self.memcg = None

    def attach(self) -> None:
        """Take hold of the memcgs again."""
        self.memcg = self.memcgs.array

    def add(self, memcg: cython.int, change: cython.longlong) -> None:
        """Add a change, in bytes, of what a memcg's own entries save."""
        past: cython.longlong = self.passed >> LOW_BITS
        within: cython.longlong = self.passed & LOW_MASK
        low: cython.longlong = self.memcg[memcg].saved_low + change * within
        self.memcg[memcg].saved_low = low & LOW_MASK
        self.memcg[memcg].saved_high += change * past + (low >> LOW_BITS)

    def restart(self, memcg: cython.int, saved: cython.longlong) -> None:
        """Begin anew for a memcg, which saves so many bytes now."""
        self.memcg[memcg].saved_peak = saved
        self.memcg[memcg].saved_low = 0
        self.memcg[memcg].saved_high = 0
