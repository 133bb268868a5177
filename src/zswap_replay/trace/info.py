"""A summary of a trace for people: totals, and the pages of each memcg."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.batch import Batch
from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.schema import EVENT_NAMES, Event

_U64 = npt.NDArray[np.uint64]

_FEW_RUNS = 1 << 16
"""Runs of pages that wait at least before they are joined with those seen before."""


@dataclass(frozen=True)
class MemcgInfo:
    """A memcg of a trace: the number of its page events, and of the distinct pages that they name."""

    path: str
    page_events: int
    pages: int


@dataclass(frozen=True)
class TraceInfo:
    """Totals of a trace."""

    rows: int
    events: dict[str, int]
    """Number of rows of each event that occurs, in the order of the events' codes."""
    memcgs: list[MemcgInfo]
    """In the order of their ids; the root only if an event names it."""
    first_ns: int
    last_ns: int
    snapshots: list[str]
    """Labels, in order."""

    @property
    def pages(self) -> int:
        """Number of distinct pages, all memcgs together."""
        return sum(memcg.pages for memcg in self.memcgs)

    @property
    def page_events(self) -> int:
        """Number of rows that are page events."""
        return sum(memcg.page_events for memcg in self.memcgs)


class PagesSeen:
    """The distinct pages of one memcg, as runs that do not overlap: the first and the last page of each."""

    def __init__(self) -> None:
        self.events = 0
        self._first: _U64 = np.empty(0, np.uint64)
        self._last: _U64 = np.empty(0, np.uint64)
        self._added: list[tuple[_U64, _U64]] = []
        """What was added and not joined yet: to join few with many takes as long as to join many."""
        self._waiting = 0

    def add(self, first: _U64, last: _U64) -> None:
        """Add the pages `first[i]` to `last[i]`, inclusive, of each page event i."""
        self.events += len(first)
        self._added.append((first, last))
        self._waiting += len(first)
        if self._waiting >= max(len(self._first) >> 1, _FEW_RUNS):
            self._join()

    def _join(self) -> None:
        if not self._waiting:
            return
        first = np.concatenate((self._first, *(added[0] for added in self._added)))
        last = np.concatenate((self._last, *(added[1] for added in self._added)))
        self._added, self._waiting = [], 0
        order = np.argsort(first, kind="stable")
        first, reach = first[order], np.maximum.accumulate(last[order])
        # A run ends where the next one starts past all that came before, and not right behind it. (No + 1 here: it
        # would overflow at page 2^64 - 1.)
        apart = (first[1:] > reach[:-1]) & (first[1:] - np.uint64(1) != reach[:-1])
        starts = np.concatenate((np.ones(1, np.bool_), apart))
        self._first = first[starts]
        self._last = reach[np.concatenate((starts[1:], np.ones(1, np.bool_)))]

    @property
    def count(self) -> int:
        """Number of distinct pages."""
        self._join()
        return int(np.sum(self._last - self._first, dtype=object)) + len(self._first)


def describe(
    reader: TraceReader,
    progress: Callable[[int, int], None] | None = None,
    watch: Callable[[Batch], None] | None = None,
) -> TraceInfo:
    """Read the whole trace and count its rows, events, memcgs and pages.

    ``progress`` is told the rows read and the rows in all; ``watch`` is given each batch. Raises TraceError as the
    reader does.
    """
    events = np.zeros(len(Event), np.int64)
    seen: dict[int, PagesSeen] = {}
    named: set[int] = set()
    labels: list[str] = []
    first_ns = last_ns = 0
    for batch in reader.batches():
        events += np.bincount(batch.event, minlength=len(Event))
        if not batch.first_row:
            first_ns = int(batch.time_ns[0])
        last_ns = int(batch.time_ns[-1])
        named.update(control.memcg for control in batch.controls)
        labels.extend(control.key or "" for control in batch.controls if control.event is Event.SNAPSHOT)
        page_event = batch.event <= Event.DISCARD
        for memcg in np.unique(batch.memcg[page_event]).tolist():
            rows = page_event & (batch.memcg == memcg)
            first = batch.page[rows]
            last = first + (batch.count[rows] - np.uint32(1))
            seen.setdefault(memcg, PagesSeen()).add(first, last)
        if watch is not None:
            watch(batch)
        if progress is not None:
            progress(batch.first_row + len(batch), reader.num_rows)
    none = PagesSeen()
    memcgs = [
        MemcgInfo(path, seen.get(memcg, none).events, seen.get(memcg, none).count)
        for memcg, path in enumerate(reader.paths)
        if memcg or memcg in seen or memcg in named
    ]
    counts = {EVENT_NAMES[code]: int(count) for code, count in enumerate(events) if count}
    return TraceInfo(reader.num_rows, counts, memcgs, first_ns, last_ns, labels)
