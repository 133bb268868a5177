"""The Pareto front: the points that no other point beats in every figure that was named.

A point that stored nothing is not on it, nor is one under which a kernel would have killed programs: what such settings
spare the swap device is no merit of theirs. Points that replay other events or other contents do not compete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zswap_replay.errors import SettingsError
from zswap_replay.result.by_name import better_of, find
from zswap_replay.result.marks import marks, may_be_best
from zswap_replay.sweep.result import Cell

_DIRECTIONS = ("min", "max")
_WORST = float("inf")

DEFAULT: Final = (
    "derived.swap_write_bytes:min",
    "derived.swap_read_bytes:min",
    "derived.memory_saved_mean_bytes:max",
)
"""The figures of the front that is marked unless others are named: what zswap is for, and all that it costs.

The size of the pool is none of them, since a pool of nothing has the least.
"""

WORKLOAD: Final = ("max_events", "warmup", "recipe", "payload_file", "seed")
"""The axes that say what is replayed, and not how: their values have a front each."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A column and whether more of it is better."""

    column: str
    higher: bool

    @classmethod
    def parse(cls, text: str) -> Figure:
        """Read ``derived.writeback_bytes:min``, as ``str`` writes it; without a direction less is better."""
        column, _, direction = text.rpartition(":")
        return cls(column, direction == "max") if direction in _DIRECTIONS else cls(text, higher=False)

    def __str__(self) -> str:
        return f"{self.column}:{_DIRECTIONS[self.higher]}"

    def cost(self, row: Mapping[str, Cell]) -> float | int:
        """Return what is to be small: the value, its negative where more is better, infinity where there is none."""
        value = row.get(self.column)
        if value is None:
            return _WORST
        assert isinstance(value, int | float)
        return -value if self.higher else value


def parse_figures(texts: Iterable[str], columns: Sequence[str]) -> tuple[Figure, ...]:
    """Read the figures that ``--pareto`` names, of some columns of numbers.

    A name is a column's (``zswap.pool_total_size``, ``/web:zswpwb``), also without its group (``pool_total_size``),
    and may end in ``:min`` or ``:max``; without, less is better but for what is known to be better the more.

    Raises SettingsError: no such column, several, or one figure named twice.
    """
    figures: list[Figure] = []
    for text in texts:
        name, colon, direction = text.rpartition(":")
        if not colon or direction not in _DIRECTIONS:
            name, direction = text, ""
        try:
            column = find(name, columns)
        except LookupError as error:
            raise SettingsError(f"--pareto {name}: {error}") from None
        if any(figure.column == column for figure in figures):
            raise SettingsError(f"--pareto {text}: {column} is named twice")
        higher = direction == "max" if direction else better_of(column) == "higher"
        figures.append(Figure(column, higher))
    return tuple(figures)


def default_figures(columns: Sequence[str]) -> tuple[Figure, ...]:
    """List the figures of ``DEFAULT`` that are among some columns; files of earlier versions lack some."""
    return tuple(figure for figure in (Figure.parse(text) for text in DEFAULT) if figure.column in columns)


def front(
    rows: Sequence[Mapping[str, Cell]], figures: Sequence[Figure], *, allow_oom: bool = False
) -> tuple[bool, ...]:
    """Tell for each row whether it is Pareto-optimal: no other is as good in all figures and better in one.

    Only rows that ``competes`` and rows of one workload are held against each other.
    """
    groups: dict[tuple[Cell, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if competes(row, allow_oom=allow_oom):
            groups.setdefault(tuple(row.get(axis) for axis in WORKLOAD), []).append(place)
    on = {place for places in groups.values() for place in _optimal(rows, places, figures)}
    return tuple(place in on for place in range(len(rows)))


def competes(row: Mapping[str, Cell], *, allow_oom: bool) -> bool:
    """Tell whether a point may be on a front: see ``may_be_best``."""
    return may_be_best(marks(row.get), allow_oom=allow_oom)


def _optimal(
    rows: Sequence[Mapping[str, Cell]], places: Sequence[int], figures: Sequence[Figure]
) -> list[int]:
    costs = [tuple(figure.cost(rows[place]) for figure in figures) for place in places]
    kept: list[tuple[float | int, ...]] = []
    # In order, a cost comes after all that dominate it, and one of those is on the front already.
    for cost in sorted(set(costs)):
        if not any(all(a <= b for a, b in zip(other, cost, strict=True)) for other in kept):
            kept.append(cost)
    on = set(kept)
    return [place for place, cost in zip(places, costs, strict=True) if cost in on]
