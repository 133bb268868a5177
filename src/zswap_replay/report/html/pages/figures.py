"""The titles and units of a sweep's columns, and how their values are spelled for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zswap_replay.errors import SettingsError
from zswap_replay.report.html.text import plain
from zswap_replay.result.by_name import find, unit_of
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.marks import Mark
from zswap_replay.sweep.result import Cell, Sweep
from zswap_replay.units import UNLIMITED, format_size, format_time

MIB = 1 << 20

_TITLES = {f"derived.{figure.name}": figure.chart_title for figure in DERIVED.values()} | {
    "zswap.pool_total_size": "Pool size"
}

MARK = "×"
"""Stands by a point that is not to be taken for a good one."""

MARK_NAMES: dict[Mark, str] = {"oom": "oom", "swap_full": "swap full", "stored_nothing": "nothing stored"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of numbers: its title, its unit on an axis, and the divisor from its values to that unit."""

    column: str
    title: str
    unit: str
    divisor: int = 1

    def text(self, value: float) -> str:
        """Spell a value for people; sizes and shares with their unit."""
        if self.unit == "MiB":
            return format_size(value)
        if self.unit == "%":
            return f"{value * 100:.1f} %"
        if self.unit == "ms":
            return format_time(value)
        return f"{value:,.2f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"

    def cell(self, value: float) -> str:
        """Spell a value for the cell of a map, in the unit of the axis."""
        if self.unit == "%":
            return f"{value * 100:.1f}"
        scaled = value / self.divisor
        if self.divisor == 1 and float(value).is_integer():
            return f"{value:,.0f}"
        decimals = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 1000 else 0
        return f"{scaled:,.{decimals}f}"


def figure(sweep: Sweep, name: str) -> Figure:
    """Find the figure of a column, named by its whole name or by that without its group.

    Raises SettingsError: the sweep has no such column, or it holds no numbers.
    """
    try:
        column = find(name, [each for each in sweep.columns if each not in sweep.axes])
    except LookupError as error:
        raise SettingsError(f"{name!r} is no figure of this sweep: {error}") from None
    if not has_numbers(sweep, column):
        raise SettingsError(f"{name!r} is no figure of this sweep: it holds no numbers to draw")
    unit = unit_of(column)
    title = _TITLES.get(column, plain(column))
    if unit == "bytes":
        return Figure(column, title, "MiB", MIB)
    if unit == "ns":
        return Figure(column, title, "ms", 10**6)
    if column.endswith(("_rate", "_per_year")):
        return Figure(column, title, "%")
    return Figure(column, title, "s" if unit == "seconds" else unit)


def has_numbers(sweep: Sweep, column: str) -> bool:
    """Tell whether a sweep has a column, and in it numbers and nothing else but missing values."""
    found = [value for value in sweep.column(column) if value is not None]
    return bool(found) and is_ordered(found)


def setting_text(axis: str, value: Cell) -> str:
    """Spell the value of an axis for people."""
    match value:
        case None:
            return "–"
        case bool():
            return "on" if value else "off"
        case int() if ":" in axis and not axis.endswith("writeback"):
            return "max" if value == UNLIMITED else format_size(value)
        case int() if axis == "totalram":
            return format_size(value)
        case int():
            return f"{value:,}"
        case _:
            return plain(str(value))


def settings_text(axes: Sequence[str], values: Sequence[Cell]) -> str:
    """Spell the values of some axes in one line: ``compressor zstd, max_pool_percent 5``."""
    return ", ".join(
        f"{plain(axis)} {setting_text(axis, value)}" for axis, value in zip(axes, values, strict=True)
    )


def point_text(sweep: Sweep, place: int) -> str:
    """Spell the settings of a point that vary in the sweep, in one line."""
    axes = varying(sweep) or sweep.axes
    return settings_text(axes, [sweep.rows[place][axis] for axis in axes])


def marks_text(sweep: Sweep, place: int) -> str:
    """Spell the marks of a point for the end of a text; nothing for a point without one."""
    found = sweep.marks(place)
    return f" {MARK} {', '.join(MARK_NAMES[mark] for mark in found)}" if found else ""


def axis_title(axis: str) -> str:
    """Return the name of an axis, with ``%`` where its values are percentages."""
    return f"{plain(axis)}, %" if axis.endswith("_percent") else plain(axis)


def values_of(sweep: Sweep, axis: str) -> list[Cell]:
    """Return the values of an axis: numbers from the least (``max`` last), others as they come."""
    found = list(dict.fromkeys(sweep.column(axis)))
    if is_ordered(found):
        return sorted(found, key=lambda value: (value == UNLIMITED and ":" in axis, value))
    return found


def is_ordered(values: Sequence[Cell]) -> bool:
    """Tell whether all values are numbers, so that the axis has an order."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def varying(sweep: Sweep) -> list[str]:
    """Return the axes with more than one value."""
    return [axis for axis in sweep.axes if len(set(sweep.column(axis))) > 1]
