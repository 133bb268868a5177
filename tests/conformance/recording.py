"""What a kernel showed while a case ran, as rows of numbers: one run has thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.result.numbers import OF_MACHINE, ROOT, Layout, Numbers

Row = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Found = tuple[str, int | str | None, int | str | None]
"""A counter, what it should be and what it is."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where pages of a memcg are, a letter each from ``page`` on."""

    memcg: str
    page: int
    where: str


class Counters:
    """Counters in columns; a row may lack some of them, which are not compared then."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table with a column of numbers for each counter."""
        self.names: tuple[str, ...] = tuple(table.column_names)
        columns = [table.column(name).combine_chunks().cast(pa.int64()) for name in self.names]
        shape = table.num_rows, len(columns)
        self._values, self._known = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        for place, column in enumerate(columns):
            self._values[:, place] = column.fill_null(0).to_numpy(zero_copy_only=False)
            self._known[:, place] = column.is_valid().to_numpy(zero_copy_only=False)
        self._places = np.zeros(len(columns), np.intp)
        self._absent: dict[Sequence[str], Mask] = {}

    def find(self, names: Sequence[str]) -> None:
        """Learn the names of a replay's counters, in the order of its values."""
        self._places = np.array([names.index(name) if name in names else 0 for name in self.names], np.intp)
        self._absent = {(): np.array([name not in names for name in self.names], np.bool_)}

    def first(self, row: int, got: Row, absent: Sequence[str] = ()) -> Found | None:
        """Return the first counter of a row that differs from a replay's, which has none of those ``absent``."""
        if absent not in self._absent:
            self._absent[absent] = self._absent[()] | np.isin(self.names, absent)
        lacking, mine = self._absent[absent], got[self._places]
        differ = ((mine != self._values[row]) | lacking) & self._known[row]
        if not differ.any():
            return None
        at = int(differ.argmax())
        return self.names[at], int(self._values[row, at]), None if lacking[at] else int(mine[at])


class Recording:
    """All snapshots of a case, in the order of its trace."""

    def __init__(self, counters: pa.Table, memcgs: pa.Table, places: pa.Table) -> None:
        """Take the rows that the case has in counters.parquet, memcgs.parquet and places.parquet."""
        self.labels = [str(label) for label in counters.column("label").to_pylist()]
        self.places = {
            row["snapshot"]: Places(row["memcg"], row["page"], row["where"]) for row in places.to_pylist()
        }
        self._machine = Counters(counters.drop_columns(["snapshot", "label"]))
        self._rows: dict[int, list[tuple[int, str]]] = {}
        """By snapshot: rows of memcgs, with their paths."""
        if memcgs.num_rows:
            named = zip(*(memcgs.column(name).to_pylist() for name in ("snapshot", "memcg")), strict=True)
            for row, (snapshot, path) in enumerate(named):
                self._rows.setdefault(snapshot, []).append((row, path))
            memcgs = memcgs.drop_columns(["snapshot", "memcg"])
        self._memcgs = Counters(memcgs)
        self._layout: Layout | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, number: int, got: Numbers) -> Found | None:
        """Return the first counter of a snapshot that differs from a replay's."""
        if got.layout is not self._layout:
            self._layout, names = got.layout, got.layout.names
            self._machine.find([f"{group}.{name}" for group in OF_MACHINE for name in names[group]])
            self._memcgs.find(names["memcg"])
        return self._machine.first(number, got.machine) or self._first_of_memcgs(number, got)

    def _first_of_memcgs(self, number: int, got: Numbers) -> Found | None:
        for row, path in self._rows.get(number, ()):
            there = path in got.paths
            values = got.memcgs[got.paths.index(path) if there else 0]
            if not there:
                absent = self._memcgs.names
            else:
                absent = got.layout.not_of_root if path == ROOT else ()
            if found := self._memcgs.first(row, values, absent):
                return f"{path} {found[0]}", *found[1:]
        return None
