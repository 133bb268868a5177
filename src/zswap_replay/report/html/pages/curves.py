"""What reaches the disk over a swept limit: a line for each compressor."""

from __future__ import annotations

from collections.abc import Sequence

from zswap_replay.report.html.charts.curve import Curve, CurveChart, CurvePoint
from zswap_replay.report.html.pages.content import Chart, Section, Span
from zswap_replay.report.html.pages.figures import (
    Figure,
    axis_title,
    figure,
    has_numbers,
    setting_text,
    settings_text,
    values_of,
    varying,
)
from zswap_replay.report.html.pages.hues import Hues
from zswap_replay.report.html.text import plain, slug
from zswap_replay.sweep.result import Cell, Sweep
from zswap_replay.units import listed

COLUMN = "derived.swap_write_bytes"
_LIMITS = ("max_pool_percent", "accept_threshold_percent", "totalram")
_MOST_CHARTS = 12


def limit_of(sweep: Sweep, wanted: Sequence[str] = ()) -> str | None:
    """Choose the limit of the curves: one that is ``wanted``, else that with most values; None where none varies."""
    limits = [axis for axis in varying(sweep) if _is_limit(axis)]
    chosen = [axis for axis in wanted if axis in limits]
    return chosen[0] if chosen else max(limits, key=lambda axis: len(values_of(sweep, axis)), default=None)


def section(sweep: Sweep, hue: Hues, wanted: Sequence[str] = ()) -> Section | None:
    """Chart the disk writes over the limit that ``limit_of`` chooses; None where there is none."""
    axis = limit_of(sweep, wanted)
    if axis is None or not has_numbers(sweep, COLUMN):
        return None
    shown = figure(sweep, COLUMN)
    others = [each for each in varying(sweep) if each not in (axis, hue.axis)]
    groups: dict[tuple[Cell, ...], list[int]] = {}
    for place in range(len(sweep)):
        groups.setdefault(tuple(sweep.rows[place][each] for each in others), []).append(place)
    most = max(value for value in sweep.column(COLUMN) if isinstance(value, int | float)) / shown.divisor
    title = f"{shown.title} by {plain(axis)}"
    charts = []
    for number, (setting, places) in enumerate(list(groups.items())[:_MOST_CHARTS], 1):
        name = settings_text(others, setting)
        drawing = CurveChart(
            f"{title}, {name}" if name else title,
            axis_title(axis),
            shown.unit,
            [setting_text(axis, value) for value in values_of(sweep, axis)],
            _curves(sweep, shown, axis, hue, places),
            most,
        )
        told = "; ".join(point.tip for curve in drawing.curves for point in curve.points)
        span: Span = "full" if len(groups) == 1 else "half"
        charts.append(
            Chart(f"curve-{number}-{slug(name or axis)}"[:60], name or title, drawing, told=told, span=span)
        )
    return Section(title, _intro(sweep, axis, hue, others, len(groups)), hue.legend(), charts)


def _is_limit(axis: str) -> bool:
    return axis in _LIMITS or (axis.startswith("/") and axis.endswith((".max", ".high")))


def _curves(sweep: Sweep, shown: Figure, axis: str, hue: Hues, places: Sequence[int]) -> list[Curve]:
    order = {value: place for place, value in enumerate(values_of(sweep, axis))}
    lines: dict[Cell, list[CurvePoint]] = {}
    for place in places:
        row = sweep.rows[place]
        value = row[shown.column]
        if not isinstance(value, int | float):
            continue
        at = [axis] if hue.axis is None else [hue.axis, axis]
        tip = f"{settings_text(at, [row[each] for each in at])}: {shown.text(value)}"
        point = CurvePoint(order[row[axis]], value / shown.divisor, tip, hollow=bool(sweep.marks(place)))
        lines.setdefault(None if hue.axis is None else row[hue.axis], []).append(point)
    names = {slot: name for name, slot in hue.named()}
    return [Curve(names.get(hue.slot(each), ""), hue.slot(each), points) for each, points in lines.items()]


def _intro(sweep: Sweep, axis: str, hue: Hues, others: Sequence[str], groups: int) -> str:
    lines = f", a line for each {plain(hue.axis)}" if hue.axis is not None else ""
    text = f"All that is written to the swap device, at each {plain(axis)}{lines}; less is better."
    if others:
        text += f" One chart for each {listed([plain(each) for each in others])}, all on one scale."
    if groups > _MOST_CHARTS:
        text += f" Shown are the first {_MOST_CHARTS} of {groups:,} charts."
    if any(sweep.marks(place) for place in range(len(sweep))):
        text += " Hollow points stored nothing, or a kernel would have killed programs there."
    return text
