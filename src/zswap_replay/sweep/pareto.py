"""The Pareto front: the points that no other point beats in every figure that was named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.errors import SettingsError
from zswap_replay.sweep.result import Cell

HIGHER_IS_BETTER = frozenset({"derived.compression_ratio", "derived.pool_efficiency"})
"""Columns of which more is better where no direction is given; of all others less is."""

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

    A name is a column's (``zswap.pool_total_size``), or the part behind its group where one column alone ends so
    (``pool_total_size``, ``/web:zswpwb``), and may end in ``:min`` or ``:max``.

    Raises SettingsError: no such column, several, or one figure named twice.
    """
    figures: list[Figure] = []
    for text in texts:
        name, colon, direction = text.rpartition(":")
        if not colon or direction not in _DIRECTIONS:
            name, direction = text, ""
        column = _column(name, columns)
        if any(figure.column == column for figure in figures):
            raise SettingsError(f"--pareto {text}: {column} is named twice")
        figures.append(Figure(column, direction == "max" if direction else column in HIGHER_IS_BETTER))
    return tuple(figures)


def short_name(column: str) -> str:
    """Return a column without its group: ``pool_total_size``, ``/web:zswpwb``."""
    group, _, rest = column.partition(":/")
    return f"/{rest}" if rest else group.partition(".")[2]


def _column(name: str, columns: Sequence[str]) -> str:
    if name in columns:
        return name
    found = [column for column in columns if short_name(column) == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsError(
            f"--pareto {name}: found several columns of that name; expected one of {', '.join(found)}"
        )
    from difflib import get_close_matches

    names = {short_name(column): column for column in columns} | {column: column for column in columns}
    near = dict.fromkeys(names[each] for each in get_close_matches(name, names, n=5, cutoff=0.5))
    hint = ", ".join(near) or "a counter or a derived figure, as writeback_bytes"
    raise SettingsError(f"--pareto {name}: no such column; expected {hint}")


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
