"""The Pareto front of a sweep in two figures, as a chart and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.pages.figures import (
    Figure,
    axis_title,
    figure,
    has_numbers,
    is_ordered,
    setting_text,
    values_of,
    varying,
)
from zswap_replay.report.html.pages.maps import point_text
from zswap_replay.report.html.pages.page import Chart, LegendKey, Section, Table
from zswap_replay.report.html.sweepfile import FRONT, Sweep
from zswap_replay.report.html.text import plain

_DEFAULT = ("zswap.pool_total_size", "derived.writeback_bytes")
_MOST_SLOTS = 8


def section(sweep: Sweep) -> Section | None:
    """Make the section of the front that the file marks, else of that by pool size and writebacks.

    None where the sweep has one point or lacks the figures.
    """
    marked = len(sweep.pareto) >= 2
    names = _names(sweep) if marked else list(_DEFAULT)
    if len(sweep) < 2 or not all(has_numbers(sweep, name) for name in names):
        return None
    x, y = figure(sweep, names[0]), figure(sweep, names[1])
    values = _pairs(sweep, x, y)
    if not values:
        return None
    if marked:
        front = [place for place in values if sweep.columns[FRONT][place]]
    else:
        front = unbeaten(values)
    front.sort(key=lambda place: values[place])
    hue = _hue(sweep)
    keys = (
        []
        if hue is None
        else [(setting_text(hue, value), slot) for slot, value in enumerate(values_of(sweep, hue))]
    )
    title = f"{y.title} against {_inside(x.title)}"
    chart = ScatterChart(
        title,
        _axis(x),
        _axis(y),
        _points(sweep, x, y, values, front, hue),
        keys,
        height=360,
        joined=_joined(sweep) if marked else "steps",
    )
    told = "; ".join(f"{point.label}: {point.tip}" for point in chart.points if point.label)
    legend = [LegendKey(name, slot) for name, slot in keys]
    return Section(
        "Pareto front",
        _intro(sweep, len(front)),
        charts=(Chart("front", title, chart, told=told, legend=legend, span="full"),),
        tables=(_table(sweep, front, names),),
    )


def _points(
    sweep: Sweep,
    x: Figure,
    y: Figure,
    values: Mapping[int, tuple[float, float]],
    front: Sequence[int],
    hue: str | None,
) -> list[Point]:
    """Return all points in the units of the axes; those of the front are numbered, equal ones by one label."""
    together: dict[tuple[float, float], list[int]] = {}
    for number, place in enumerate(front, 1):
        together.setdefault(values[place], []).append(number)
    first = {front[numbers[0] - 1]: _numbers(numbers) for numbers in together.values()}
    slots = [] if hue is None else values_of(sweep, hue)
    return [
        Point(
            one / x.divisor,
            two / y.divisor,
            0 if hue is None else slots.index(sweep.columns[hue][place]),
            first.get(place, ""),
            f"{point_text(sweep, place)}: {x.title} {x.text(one)}, {y.title} {y.text(two)}",
            front=place in front,
        )
        for place, (one, two) in values.items()
    ]


def _inside(title: str) -> str:
    """Return a title as it is written inside a sentence: with a small first letter."""
    return title[:1].lower() + title[1:]


def _axis(figure: Figure) -> str:
    return f"{_inside(figure.title)}, {figure.unit}" if figure.unit else _inside(figure.title)


def _intro(sweep: Sweep, points: int) -> str:
    wanted = [
        f"{'more' if more else 'less'} {column.partition('.')[2] or column}" for column, more in sweep.pareto
    ]
    how = f"the sweep's own mark: {', '.join(wanted)}" if len(wanted) >= 2 else "less of both is better"
    text = (
        f"{points:,} of {len(sweep):,} points {'are' if points != 1 else 'is'} beaten by no other ({how}). "
    )
    if len(wanted) > 2:
        text += "The chart shows the first two figures. "
    return plain(text + "Numbers lead to the table below; the other points are hollow.")


def _names(sweep: Sweep) -> list[str]:
    """Return the figures of the marked front, x first; pool size and writebacks always in this order."""
    names = [column for column, _more in sweep.pareto]
    return [*_DEFAULT, *names[2:]] if set(names[:2]) == set(_DEFAULT) else names


def _joined(sweep: Sweep) -> Literal["steps", "straight", "not"]:
    """Choose how the front is joined; a front of three figures or more is no line in the plane of two."""
    if len(sweep.pareto) > 2:
        return "not"
    return "straight" if any(more for _column, more in sweep.pareto) else "steps"


def _numbers(numbers: Sequence[int]) -> str:
    """Spell consecutive numbers, of points at one place: ``4`` or ``4–9``."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


def _pairs(sweep: Sweep, x: Figure, y: Figure) -> dict[int, tuple[float, float]]:
    pairs = enumerate(zip(sweep.columns[x.column], sweep.columns[y.column], strict=True))
    return {
        place: (one, two)
        for place, (one, two) in pairs
        if isinstance(one, int | float) and isinstance(two, int | float)
    }


def unbeaten(values: dict[int, tuple[float, float]]) -> list[int]:
    """Return the indices of the Pareto-optimal points, less being better in both figures; equal points all count."""
    front: list[int] = []
    least = float("inf")
    best_x = None
    for place, (one, two) in sorted(values.items(), key=lambda item: item[1]):
        if two < least or (two == least and one == best_x):
            front.append(place)
            least, best_x = two, one
    return front


def _hue(sweep: Sweep) -> str | None:
    """Choose the axis whose values get colours: the first that varies and does not hold numbers."""
    for axis in varying(sweep):
        values = values_of(sweep, axis)
        if not is_ordered(values) and len(values) <= _MOST_SLOTS:
            return axis
    return None


def _table(sweep: Sweep, front: Sequence[int], names: Sequence[str]) -> Table:
    axes = varying(sweep) or list(sweep.axes)
    figures = [figure(sweep, name) for name in dict.fromkeys((*names, *_also(sweep)))]
    rows = []
    for number, place in enumerate(front, 1):
        settings = [setting_text(axis, sweep.columns[axis][place]) for axis in axes]
        found = [sweep.columns[each.column][place] for each in figures]
        texts = [
            each.text(value) if isinstance(value, int | float) else "–"
            for each, value in zip(figures, found, strict=True)
        ]
        rows.append((str(number), *settings, *texts))
    headings = ("#", *map(axis_title, axes), *(each.title for each in figures))
    return Table("The front", headings, rows, text_columns=1 + len(axes))


def _also(sweep: Sweep) -> list[str]:
    wanted = ("derived.compression_ratio", "derived.reject_rate", "derived.swap_read_bytes")
    return [name for name in wanted if has_numbers(sweep, name)]
