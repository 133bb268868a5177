"""The result of a sweep: plain rows, one a point of its grid, ready for any renderer."""

from __future__ import annotations

from dataclasses import dataclass

from zswap_replay.result.marks import Mark, marks

SCHEMA = 1
"""Version of a sweep's file and of its JSON."""

Cell = int | float | str | bool | None
"""A value of a row; None where the row's kernel, or its trace, does not have the column."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A point that could not be replayed to its end."""

    point: str
    error: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """The rows of a grid, in the grid's order."""

    axes: tuple[str, ...]
    """The options that were given several values, the slowest first; the first columns of each row."""
    columns: tuple[str, ...]
    """All columns in order: the axes, the counters of the machine and of the memcgs, derived figures, timings."""
    rows: tuple[dict[str, Cell], ...]
    """Every row has every column."""
    manifest: dict[str, object]
    pareto: tuple[str, ...] | None = None
    """The figures whose front is marked, as columns with their direction: ``derived.swap_write_bytes:min``."""
    front: tuple[bool, ...] = ()
    """With ``pareto``, for each row whether it is on the front."""
    allow_oom: bool = False
    """Whether points may be on the front under which a kernel would have killed programs."""
    failures: tuple[Failure, ...] = ()
    """The points that have no row."""
    warnings: tuple[str, ...] = ()
    """What a reader of the rows has to know first."""

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[Cell]:
        """Return the values of a column, by row; none where there is no such column."""
        return [row[name] for row in self.rows if name in row]

    def point(self, place: int) -> tuple[Cell, ...]:
        """Return the values of the axes in a row, counted from 0."""
        return tuple(self.rows[place][axis] for axis in self.axes)

    def marks(self, place: int) -> tuple[Mark, ...]:
        """List what the point of a row is marked with, counted from 0: reasons not to take it for a good one."""
        return marks(self.rows[place].get)

    def metadata(self) -> dict[str, object]:
        """Return what the file of a sweep holds beside its rows, as JSON."""
        return {
            "schema": SCHEMA,
            "axes": list(self.axes),
            "pareto": None if self.pareto is None else list(self.pareto),
            **({"allow_oom": True} if self.allow_oom else {}),
            "manifest": self.manifest,
        }
