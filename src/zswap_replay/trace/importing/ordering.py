"""Rows put in order of time while they are read, as far as they nearly are: some tools print lines late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import TraceError

HELD_ROWS = 1 << 19
"""Rows that are held back, so that one that comes so many rows late still finds its place."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a trace: a table of SCHEMA, its times, the lines that they come from, and who owns each."""

    table: pa.Table
    time_ns: npt.NDArray[np.uint64]
    line: Numbers
    owner: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.time_ns)

    def cut(self, rows: int) -> tuple[Held, Held]:
        """Split into the first `rows` rows and the others."""
        owner = self.owner
        return (
            Held(
                self.table.slice(0, rows),
                self.time_ns[:rows],
                self.line[:rows],
                None if owner is None else owner[:rows],
            ),
            Held(
                self.table.slice(rows),
                self.time_ns[rows:],
                self.line[rows:],
                None if owner is None else owner[rows:],
            ),
        )


class Ordering:
    """Holds rows back, and hands them on in order of time; rows of the same time keep their order."""

    def __init__(self, name: str, unit: str) -> None:
        self._name = name
        self._unit = unit
        self._held: list[Held] = []
        self._rows = 0
        self._last = 0
        self._newest = 0
        self._sorted = True
        self.late = 0
        """Rows that were earlier than the one before them."""

    def add(self, rows: Held) -> Iterator[Held]:
        """Take rows and yield those that no later one can come before. Raises TraceError: one is far too late."""
        if not len(rows):
            return
        times = rows.time_ns
        late = int(np.count_nonzero(times[1:] < times[:-1])) + (int(times[0]) < self._newest)
        if late:
            self.late += late
            self._sorted = False
        self._newest = int(times[-1])
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows >= 2 * HELD_ROWS:
            yield from self._hand_on(self._rows - HELD_ROWS)

    def rest(self) -> Iterator[Held]:
        """Yield all rows that are left."""
        yield from self._hand_on(self._rows)

    def _hand_on(self, rows: int) -> Iterator[Held]:
        if not rows:
            return
        whole = _joined(self._held) if len(self._held) > 1 else self._held[0]
        if not self._sorted:
            whole = _in_order(whole)
        first, rest = whole.cut(rows)
        if int(first.time_ns[0]) < self._last:
            early = int(first.time_ns[0])
            raise TraceError(
                f"{self._name}: {self._unit} {first.line[0]}: found the time {early} ns, where {self._last} ns was "
                f"{HELD_ROWS:,} rows before; expected rows in order of time, or nearly so"
            )
        self._last = int(first.time_ns[-1])
        self._held = [rest] if len(rest) else []
        self._rows = len(rest)
        # what is left is in order, and what comes may be too
        self._sorted = True
        self._newest = int(rest.time_ns[-1]) if len(rest) else self._last
        yield first


def _joined(held: list[Held]) -> Held:
    owners = [rows.owner for rows in held if rows.owner is not None]
    return Held(
        pa.concat_tables([rows.table for rows in held]),
        np.concatenate([rows.time_ns for rows in held]),
        np.concatenate([rows.line for rows in held]),
        np.concatenate(owners) if owners else None,
    )


def _in_order(rows: Held) -> Held:
    order = np.argsort(rows.time_ns, kind="stable")
    table = rows.table.unify_dictionaries().combine_chunks()
    return Held(
        table.take(order),
        rows.time_ns[order],
        rows.line[order],
        None if rows.owner is None else rows.owner[order],
    )
