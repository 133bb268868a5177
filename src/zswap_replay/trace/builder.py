"""Builds small traces row by row, for tests and for importers of control events."""

from __future__ import annotations

import os
from typing import Any, Self

import pyarrow as pa

from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, Event
from zswap_replay.trace.writer import DEFAULT_ROW_GROUP_ROWS, TraceWriter


class TraceBuilder:
    """Rows in the making; each method appends one event and returns the builder.

    `at` sets the clock for the rows that follow; every row moves it on by `step_ns`.

    >>> trace = TraceBuilder().memcg_create("/a").write("/a", 0, count=8).snapshot("end")
    >>> trace.table().num_rows
    3
    """

    def __init__(self, *, step_ns: int = 1_000_000) -> None:
        self._step_ns = step_ns
        self._time_ns = 0
        self._rows: list[dict[str, Any]] = []

    def at(self, time_ns: int) -> Self:
        """Sets the time of the next row."""
        self._time_ns = time_ns
        return self

    def row(self, **columns: Any) -> Self:
        """Appends a row of any columns of the schema, checked by nobody; `time_ns` is filled in."""
        self._rows.append({"time_ns": self._time_ns, **columns})
        self._time_ns += self._step_ns
        return self

    def read(self, memcg: str, page: int, **more: int) -> Self:
        """A read of `page`; `more` may give count, node and content."""
        return self._page(Event.READ, memcg, page, more)

    def write(self, memcg: str, page: int, **more: int) -> Self:
        """A write to `page`; `more` may give count, node and content."""
        return self._page(Event.WRITE, memcg, page, more)

    def pageout(self, memcg: str, page: int, **more: int) -> Self:
        """Reclaim of `page`; `more` may give count."""
        return self._page(Event.PAGEOUT, memcg, page, more)

    def discard(self, memcg: str, page: int, **more: int) -> Self:
        """The end of `page`; `more` may give count."""
        return self._page(Event.DISCARD, memcg, page, more)

    def memcg_create(self, memcg: str) -> Self:
        """Mkdir."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_CREATE], memcg=memcg)

    def memcg_offline(self, memcg: str) -> Self:
        """Rmdir."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_OFFLINE], memcg=memcg)

    def memcg_set(self, memcg: str, key: str, value: int | str) -> Self:
        """A write of `value` to the cgroup file `key`."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_SET], memcg=memcg, key=key, value=str(value))

    def memcg_reclaim(self, memcg: str, value: int | str) -> Self:
        """A write of a number of bytes to memory.reclaim."""
        return self.row(event=EVENT_NAMES[Event.MEMCG_RECLAIM], memcg=memcg, value=str(value))

    def param(self, key: str, value: int | str) -> Self:
        """A write to a module parameter of zswap."""
        return self.row(event=EVENT_NAMES[Event.PARAM], key=key, value=str(value))

    def settle(self) -> Self:
        """Waits for the shrink worker."""
        return self.row(event=EVENT_NAMES[Event.SETTLE])

    def snapshot(self, label: str) -> Self:
        """Takes all counters under `label`."""
        return self.row(event=EVENT_NAMES[Event.SNAPSHOT], key=label)

    def table(self) -> pa.Table:
        """The rows so far, under SCHEMA."""
        return pa.Table.from_pylist(self._rows, schema=SCHEMA)

    def save(
        self,
        path: str | os.PathLike[str],
        metadata: TraceMetadata | None = None,
        *,
        row_group_rows: int = DEFAULT_ROW_GROUP_ROWS,
    ) -> None:
        """Writes the rows so far as a trace."""
        with TraceWriter(path, metadata, row_group_rows=row_group_rows) as writer:
            writer.write(self.table())

    def _page(self, event: Event, memcg: str, page: int, more: dict[str, int]) -> Self:
        return self.row(event=EVENT_NAMES[event], memcg=memcg, page=page, **more)
