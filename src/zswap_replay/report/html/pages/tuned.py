"""The page of a search: the answer, its front, what decides, each axis against the objective, and how sure it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.pages.content import Chart, Figures, Page, Section, Table
from zswap_replay.report.html.text import plain, slug
from zswap_replay.result.by_name import unit_of
from zswap_replay.result.manifest import digest_title
from zswap_replay.tune.result import Tuned
from zswap_replay.units import format_size, parse_amount

_MIB = 1 << 20
_MS = 1_000_000
_GOOD, _BAD = 0, 1
"""The colour slots of points that meet all that is asked, and of the others."""
_KEYS = (("meets the constraints", _GOOD), ("does not, or is marked", _BAD))


def tuned_page(found: Tuned) -> Page:
    """Make the page of a search."""
    return Page(
        title=plain("Best settings of " + ", ".join(str(trace["path"]) for trace in found.traces)),
        about=list(_about(found)),
        figures=[_headline(found, text.rpartition(":")[0]) for text in found.objectives],
        sections=list(_sections(found)),
        warnings=[plain(fault)] if (fault := found.fault()) else [],
    )


def _about(found: Tuned) -> Iterator[str]:
    yield plain(
        f"{len(found.points):,} points tried · {', '.join(found.objectives)}"
        + "".join(f" · {text}" for text in found.constraints)
    )
    for trace in found.traces:
        yield plain(f"{trace['path']}: {trace['events']:,} events, {digest_title(trace) or 'no digest'}")


def _headline(found: Tuned, column: str) -> Figures:
    return Figures(
        plain(column),
        [
            ("best", None, _text(column, found.answer["figures"][column]), plain(_label(found.answer))),
            ("default settings", None, _text(column, found.default["figures"][column]), ""),
        ],
    )


def _sections(found: Tuned) -> Iterator[Section]:
    yield Section("The answer", tables=[_settings_table(found), _figures_table(found)])
    for title, lines in found.to_apply().items():
        yield Section(plain(title), text="\n".join(plain(line) for line in lines))
    front = _front(found)
    if front is not None:
        yield Section(
            "Front",
            "Points that no other beats in every figure; of points of the same figures one stands for all.",
            charts=[front],
            tables=[_front_table(found)],
        )
    if found.importance:
        yield Section("What decides", _importance_told(found), charts=[_importance(found)])
    yield Section(
        "Each setting against the objective",
        "Every point that was tried; the other settings differ from point to point.",
        charts=list(_axis_charts(found)),
    )
    yield Section("How sure", tables=list(_sure_tables(found)))
    yield Section("All figures", text=plain(json.dumps(asdict(found), indent=2)), folded=True)


def _settings_table(found: Tuned) -> Table:
    rows = [
        (plain(name), plain(found.vary[name]), plain(_setting(found.answer, name)))
        for name in found.answer["settings"]
    ]
    return Table("Best settings", ("setting", "searched", "best"), rows, text_columns=3)


def _setting(point: Mapping[str, Any], name: str) -> str:
    sizes = point["bytes"].get(name, ())
    text = str(point["settings"][name])
    return f"{text} ({', '.join(map(format_size, sizes))})" if sizes else text


def _figures_table(found: Tuned) -> Table:
    rows = [
        (plain(column), _text(column, value), _text(column, found.default["figures"][column]))
        for column, value in found.answer["figures"].items()
    ]
    return Table("Against the default settings", ("figure", "best", "default settings"), rows)


def _front(found: Tuned) -> Chart | None:
    """Draw the front in the plane of the first two figures; None where there is one figure, or no front."""
    columns = list(found.points[0]["figures"])
    on = [point for point in found.points if point["front"]]
    if len(columns) < 2 or not on:
        return None
    x, y = columns[:2]
    points = [
        Point(
            point["figures"][x] / _divisor(x),
            point["figures"][y] / _divisor(y),
            _slot(point),
            "best" if point is found.answer else "",
            plain(f"{_label(point)}: {_text(x, point['figures'][x])}, {_text(y, point['figures'][y])}"),
            front=bool(point["front"]),
        )
        for point in found.points
        if point["figures"][x] is not None and point["figures"][y] is not None
    ]
    title = plain(f"{y} against {x}")
    told = plain("; ".join(_label(point) for point in on))
    chart = ScatterChart(title, _axis(x), _axis(y), points, _KEYS, joined="not")
    return Chart("front", title, chart, told=told, span="full")


def _front_table(found: Tuned) -> Table:
    columns = list(found.points[0]["figures"])
    rows = [
        (
            *(plain(_setting(point, name)) for name in found.vary),
            *(_text(column, point["figures"][column]) for column in columns),
        )
        for point in found.points
        if point["front"]
    ]
    return Table("", tuple(map(plain, (*found.vary, *columns))), rows, text_columns=len(found.vary))


def _importance_told(found: Tuned) -> str:
    return plain(
        f"How much each setting decides about {found.goal}, by PED-ANOVA over the points that were tried."
    )


def _importance(found: Tuned) -> Chart:
    ranked = sorted(found.importance.items(), key=lambda each: -each[1])
    bars = [Bar(plain(name), ((part * 100, _GOOD),), f"{part * 100:.1f} %") for name, part in ranked]
    told = "; ".join(f"{bar.name} {bar.text}" for bar in bars)
    title = "Importance of each setting"
    return Chart("importance", title, BarChart(title, [("", bars)]), told=told, span="half")


def _axis_charts(found: Tuned) -> Iterator[Chart]:
    column = found.goal
    known = [point for point in found.points[1:] if point["figures"][column] is not None]
    for place, name in enumerate(found.vary):
        title = plain(f"{column} by {name}")
        if ".." in found.vary[name] and "," not in found.vary[name]:
            yield _range_chart(place, name, title, column, known, found)
        else:
            yield _choices_chart(place, name, title, column, known, found)


def _range_chart(
    place: int, name: str, title: str, column: str, known: Sequence[Mapping[str, Any]], found: Tuned
) -> Chart:
    points = [
        Point(
            _number(point["settings"][name]),
            point["figures"][column] / _divisor(column),
            _slot(point),
            "best" if point is found.answer else "",
            plain(f"{_label(point)}: {_text(column, point['figures'][column])}"),
            front=point is found.answer,
        )
        for point in known
    ]
    unit = next(filter(None, (_range_unit(str(point["settings"][name])) for point in known)), "")
    chart = ScatterChart(title, plain(f"{name}{unit}"), _axis(column), points, _KEYS, joined="not")
    told = plain(
        f"{_text(column, found.answer['figures'][column])} at {found.answer['settings'][name]}, the best point"
    )
    return Chart(f"axis-{place}-{slug(name)}", title, chart, told=told, span="half")


def _choices_chart(
    place: int, name: str, title: str, column: str, known: Sequence[Mapping[str, Any]], found: Tuned
) -> Chart:
    """Draw the best value that each choice came to: among points that may be the answer, where there are any."""
    higher = found.objectives[0].endswith(":max")
    bars = []
    for text in dict.fromkeys(point["settings"][name] for point in known):
        here = [point for point in known if point["settings"][name] == text]
        here = [point for point in here if _slot(point) == _GOOD] or here
        values = [point["figures"][column] for point in here]
        value = max(values) if higher else min(values)
        bars.append(
            Bar(plain(str(text)), ((max(value, 0) / _divisor(column), _slot(here[0])),), _text(column, value))
        )
    told = "best of each: " + "; ".join(f"{bar.name} {bar.text}" for bar in bars)
    return Chart(f"axis-{place}-{slug(name)}", title, BarChart(title, [("", bars)]), told, told, span="half")


def _sure_tables(found: Tuned) -> Iterator[Table]:
    delays = found.delays
    if delays is not None:
        rows = [
            (plain(column), *(_text(column, value) for value in values))
            for column, values in delays["figures"].items()
        ]
        if found.constraints:
            rows.append(("constraints", *("met" if met else "missed" for met in delays["met"])))
        headings = ("the answer", *(f"shrink delay {delay}" for delay in delays["delays"]))
        yield Table("Under other delays of the shrink worker", headings, rows)
    held = found.held_out
    if held is not None:
        rows = [
            (
                plain(_label(found.points[place])),
                "yes" if at == held["chosen"] else "",
                _text(found.goal, held["figures"][found.goal][at]),
            )
            for at, place in enumerate(held["points"])
        ]
        rows.append(("default settings", "", _text(found.goal, held["default"][found.goal])))
        yield Table(
            plain(f"On the last {held['percent']} % of the trace"),
            ("point", f"chosen by the first {100 - held['percent']} %", plain(found.goal)),
            rows,
            text_columns=2,
        )


def _label(point: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={text}" for name, text in point["settings"].items()) or "default settings"


def _slot(point: Mapping[str, Any]) -> int:
    return _BAD if point["marks"] or not point["meets"] else _GOOD


def _number(text: str) -> float:
    """Give the number of a setting of a range, in the unit of _range_unit()."""
    if text.endswith("ws"):
        return float(text.removesuffix("ws"))
    if text.endswith("%"):
        return float(text.removesuffix("%"))
    return parse_amount(text) / (_MIB if text[-1] in "KMG" else 1)


def _range_unit(text: str) -> str:
    if text.endswith("ws"):
        return ", working sets"
    if text.endswith("%"):
        return ", % of RAM"
    return ", MiB" if text[-1] in "KMG" else ""


def _divisor(column: str) -> int:
    return {"bytes": _MIB, "ns": _MS}.get(unit_of(column), 1)


def _axis(column: str) -> str:
    unit = {"bytes": "MiB", "ns": "ms"}.get(unit_of(column), unit_of(column))
    return plain(f"{column}, {unit}" if unit else column)


def _text(column: str, value: float | int | None) -> str:
    if value is None:
        return "–"
    match unit_of(column):
        case "bytes":
            return format_size(value)
        case "ns":
            return f"{value / _MS:,.1f} ms"
        case "ratio":
            return f"{value:,.3f}"
        case _:
            return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
