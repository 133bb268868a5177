"""Reuse distances of a trace's accesses, and the miss ratios that an LRU cache of any size would have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Reuse:
    """How many accesses have which reuse distance: the number of other pages touched since the page's last access.

    Accesses alone count, reads and writes, a run of pages as one access each; what else happens to a page ends nothing.
    """

    accesses: int
    """Accesses, exactly, also where the distances are those of a sample."""
    cold: int
    """First accesses of a page, which have no distance."""
    level: int
    """0: all pages were followed. Else one of ``1 << level`` was, and numbers are estimates, multiples of that."""
    counts: npt.NDArray[np.uint64]
    """Accesses whose distance is from ``i << level`` on and below ``(i + 1) << level``, by i."""

    @property
    def sampled(self) -> bool:
        """Whether only a sample of the pages was followed."""
        return self.level > 0

    @property
    def pages(self) -> int:
        """Number of pages from which on a cache has cold misses alone, at least the smallest that is told apart."""
        return max(len(self.counts), 1) << self.level

    def miss_ratio(self, pages: int) -> float:
        """Return the share of accesses that miss in an LRU cache of so many pages, cold misses included.

        Of a sample sizes between two multiples of ``1 << level`` have the ratio of the lower one.
        """
        if not self.accesses:
            return 0.0
        missed = self.cold + int(self.counts[pages >> self.level :].sum())
        return min(missed / self.accesses, 1.0)

    def buckets(self) -> Iterator[tuple[int, int, int]]:
        """Yield the distances by powers of two: the first and the last one, and the accesses that have one of them.

        A bucket without any is left out; a sample's first one begins at 0 and is as wide as the sample is coarse.
        """
        first, end = 0, 1
        while first < len(self.counts):
            found = int(self.counts[first:end].sum())
            if found:
                yield first << self.level, (end << self.level) - 1, found
            first, end = end, 2 * end

    def curve(self) -> list[tuple[int, float]]:
        """Return the miss-ratio curve: sizes in pages, 2^k and 3 * 2^k, each with its ratio, up to `pages`."""
        points = []
        size, step = 1 << self.level, 0
        while size < self.pages:
            points.append((size, self.miss_ratio(size)))
            size, step = (size * 4 // 3, 0) if step else (size * 3 // 2, 1) if size > 1 else (2, 0)
        return [*points, (self.pages, self.miss_ratio(self.pages))] if self.accesses else []
