"""The rows of a trace that a capture becomes, column by column."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from zswap_replay.trace.schema import EVENT_NAMES, ROOT, SCHEMA, SECOND_SCHEMA, Event, with_ancestors

_TABLE_ROWS = 1 << 16
"""Rows that are held in memory."""


class Rows:
    """Rows that grow at the end, and are handed on. Turns of the worker that follow one another become one row."""

    def __init__(self, write: Callable[[pa.Table], None] | None = None) -> None:
        """Give tables of SCHEMA to ``write``, which may be set later, before there are many rows."""
        self.write = write
        self._columns: dict[str, list[int | str | None]] = {name: [] for name in SCHEMA.names}
        self._turns = 0
        self._turned_at = 0
        self._known: set[str] = {ROOT}
        self._live: set[str] = {ROOT}
        self.schema = 1

    def __len__(self) -> int:
        return len(self._columns["time_ns"])

    def add(
        self,
        time_ns: int,
        event: Event,
        memcg: str | None = None,
        page: int | None = None,
        *,
        content: int | None = None,
        node: int | None = None,
        key: str | None = None,
        value: str | None = None,
    ) -> None:
        """Append a row."""
        if self._turns:
            turns, self._turns = self._turns, 0
            self.add(self._turned_at, Event.WORKER, value=str(turns))
        if event in SECOND_SCHEMA:
            self.schema = 2
        if memcg is not None and memcg not in self._known:
            # it is made by its first use, and so are those above it
            self._known.update(with_ancestors(memcg))
            self._live.update(with_ancestors(memcg))
        row = (time_ns, EVENT_NAMES[event], memcg, page, None, node, content, key, value)
        for column, cell in zip(self._columns.values(), row, strict=True):
            column.append(cell)
        if len(self) >= _TABLE_ROWS:
            self.hand_on()

    def create(self, time_ns: int, memcg: str) -> None:
        """Append the creation of a memcg, and before it what was not seen: of those above it, or its own removal."""
        if memcg in self._live:
            self.remove(time_ns, memcg)
        for each in with_ancestors(memcg):
            if each not in self._live:
                self._known.add(each)
                self._live.add(each)
                self.add(time_ns, Event.MEMCG_CREATE, each)

    def remove(self, time_ns: int, memcg: str) -> None:
        """Append the removal of a memcg, and before it those below it that were not seen; nothing if it never was."""
        if memcg == ROOT or memcg not in self._live:
            return
        below = sorted((each for each in self._live if each.startswith(f"{memcg}/")), key=len, reverse=True)
        for each in (*below, memcg):
            self._live.discard(each)
            self.add(time_ns, Event.MEMCG_OFFLINE, each)

    def is_dead(self, memcg: str) -> bool:
        """Tell whether a memcg was there, and is not any more."""
        return memcg in self._known and memcg not in self._live

    def turn(self, time_ns: int) -> None:
        """Append a turn of the worker."""
        self._turns += 1
        self._turned_at = time_ns

    def hand_on(self) -> None:
        """Write the rows that are held, as a table of SCHEMA."""
        arrays = [
            pa.array(self._columns[field.name], pa.string()).dictionary_encode()
            if pa.types.is_dictionary(field.type)
            else pa.array(self._columns[field.name], field.type)
            for field in SCHEMA
        ]
        for column in self._columns.values():
            column.clear()
        assert self.write is not None
        self.write(pa.Table.from_arrays(arrays, schema=SCHEMA))
