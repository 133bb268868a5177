"""The number of distinct pages of an import, as far as memory is bounded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST_PAGES = 1 << 22
"""Distinct pages up to which they are counted: 32 MB."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class DistinctPages:
    """Counts the distinct pages of memcgs."""

    def __init__(self) -> None:
        self._keys: npt.NDArray[np.uint64] | None = np.empty(0, np.uint64)

    @property
    def number(self) -> int | None:
        """The distinct pages so far; None where there were more than MOST_PAGES, or a row held a run of them."""
        return None if self._keys is None else len(self._keys)

    def add(self, memcg: npt.NDArray[np.int32], page: npt.NDArray[np.uint64]) -> None:
        """Take accesses: the numbers of their memcgs, and of their pages."""
        if self._keys is None or not len(page):
            return
        # in one number: equal only for other pages by a chance of one in 10^6 of a trace of millions
        found = np.unique(page + memcg.astype(np.uint64) * _GOLDEN)
        if len(self._keys):
            at = np.minimum(np.searchsorted(self._keys, found), len(self._keys) - 1)
            found = found[self._keys[at] != found]
        if not len(found):
            return
        # stable: two sorted runs are merged in one pass
        self._keys = np.sort(np.concatenate((self._keys, found)), kind="stable")
        if len(self._keys) > MOST_PAGES:
            self._keys = None

    def give_up(self) -> None:
        """Count no more."""
        self._keys = None
