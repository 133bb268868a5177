"""Accesses and working set over time, in windows of any length that is a multiple of the finest one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_U64 = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Window:
    """A stretch of time, from `start_ns` of the trace's clock on."""

    start_ns: int
    reads: int
    """Pages read, each access of one."""
    writes: int
    pages: int
    """Distinct pages touched: the working set."""
    new_pages: int
    """Of those, the ones that nothing touched before."""


@dataclass(frozen=True)
class Timeline:
    """The finest windows, each `window_ns` long, the first from `start_ns` on."""

    start_ns: int
    window_ns: int
    reads: _U64
    writes: _U64
    fresh: _U64
    """Pages by window and by the window that touched them last before, which is one less than the column; 0: none."""

    def width_ns(self, most: int) -> int:
        """Return the length of a window, 1, 2 or 5 times a power of ten, where at most so many are wanted."""
        return self.window_ns * self._together(most)

    def windows(self, most: int) -> Iterator[Window]:
        """Yield at most so many windows, which cover the whole trace; a page counts once in each."""
        together = self._together(most)
        for number, first in enumerate(range(0, len(self.reads), together)):
            rows = slice(first, first + together)
            # of each page that the windows touch, the access before which it was touched by none of them
            before = self.fresh[rows, : first + 1]
            yield Window(
                self.start_ns + number * together * self.window_ns,
                int(self.reads[rows].sum()),
                int(self.writes[rows].sum()),
                int(before.sum()),
                int(before[:, 0].sum()),
            )

    def _together(self, most: int) -> int:
        together = 1
        while -(-len(self.reads) // together) > most:
            together = together * 5 // 2 if str(together).startswith("2") else together * 2
        return together
