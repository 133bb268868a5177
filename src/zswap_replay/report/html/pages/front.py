"""The Pareto-optimal points of a sweep, and the chart of them in the plane of two figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.pages.content import Chart, Section, Table
from zswap_replay.report.html.pages.figures import (
    Figure,
    axis_title,
    figure,
    has_numbers,
    marks_text,
    point_text,
    setting_text,
    varying,
)
from zswap_replay.report.html.pages.hues import Hues
from zswap_replay.report.html.text import plain
from zswap_replay.sweep import pareto
from zswap_replay.sweep.result import Sweep


def section(sweep: Sweep, hue: Hues) -> Section | None:
    """Show the front that the file marks, else that of ``pareto.DEFAULT``; None for one point."""
    marked = figures_of(sweep)
    names = [each.column for each in marked]
    if len(sweep) < 2 or len(names) < 2 or not all(has_numbers(sweep, name) for name in names):
        return None
    x, y = figure(sweep, names[0]), figure(sweep, names[1])
    values = _pairs(sweep, x, y)
    if not values:
        return None
    on = on_front(sweep)
    front = [place for place in values if on[place]]
    front.sort(key=lambda place: values[place])
    title = f"{y.title} against {_inside(x.title)}"
    chart = ScatterChart(
        title,
        _axis(x),
        _axis(y),
        _points(sweep, x, y, values, front, hue),
        hue.named(),
        height=380,
        joined=_joined(marked),
    )
    told = "; ".join(f"{point.label}: {point.tip}" for point in chart.points if point.label)
    return Section(
        "Pareto front",
        _intro(sweep, marked, len(front)),
        charts=(Chart("front", title, chart, told=told, legend=hue.legend(), span="full"),),
        tables=(_table(sweep, front, names),) if front else (),
    )


def figures_of(sweep: Sweep) -> list[pareto.Figure]:
    """Return the figures of the front that the sweep marks, else those of ``pareto.DEFAULT`` that it has."""
    figures = [pareto.Figure.parse(text) for text in sweep.pareto or ()]
    return figures if len(figures) >= 2 else list(pareto.default_figures(sweep.columns))


def on_front(sweep: Sweep) -> Sequence[bool]:
    """Say for each point whether it is on the front of ``figures_of``."""
    if len(sweep.pareto or ()) >= 2:
        return sweep.front
    return pareto.front(sweep.rows, figures_of(sweep), allow_oom=sweep.allow_oom)


def _points(
    sweep: Sweep,
    x: Figure,
    y: Figure,
    values: Mapping[int, tuple[float, float]],
    front: Sequence[int],
    hue: Hues,
) -> list[Point]:
    """Return all points in the units of the axes; those of the front have a number and, if few, their settings.

    Points of the front at one place share a label.
    """
    together: dict[tuple[float, float], list[int]] = {}
    for number, place in enumerate(front, 1):
        together.setdefault(values[place], []).append(number)
    first = {front[numbers[0] - 1]: numbers for numbers in together.values()}
    return [
        Point(
            one / x.divisor,
            two / y.divisor,
            hue.slot_of(sweep, place),
            _numbers(first[place]) if place in first else "",
            f"{point_text(sweep, place)}: {x.title} {x.text(one)}, {y.title} {y.text(two)}"
            f"{marks_text(sweep, place)}",
            front=place in front,
            name=_settings(sweep, place) if len(first.get(place, ())) == 1 else "",
        )
        for place, (one, two) in values.items()
    ]


def _settings(sweep: Sweep, place: int) -> str:
    """Spell the values that vary, without the names of the axes: ``zstd, 10 %, 512.0 KiB``."""
    texts = []
    for axis in varying(sweep):
        text = setting_text(axis, sweep.rows[place][axis])
        texts.append(f"{text} %" if axis.endswith("_percent") else text)
    return ", ".join(texts)


def _inside(title: str) -> str:
    """Return a title as it is written inside a sentence: with a small first letter."""
    return title[:1].lower() + title[1:]


def _axis(figure: Figure) -> str:
    return f"{_inside(figure.title)}, {figure.unit}" if figure.unit else _inside(figure.title)


def _intro(sweep: Sweep, marked: Sequence[pareto.Figure], points: int) -> str:
    wanted = [
        f"{'more' if each.higher else 'less'} {each.column.partition('.')[2] or each.column}"
        for each in marked
    ]
    verb = "are" if points != 1 else "is"
    text = f"{points:,} of {len(sweep):,} points {verb} beaten by no other: {', '.join(wanted)}. "
    off = sum(not pareto.competes(row, allow_oom=sweep.allow_oom) for row in sweep.rows)
    if off:
        are = "points do" if off != 1 else "point does"
        text += f"{off:,} {are} not compete: nothing was stored, or a kernel would have killed programs. "
    if len(wanted) > 2:
        text += "The chart shows the first two figures. "
    return plain(text + "Numbers lead to the table below; the other points are hollow.")


def _joined(marked: Sequence[pareto.Figure]) -> Literal["steps", "straight", "not"]:
    """Tell how points are joined: a front of three figures and more is no line in the plane of two."""
    if len(marked) > 2:
        return "not"
    return "straight" if any(each.higher for each in marked) else "steps"


def _numbers(numbers: Sequence[int]) -> str:
    """Spell consecutive numbers, of points at one place: ``4`` or ``4–9``."""
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


def _pairs(sweep: Sweep, x: Figure, y: Figure) -> dict[int, tuple[float, float]]:
    pairs = enumerate(zip(sweep.column(x.column), sweep.column(y.column), strict=True))
    return {
        place: (one, two)
        for place, (one, two) in pairs
        if isinstance(one, int | float) and isinstance(two, int | float)
    }


def _table(sweep: Sweep, front: Sequence[int], names: Sequence[str]) -> Table:
    axes = varying(sweep) or list(sweep.axes)
    figures = [figure(sweep, name) for name in dict.fromkeys((*names, *_also(sweep)))]
    rows = []
    for number, place in enumerate(front, 1):
        settings = [setting_text(axis, sweep.rows[place][axis]) for axis in axes]
        found = [sweep.rows[place][each.column] for each in figures]
        texts = [
            each.text(value) if isinstance(value, int | float) else "–"
            for each, value in zip(figures, found, strict=True)
        ]
        rows.append((str(number), *settings, *texts))
    headings = ("#", *map(axis_title, axes), *(each.title for each in figures))
    return Table("The front", headings, rows, text_columns=1 + len(axes))


def _also(sweep: Sweep) -> list[str]:
    wanted = ("derived.compression_ratio_mean", "derived.reject_rate", "derived.writeback_bytes")
    return [name for name in wanted if has_numbers(sweep, name)]
