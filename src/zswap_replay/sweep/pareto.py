"""The Pareto front: the points that no other point beats in every figure that was named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.errors import SettingsError
from zswap_replay.result.by_name import better_of, find
from zswap_replay.sweep.result import Cell

_DIRECTIONS = ("min", "max")
_WORST = float("inf")


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


def front(rows: Sequence[Mapping[str, Cell]], figures: Sequence[Figure]) -> tuple[bool, ...]:
    """Tell for each row whether it is Pareto-optimal: no other is as good in all figures and better in one."""
    costs = [tuple(figure.cost(row) for figure in figures) for row in rows]
    kept: list[tuple[float | int, ...]] = []
    # In order, a cost comes after all that dominate it, and one of those is on the front already.
    for cost in sorted(set(costs)):
        if not any(all(a <= b for a, b in zip(other, cost, strict=True)) for other in kept):
            kept.append(cost)
    on = set(kept)
    return tuple(cost in on for cost in costs)
