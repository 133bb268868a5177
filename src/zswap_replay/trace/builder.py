"""Small traces built row by row: for tests, and for the memcg events that generators and importers write."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Self

import pyarrow as pa

from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, SECOND_SCHEMA, Event
from zswap_replay.trace.writer import DEFAULT_ROW_GROUP_ROWS, TraceWriter


class TraceBuilder:
    """A trace in memory; each method appends one event and returns the builder.

    `at` sets the time of the next row; each row after it is `step_ns` later.

    >>> trace = TraceBuilder().memcg_create("/a").write("/a", 0, count=8).snapshot("end")
    >>> trace.table().num_rows
    3
    """

    def __init__(self, *, step_ns: int = 1_000_000) -> None:
        self._step_ns = step_ns
        self._time_ns = 0
        self._rows: list[dict[str, Any]] = []

    def at(self, time_ns: int) -> Self:
        """Set the time of the next row, in nanoseconds."""
        self._time_ns = time_ns
        return self

    def row(self, **columns: Any) -> Self:
        """Append a row with the given columns of SCHEMA, unchecked; `time_ns` is filled in."""
        self._rows.append({"time_ns": self._time_ns, **columns})
        self._time_ns += self._step_ns
        return self

    def read(self, memcg: str, page: int, **more: int) -> Self:
        """Append a read of `page`; `more` may give count, node and content."""
        return self._page_event(Event.READ, memcg, page, more)

    def write(self, memcg: str, page: int, **more: int) -> Self:
        """Append a write to `page`; `more` may give count, node and content."""
        return self._page_event(Event.WRITE, memcg, page, more)

    def pageout(self, memcg: str, page: int, **more: int) -> Self:
        """Append a pageout of `page`, as MADV_PAGEOUT does; `more` may give count."""
        return self._page_event(Event.PAGEOUT, memcg, page, more)

    def discard(self, memcg: str, page: int, **more: int) -> Self:
        """Append the freeing of `page`; `more` may give count."""
        return self._page_event(Event.DISCARD, memcg, page, more)

    def memcg_create(self, memcg: str) -> Self:
        """Append the creation of a memcg (mkdir)."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_CREATE], memcg=memcg)

    def memcg_offline(self, memcg: str) -> Self:
        """Append the removal of a memcg (rmdir)."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_OFFLINE], memcg=memcg)

    def memcg_set(self, memcg: str, key: str, value: int | str) -> Self:
        """Append a write of `value` to the cgroup file `key`."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_SET], memcg=memcg, key=key, value=str(value))

    def memcg_reclaim(self, memcg: str, value: int | str) -> Self:
        """Append a write of `value`, a size in bytes, to memory.reclaim."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_RECLAIM], memcg=memcg, value=str(value))

    def param(self, key: str, value: int | str) -> Self:
        """Append a write of `value` to the zswap module parameter `key`."""
        return self.row(event=EVENT_NAMES[Event.PARAM], key=key, value=str(value))

    def settle(self) -> Self:
        """Append a settle: the shrink worker finishes before the next event."""
        return self.row(event=EVENT_NAMES[Event.SETTLE])

    def worker(self, what: int | str) -> Self:
        """Append what was seen of the shrink worker: `begin` or `end` of a run, or a number of its turns."""
        return self.row(event=EVENT_NAMES[Event.WORKER], value=str(what))

    def seen_reads(self, seen: bool = True) -> Self:
        """Append that reads from here on were seen at their slots, or that they are not any more."""
        return self.row(event=EVENT_NAMES[Event.SEEN_READS], value=str(int(seen)))

    def snapshot(self, label: str) -> Self:
        """Append a snapshot of all counters, named `label`."""
        return self.row(event=EVENT_NAMES[Event.SNAPSHOT], key=label)

    def table(self) -> pa.Table:
        """Return the rows so far as a table of SCHEMA."""
        return pa.Table.from_pylist(self._rows, schema=SCHEMA)

    def save(
        self,
        path: str | os.PathLike[str],
        metadata: TraceMetadata | None = None,
        *,
        row_group_rows: int = DEFAULT_ROW_GROUP_ROWS,
    ) -> None:
        """Write the rows so far to a trace file, of schema 2 where they need it. Raises as TraceWriter does."""
        second = {EVENT_NAMES[event] for event in SECOND_SCHEMA}
        if any(row["event"] in second for row in self._rows):
            metadata = replace(metadata or TraceMetadata(), schema=2)
        with TraceWriter(path, metadata, row_group_rows=row_group_rows) as writer:
            writer.write(self.table())

    def _page_event(self, event: Event, memcg: str, page: int, more: dict[str, int]) -> Self:
        return self.row(event=EVENT_NAMES[event], memcg=memcg, page=page, **more)
