"""Accesses that a TLB would hide: those to the pages that were touched last."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt


class Window:
    """The last pages that were touched, each with whether it was written since it came in.

    An access to one of them is dropped, but for the first write; a window of 0 pages drops none.
    """

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._written: OrderedDict[int, bool] = OrderedDict()

    def kept(self, page: npt.NDArray[np.uint64], event: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
        """Return the places of the accesses that are kept; `event` is 0 for a read and 1 for a write."""
        if not self._pages:
            return np.arange(len(page))
        # runs of equal accesses are dropped all at once
        change = np.ones(len(page), np.bool_)
        change[1:] = (page[1:] != page[:-1]) | (event[1:] != event[:-1])
        places = np.flatnonzero(change)
        each = zip(places.tolist(), page[places].tolist(), (event[places] == 1).tolist(), strict=True)
        return np.array([at for at, number, write in each if self.keeps(number, write)], np.intp)

    def keeps(self, page: int, write: bool) -> bool:
        """Take one access, and tell whether it is kept."""
        if not self._pages:
            return True
        known = self._written.get(page)
        if known is None:
            self._written[page] = write
            if len(self._written) > self._pages:
                self._written.popitem(last=False)
            return True
        self._written.move_to_end(page)
        if write and not known:
            self._written[page] = True
            return True
        return False
