"""A figure of a sweep over its axes: maps of two axes, one for each setting of the others, or bars of one axis."""

from __future__ import annotations

from collections.abc import Sequence

from zswap_replay.errors import SettingsError
from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.heatmap import HeatMap
from zswap_replay.report.html.pages.content import Chart, Section
from zswap_replay.report.html.pages.figures import (
    MARK,
    Figure,
    axis_title,
    is_ordered,
    marks_text,
    point_text,
    setting_text,
    settings_text,
    values_of,
    varying,
)
from zswap_replay.report.html.pages.hues import Hues
from zswap_replay.report.html.text import plain, slug
from zswap_replay.sweep.result import Cell, Sweep

_MOST_MAPS = 24
_MOST_BARS = 60


def map_axes(sweep: Sweep, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """Choose the axes of the map, x first: those ``wanted``, else at most two that vary.

    Axes of numbers come before others, and axes of many values before those of few.

    Raises SettingsError: ``wanted`` is not two axes of the sweep.
    """
    for axis in wanted:
        if axis not in sweep.axes:
            raise SettingsError(f"{axis!r} is no axis of this sweep: expected two of {', '.join(sweep.axes)}")
    if wanted:
        if len(wanted) != 2 or wanted[0] == wanted[1]:
            raise SettingsError(f"axes {','.join(wanted)!r}: expected two of {', '.join(sweep.axes)}")
        return tuple(wanted)
    candidates = varying(sweep)
    counts = {axis: len(values_of(sweep, axis)) for axis in candidates}
    best = sorted(candidates, key=lambda axis: (not is_ordered(values_of(sweep, axis)), -counts[axis]))
    return tuple(best[:2])


def section(sweep: Sweep, figure: Figure, axes: Sequence[str], hue: Hues) -> Section | None:
    """Make the section of the figure over ``axes``: maps for two, bars for one; None for none."""
    if not axes:
        return None
    if len(axes) == 1:
        return _bars(sweep, figure, axes[0], hue)
    return _maps(sweep, figure, axes[0], axes[1])


def _maps(sweep: Sweep, figure: Figure, x: str, y: str) -> Section:
    columns, rows = values_of(sweep, x), values_of(sweep, y)
    others = [axis for axis in varying(sweep) if axis not in (x, y)]
    groups: dict[tuple[Cell, ...], list[int]] = {}
    for place in range(len(sweep)):
        groups.setdefault(tuple(sweep.rows[place][axis] for axis in others), []).append(place)
    found = [value for value in sweep.column(figure.column) if isinstance(value, int | float)]
    low, high = min(found), max(found)
    charts = []
    for number, (setting, places) in enumerate(list(groups.items())[:_MOST_MAPS], 1):
        title = settings_text(others, setting) or figure.title
        values = {
            (columns.index(sweep.rows[place][x]), rows.index(sweep.rows[place][y])): place for place in places
        }
        numbers = {cell: _number(sweep, figure, place) for cell, place in values.items()}
        shown = {cell: value for cell, value in numbers.items() if value is not None}
        drawing = HeatMap(
            title=f"{figure.title}, {title}" if others else title,
            x=axis_title(x),
            y=axis_title(y),
            columns=[setting_text(x, value) for value in columns],
            rows=[setting_text(y, value) for value in rows],
            values=shown,
            texts={cell: figure.cell(value) for cell, value in shown.items()},
            tips={
                cell: f"{point_text(sweep, values[cell])}: {figure.text(value)}{marks_text(sweep, values[cell])}"
                for cell, value in shown.items()
            },
            crossed={cell for cell in shown if sweep.marks(values[cell])},
            low=low,
            high=high,
            scale=(figure.text(low), figure.text(high)),
        )
        good = [cell for cell in shown if cell not in drawing.crossed]
        least = min(good, key=lambda cell: shown[cell], default=None)
        told = "" if least is None else f"least at {drawing.tips[least]}"
        name = f"map-{number}-{slug(title)}"[:60]
        charts.append(Chart(name, title, drawing, told=told, span="full" if len(groups) == 1 else "half"))
    intro = f"{figure.title}{f' in {figure.unit}' if figure.unit else ''} for each {plain(x)} and {plain(y)}"
    intro += f", one map for each {' and '.join(map(plain, others))}, all on one scale." if others else "."
    if len(groups) > _MOST_MAPS:
        intro += (
            f" Shown are the first {_MOST_MAPS} of {len(groups):,} maps; other axes make other maps (--axes)."
        )
    if any(sweep.marks(place) for place in range(len(sweep))):
        intro += f" {MARK} stands where nothing was stored, or a kernel would have killed programs."
    return Section(
        f"{figure.title} over the settings",
        intro,
        charts=charts,
        heat_scale=(figure.text(low), figure.text(high)),
    )


def _bars(sweep: Sweep, figure: Figure, axis: str, hue: Hues) -> Section:
    bars = []
    for value in values_of(sweep, axis)[:_MOST_BARS]:
        place = sweep.column(axis).index(value)
        number = _number(sweep, figure, place)
        text = ("–" if number is None else figure.text(number)) + marks_text(sweep, place)
        part = (max(number or 0, 0) / figure.divisor, hue.slot_of(sweep, place))
        bars.append(Bar(setting_text(axis, value), (part,), text))
    chart = BarChart(f"{figure.title} by {axis_title(axis)}", [("", bars)])
    told = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    title = f"{figure.title} by {axis_title(axis)}"
    return Section(
        f"{figure.title} over the settings",
        "One axis varies in this sweep.",
        charts=(Chart(f"bars-{slug(axis)}", title, chart, told=told, span="half"),),
    )


def _number(sweep: Sweep, figure: Figure, place: int) -> int | float | None:
    value = sweep.rows[place][figure.column]
    return value if isinstance(value, int | float) else None
