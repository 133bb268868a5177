"""What a search is after: figures that are to be small or large, and constraints that a point has to meet."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from zswap_replay.errors import SettingsError
from zswap_replay.result.by_name import find, unit_of
from zswap_replay.result.derived import DECIDING
from zswap_replay.result.marks import Mark, marks
from zswap_replay.sweep.pareto import Figure
from zswap_replay.sweep.result import Cell
from zswap_replay.units import parse_amount, parse_duration

Over = Literal["worst", "mean"]
Row = Mapping[str, Cell]

_CONSTRAINT: Final = re.compile(r"\s*(.+?)\s*(<=|>=|==|!=|=|<|>)\s*([^<>=!]+?)\s*")
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_PERCENT: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*%")
_SIGNED: Final = "memory_saved"
"""Part of the names of figures that may be below 0."""
_OF_ALL: Final = "derived.reject_rate"
"""The share of stores that were refused, of all."""
_RECKONED: Final = ("derived.", "cost.")
"""The groups of figures that are reckoned from counters."""
UNKNOWN: Final = 1e18
"""By how much a constraint is missed whose figure a point does not have."""
TIES: Final = tuple(Figure(f"derived.{figure.name}", higher=figure.better == "higher") for figure in DECIDING)
"""What decides between points that are equally good: the figures that decide between two results anywhere."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A column, and what it is held against."""

    text: str
    """As it was given."""
    column: str
    sign: str
    bound: float | int

    def missed_by(self, value: Cell) -> float:
        """Tell by how much a value misses it, as a share of the bound; 0 where it is met."""
        if not isinstance(value, int | float):
            return UNKNOWN
        if _COMPARE[self.sign](value, self.bound):
            return 0.0
        return max(abs(value - self.bound), 1e-9) / max(abs(self.bound), 1.0)


def parse_goals(lower: Sequence[str], higher: Sequence[str], columns: Sequence[str]) -> tuple[Figure, ...]:
    """Read the figures that are to be small, and those that are to be large.

    Raises SettingsError: none is given, there is no such column, or one is named twice.
    """
    goals: list[Figure] = []
    for flag, texts in (("--minimize", lower), ("--maximize", higher)):
        for text in texts:
            column = _column(f"{flag} {text}", text, columns)
            if any(goal.column == column for goal in goals):
                raise SettingsError(f"{flag} {text}: {column} is named twice")
            goals.append(Figure(column, flag == "--maximize"))
    if not goals:
        raise SettingsError("expected --minimize or --maximize with a figure, as --minimize swap_read_bytes")
    return tuple(goals)


def parse_constraint(text: str, columns: Sequence[str]) -> Constraint:
    """Read ``swap_write_bytes<=2G``. Raises SettingsError: it is no constraint, or on what is no column."""
    where = f"--subject-to {text!r}"
    match = _CONSTRAINT.fullmatch(text)
    if match is None or match[1][-1] in "=<>!":
        raise SettingsError(
            f"{where}: expected a figure, one of <= >= == != < >, and a number, as 'swap_write_bytes<=2G'"
        )
    column = _column(where, match[1], columns)
    sign = "==" if match[2] == "=" else match[2]
    return Constraint(text.strip(), column, sign, _bound(where, match[3], unit_of(column)))


def check_constraints(constraints: Sequence[Constraint]) -> None:
    """Refuse constraints that no replay of any trace can meet. Raises SettingsError, with the first of them."""
    lowest: dict[str, tuple[float, Constraint]] = {}
    highest: dict[str, tuple[float, Constraint]] = {}
    for each in constraints:
        if each.sign in (">", ">=", "=="):
            bound = _next(each.bound, up=True) if each.sign == ">" else each.bound
            bound = math.ceil(bound) if _is_count(each.column) else bound
            if each.column not in lowest or bound > lowest[each.column][0]:
                lowest[each.column] = bound, each
        if each.sign in ("<", "<=", "=="):
            bound = _next(each.bound, up=False) if each.sign == "<" else each.bound
            bound = math.floor(bound) if _is_count(each.column) else bound
            if each.column not in highest or bound < highest[each.column][0]:
                highest[each.column] = bound, each
    for column, (least, constraint) in lowest.items():
        if column == _OF_ALL and least > 1:
            raise SettingsError(
                f"--subject-to {constraint.text!r}: nothing can meet it: {column} is never above 100 %"
            )
    for column, (most, constraint) in highest.items():
        if most < 0 and _SIGNED not in column:
            raise SettingsError(
                f"--subject-to {constraint.text!r}: nothing can meet it: {column} is never below 0"
            )
        least, other = lowest.get(column, (-math.inf, constraint))
        if most < least and other is constraint:
            raise SettingsError(
                f"--subject-to {constraint.text!r}: nothing can meet it: {column} is a whole number"
            )
        if most < least:
            raise SettingsError(
                f"--subject-to {other.text!r} and {constraint.text!r}: nothing can meet both of them"
            )


def _next(number: float, *, up: bool) -> float:
    return math.nextafter(number, math.inf if up else -math.inf)


def _is_count(column: str) -> bool:
    """Tell whether a column has whole numbers alone: a counter, and no figure that is reckoned."""
    return not column.rpartition(":")[2].startswith(_RECKONED)


@dataclass(frozen=True, slots=True)
class Goals:
    """All that decides which of two points is better."""

    figures: tuple[Figure, ...]
    """The first decides; the next ones where it does not."""
    constraints: tuple[Constraint, ...]
    over: Over
    """How several traces count: by the worst of them, or by their mean."""

    def value(self, rows: Sequence[Row], figure: Figure) -> float | int | None:
        """Give the value of a figure over the traces; None where one of them lacks it."""
        found = [row.get(figure.column) for row in rows]
        numbers = [value for value in found if isinstance(value, int | float)]
        if len(numbers) < len(found) or not numbers:
            return None
        if len(numbers) == 1:
            return numbers[0]
        if self.over == "mean":
            return math.fsum(numbers) / len(numbers)
        return min(numbers) if figure.higher else max(numbers)

    def cost(self, rows: Sequence[Row], figure: Figure) -> float:
        """Give what is to be small of a figure over the traces; infinity where one of them lacks it."""
        return figure.cost({figure.column: self.value(rows, figure)})

    def costs(self, rows: Sequence[Row]) -> tuple[float, ...]:
        """Give what is to be small, by figure."""
        return tuple(self.cost(rows, figure) for figure in self.figures)

    def missed_by(self, rows: Sequence[Row]) -> tuple[float, ...]:
        """Tell by how much each constraint is missed: on the worst trace, or by the mean of all."""
        if self.over == "mean":
            return tuple(
                each.missed_by(self.value(rows, Figure(each.column, higher=False)))
                for each in self.constraints
            )
        return tuple(max(each.missed_by(row.get(each.column)) for row in rows) for each in self.constraints)

    def rank(self, rows: Sequence[Row]) -> tuple[float, ...]:
        """Give what orders points, the best first: marks, missed constraints, figures, and what decides a tie."""
        return (
            float(len(marks_of(rows))),
            math.fsum(self.missed_by(rows)),
            *self.costs(rows),
            *(self.cost(rows, figure) for figure in TIES),
        )


def marks_of(rows: Sequence[Row]) -> tuple[Mark, ...]:
    """List what a point is marked with on any of the traces."""
    return tuple(dict.fromkeys(mark for row in rows for mark in marks(row.get)))


def _column(where: str, name: str, columns: Sequence[str]) -> str:
    try:
        return find(name, columns)
    except LookupError as error:
        raise SettingsError(f"{where}: {error}") from None


def _bound(where: str, text: str, unit: str) -> float | int:
    """Read the number of a constraint: plain, a size of a figure in bytes, a time of one in ns, or a percentage."""
    if _NUMBER.fullmatch(text):
        number = Fraction(text.rstrip("."))
        return int(number) if number.denominator == 1 else float(number)
    percent = _PERCENT.fullmatch(text)
    try:
        if percent is not None and unit == "ratio":
            return float(Fraction(percent[1].rstrip(".")) / 100)
        if unit == "bytes":
            return parse_amount(text)
        if unit in ("ns", "seconds"):
            nanoseconds = parse_duration(text)
            return nanoseconds if unit == "ns" else nanoseconds / 1e9
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    kind = {"ratio": "a number or a percentage"}.get(unit, "a number")
    raise SettingsError(f"{where}: found {text!r}; expected {kind}, as it counts {unit or 'events'}")
