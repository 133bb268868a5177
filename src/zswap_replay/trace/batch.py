"""Rows of a trace as the replay reads them: numpy columns, with texts interned or parsed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zswap_replay.lib.column_passes import RowFacts, row_facts
from zswap_replay.trace.events import Reclaim
from zswap_replay.trace.schema import Event

NO_MEMCG = -1
"""The memcg of a row that names none."""

_row = itemgetter(0)


class Control(NamedTuple):
    """One row that does more than touch pages: a snapshot, a memcg event or a module parameter."""

    row: int
    """Index of the row in its batch."""
    time_ns: int
    event: Event
    memcg: int
    """Id of the memcg, or NO_MEMCG for machine events."""
    key: str | None
    value: int | str | Reclaim | None
    """What schema.parse_knob() returned; None for events that write nothing."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a trace; every array is C-contiguous and as long as the others.

    They may be read-only, and shared with other batches.
    """

    first_row: int
    """Number of the batch's first row in the whole trace, from 0."""
    time_ns: npt.NDArray[np.uint64]
    event: npt.NDArray[np.uint8]
    """Codes of schema.Event."""
    memcg: npt.NDArray[np.int32]
    """Ids into TraceReader.paths, or NO_MEMCG."""
    page: npt.NDArray[np.uint64]
    count: npt.NDArray[np.uint32]
    node: npt.NDArray[np.uint8]
    content: npt.NDArray[np.uint64]
    """Content ids; 0 where has_content is 0."""
    has_content: npt.NDArray[np.uint8]
    controls: list[Control] = field(default_factory=list)
    """The rows whose event is SNAPSHOT or above, in order."""
    page_index: npt.NDArray[np.int32] | None = None
    """What PageIndices found of these rows and all before them, where somebody has asked it."""
    known: InitVar[RowFacts | None] = None
    """The facts, where somebody has looked for them; replace() looks anew."""
    facts: RowFacts = field(init=False)
    """What one pass over the columns of these rows, or of more, has found."""

    def __post_init__(self, known: RowFacts | None) -> None:
        """Look at the columns once, unless the facts are ``known``."""
        object.__setattr__(self, "facts", known or row_facts(*(column.data for column in self.columns())))

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """Return the columns in the order in which the core takes them."""
        return (
            self.time_ns,
            self.event,
            self.memcg,
            self.page,
            self.count,
            self.node,
            self.content,
            self.has_content,
        )

    @property
    def nr_page_events(self) -> int:
        """Rows that are accesses or discards of pages."""
        if self.facts.highest_event <= Event.DISCARD:
            return len(self)
        return int(np.count_nonzero(self.event <= Event.DISCARD))

    def __len__(self) -> int:
        return len(self.time_ns)

    def part(self, start: int, stop: int) -> Batch:
        """Return rows `start` up to `stop`, counted in this batch, as views of the same arrays."""
        rows = slice(start, stop)
        return Batch(
            self.first_row + start,
            self.time_ns[rows],
            self.event[rows],
            self.memcg[rows],
            self.page[rows],
            self.count[rows],
            self.node[rows],
            self.content[rows],
            self.has_content[rows],
            self._controls(start, stop),
            None if self.page_index is None else self.page_index[rows],
            self.facts,
        )

    def _controls(self, start: int, stop: int) -> list[Control]:
        """Return the controls of rows `start` up to `stop`, counted from there: there may be one in each row."""
        first, last = (bisect_left(self.controls, row, key=_row) for row in (start, stop))
        if not start:
            return self.controls[:last]
        return [
            Control(row - start, time_ns, event, memcg, key, value)
            for row, time_ns, event, memcg, key, value in self.controls[first:last]
        ]


def cut(batches: Iterator[Batch], rows: int) -> Iterator[Batch]:
    """Split batches into batches of at most `rows` rows, in the same order.

    >>> from zswap_replay.trace.reader import open_trace
    >>> max(len(batch) for batch in cut(open_trace("traces/db.parquet").batches(), 1000))
    1000
    """
    for batch in batches:
        if len(batch) <= rows:
            yield batch
        else:
            yield from (
                batch.part(start, min(start + rows, len(batch))) for start in range(0, len(batch), rows)
            )
