"""Sources of measured pages: where each page is read from, and the number by which it is known afterwards."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from zswap_replay.units import PAGE_SIZE

Kind = Literal["process", "core dump", "machine image", "swap area", "raw file"]

ADDRESSED: Final = ("process", "core dump")
"""The kinds of sources in which a page's place is its virtual address."""

SOURCE_SHIFT: Final = 45
"""The bits of a content id above a page's place: the number of its source. Addresses have 57 bits at most."""

MOST_SOURCES: Final = 1 << 62 - SOURCE_SHIFT
"""Bit 63 of a content id is that of derived contents."""


class PageRun(NamedTuple):
    """Pages that follow each other."""

    place: int
    """Number of the first page: its address over 4096, or its place in the file."""
    offset: int
    """Where its bytes are in the file, in bytes."""
    pages: int


@dataclass(slots=True)
class Source:
    """Pages of one origin. What is not measured of it is counted by its reason in ``left_out``."""

    name: str
    kind: Kind
    path: str
    """The file that has the bytes."""
    find: Callable[[Source], Iterator[PageRun]]
    """Find the runs of pages to measure; counts in ``left_out`` are complete when it has ended."""
    pages: int
    """The pages that are expected; those of a process may be others by the time that they are read."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Pages by the reason why they are not measured."""
    incomplete: str = ""
    """What is missing of it that should be there, in one line; empty where nothing is."""
    descriptors: tuple[int, ...] = ()
    """What is open for it until ``close``."""

    @property
    def by_address(self) -> bool:
        """Whether a page's place is its virtual address."""
        return self.kind in ADDRESSED

    def runs(self) -> Iterator[PageRun]:
        """Yield the runs of pages to measure, in the order of the file."""
        self.left_out.clear()
        return self.find(self)

    def close(self) -> None:
        """Close what is open for it."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()

    def leave_out(self, reason: str, pages: int) -> None:
        """Count pages that are not measured."""
        if pages:
            self.left_out[reason] = self.left_out.get(reason, 0) + pages


HOLES: Final = "in holes of the file"


def data_runs(descriptor: int, start: int, pages: int) -> Iterator[tuple[int, int]]:
    """Yield what a file holds of ``pages`` pages from byte ``start`` on, without its holes: first page and number.

    A page that is in part a hole is yielded. Of a file or device that has no notion of holes all pages are. A sparse
    file takes as long as it has data, whatever its size.
    """
    end = start + pages * PAGE_SIZE
    at, done = start, 0
    while at < end:
        try:
            data = os.lseek(descriptor, at, os.SEEK_DATA)
            hole = os.lseek(descriptor, data, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data from here on
                return
            data, hole = at, end
        if data >= end:
            return
        first = max((data - start) // PAGE_SIZE, done)
        last = -(-(min(hole, end) - start) // PAGE_SIZE)
        if last > first:
            yield first, last - first
        done = max(last, done)
        at = max(hole, at + 1)
