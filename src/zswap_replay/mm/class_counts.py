"""Pages whose length was known, by payload class, as each is stored or refused. No kernel counts this.

Those that are compressed are counted by who compresses them: Contents.
"""

import cython

from zswap_replay.lib.columns import LONGLONG, column

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import CLASS_SHIFT, NR_CLASSES

    # what became of the pages of a class, in the order of ClassCounts.counts
    CLASS_STORED = 0
    CLASS_SAME_FILLED = 1
    CLASS_REFUSED = 2
    CLASS_BYTES = 3
    NR_CLASS_COUNTS = 4


class ClassCounts:
    """The counts of zswap, or of a zram device."""

    def __init__(self) -> None:
        # [payload class * NR_CLASS_COUNTS + what]
        self.counts = column(NR_CLASSES * NR_CLASS_COUNTS, LONGLONG)

    def count(self, kind: cython.int, event: cython.int, length: cython.int) -> None:
        """Count a page: ``kind`` is what Lengths hold of it, ``event`` CLASS_STORED and so on, ``length`` in bytes."""
        at: cython.int = (kind >> CLASS_SHIFT) * NR_CLASS_COUNTS
        self.counts[at + event] += 1
        self.counts[at + CLASS_BYTES] += length
