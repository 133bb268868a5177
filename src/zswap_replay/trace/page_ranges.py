"""Ranges of page numbers, and the parts of runs of pages that lie in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError
from zswap_replay.units import quoted

_U64 = npt.NDArray[np.uint64]
_MAX = (1 << 64) - 1
_NUMBER = r"(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})"
_RANGE = re.compile(rf"{_NUMBER}(-{_NUMBER}?)?")


@dataclass(frozen=True)
class PageRanges:
    """Ranges of pages, from the first to the last of each, in order and apart from one another."""

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> PageRanges:
        """Read ranges: ``4096``, ``0x1000-0x1fff`` with both ends, ``4096-`` without an end. Raises SettingsError."""
        found = []
        for text in texts:
            match = _RANGE.fullmatch(text.strip())
            if match is None:
                raise SettingsError(
                    f"pages: found {quoted(text)}; expected a page or two, such as 4096, 0x1000-0x1fff or 4096-"
                )
            first = int(match[1], 0 if match[1][:2].lower() == "0x" else 10)
            last = first if match[2] is None else _MAX
            if match[3] is not None:
                last = int(match[3], 0 if match[3][:2].lower() == "0x" else 10)
            if not first <= last <= _MAX:
                raise SettingsError(
                    f"pages: found {quoted(text)}; expected a first page and a last one not before it"
                )
            found.append((first, last))
        return cls.joined(found)

    @classmethod
    def joined(cls, ranges: Sequence[tuple[int, int]]) -> PageRanges:
        """Join ranges that overlap or touch."""
        whole: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if whole and first <= whole[-1][1] + 1:
                whole[-1] = whole[-1][0], max(last, whole[-1][1])
            else:
                whole.append((first, last))
        return cls(tuple(whole))

    def touched(self, page: _U64, count: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return which runs have a page that is in a range, a bool each."""
        last = page + (count - np.uint32(1))
        inside = np.zeros(len(page), np.bool_)
        for low, high in self.ranges:
            inside |= (page <= np.uint64(high)) & (last >= np.uint64(low))
        return inside

    def cut(
        self, page: _U64, count: npt.NDArray[np.uint32], is_run: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.intp], _U64, npt.NDArray[np.uint32]]:
        """Return the parts of runs that lie in ranges: the run's index, its first page there, and how many there are.

        They are in the order of the runs and of their pages. What `is_run` is false for stays as it is.
        """
        last = page + (count - np.uint32(1))
        other = np.flatnonzero(~is_run)
        places, firsts, numbers = [other], [page[other]], [count[other]]
        for low, high in self.ranges:
            place = np.flatnonzero(is_run & (page <= np.uint64(high)) & (last >= np.uint64(low)))
            first = np.maximum(page[place], np.uint64(low))
            places.append(place)
            firsts.append(first)
            numbers.append(
                (np.minimum(last[place], np.uint64(high)) - first + np.uint64(1)).astype(np.uint32)
            )
        found = np.concatenate(places)
        order = np.argsort(found, kind="stable")
        return found[order], np.concatenate(firsts)[order], np.concatenate(numbers)[order]
