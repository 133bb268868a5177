"""Charts over the time of a trace: the pool and the memcgs' shares of it, writebacks and rejects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zswap_replay.report.html.charts.lines import Limit, Line, LineChart
from zswap_replay.report.html.pages.content import Chart, Section, Span
from zswap_replay.report.html.pages.runs import (
    MIB,
    MemcgValue,
    Runs,
    activity,
    file_name,
    pool_size,
    rejects,
    writebacks,
)
from zswap_replay.report.html.text import plain, slug
from zswap_replay.result.pool_limits import pool_limit, pool_threshold
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import format_size

_TIME = "time in the trace, s"
_MOST_PANELS = 9
_MOST_TOGETHER = 6


def pool_section(runs: Runs) -> Section:
    """Make the section of the pool's size and its limits."""
    lines = []
    for slot, label, result in runs:
        x, y = _series(result, pool_size)
        name = label if len(runs) > 1 else "at the end"
        lines.append(Line(name, x, [each / MIB for each in y], slot, format_size(y[-1])))
    if not any(max(line.y) for line in lines):
        return Section("Pool", "The pool stayed empty.")
    chart = LineChart("Pool size", _TIME, "MiB", lines, _pool_limits(runs), height=300, until=runs.until)
    return Section(
        "Pool",
        "Memory that the compressed pages take up, and the limits it is held to.",
        charts=(Chart("pool", "Pool size", chart, told=_told(lines), span="full"),),
    )


def memcg_pool_section(runs: Runs) -> Section:
    """Make the section of each memcg's compressed bytes and its memory.zswap.max."""

    def compressed(now: Snapshot, path: str) -> int | None:
        return now.memcg.get(path, {}).get("zswap")

    paths = runs.chosen(_MOST_PANELS, compressed)
    charts = []
    for place, path in enumerate(paths):
        lines = _memcg_lines(runs, path, compressed, in_bytes=True)
        chart = LineChart(
            f"Compressed bytes, {plain(path)}",
            _TIME,
            "MiB",
            lines,
            _memcg_limits(runs, path),
            height=220,
            named=False,
            until=runs.until,
        )
        name = f"zswap-{file_name(place, path)}"
        charts.append(Chart(name, path, chart, told=_told(lines), span=_span(len(paths))))
    intro = paths.said("Charged to each memcg with its descendants.", "No memcg had any.")
    return Section("Compressed bytes per memcg", intro, runs.legend() if charts else (), charts)


@dataclass(frozen=True, slots=True)
class _Quantity:
    title: str
    unit: str
    value: MemcgValue
    nothing: str


def activity_sections(runs: Runs) -> list[Section]:
    """Make the sections of writebacks and rejects: for one run all memcgs in a chart, for several a chart a memcg."""
    quantities = (
        _Quantity("Writebacks", "pages written back", writebacks, "Nothing was written back."),
        _Quantity("Rejected stores", "stores refused", rejects, "No store was refused."),
    )
    warmup = any(result.manifest.settings.get("warmup") for result in runs.results)
    start = "the end of the warm-up" if warmup else "the start"
    intro = f"Counted from {start}; a steep line is a busy moment. A memcg counts with its descendants."
    if len(runs) == 1:
        return [_together(runs, quantities, intro)]
    return [_apart(runs, quantity, intro) for quantity in quantities]


def _together(runs: Runs, quantities: Sequence[_Quantity], intro: str) -> Section:
    """Chart each quantity with the busiest memcgs of one run, each in its colour."""
    paths = runs.chosen(_MOST_TOGETHER, activity)
    text = paths.said(intro, "")
    charts = []
    for quantity in quantities:
        lines = []
        for slot, path in enumerate(paths, 1):  # the first colour is that of the run
            x, y = _series(runs.results[0], _of(quantity.value, path))
            if any(y):
                lines.append(Line(plain(path), x, y, slot, f"{y[-1]:,}"))
        if lines:
            title = f"{quantity.title} per memcg"
            chart = LineChart(title, _TIME, quantity.unit, lines, height=280, until=runs.until)
            name = slug(quantity.title)
            charts.append(Chart(name, quantity.title, chart, told=_told(lines), span="half"))
        else:
            text = f"{text} {quantity.nothing}".strip()
    return Section("Writebacks and rejects", text, charts=charts)


def _apart(runs: Runs, quantity: _Quantity, intro: str) -> Section:
    """Chart a quantity for each memcg, with all runs in each chart."""
    paths = runs.chosen(_MOST_PANELS, quantity.value)
    span = _span(len(paths))
    charts = [_memcg_chart(runs, place, path, quantity, span) for place, path in enumerate(paths)]
    text = paths.said(intro, quantity.nothing)
    return Section(quantity.title, text, runs.legend() if charts else (), charts)


def _memcg_chart(runs: Runs, place: int, path: str, quantity: _Quantity, span: Span) -> Chart:
    lines = _memcg_lines(runs, path, quantity.value, in_bytes=False)
    title = f"{quantity.title}, {plain(path)}"
    chart = LineChart(title, _TIME, quantity.unit, lines, height=220, named=False, until=runs.until)
    name = f"{slug(quantity.title)}-{file_name(place, path)}"
    return Chart(name, path, chart, told=_told(lines), span=span)


def _span(charts: int) -> Span:
    return "half" if charts in (1, 2, 4) else "third"


def _of(value: MemcgValue, path: str) -> Callable[[Snapshot], int | None]:
    return lambda now: value(now, path)


def _series(result: Result, value: Callable[[Snapshot], int | None]) -> tuple[list[float], list[int]]:
    """Return the times, in seconds, and values of the snapshots that have one.

    Without a warm-up counters begin at 0, so that a point at time 0 comes first.
    """
    pairs = [(now.time_ns / 1e9, value(now)) for now in result.snapshots]
    found = [(time, each) for time, each in pairs if each is not None]
    first, known = pairs[0]
    if first > 0 and known is not None and not result.manifest.settings.get("warmup"):
        found.insert(0, (0.0, 0))
    return [time for time, _v in found], [each for _t, each in found]


def _memcg_lines(runs: Runs, path: str, value: MemcgValue, *, in_bytes: bool) -> list[Line]:
    lines = []
    for slot, label, result in runs:
        x, y = _series(result, _of(value, path))
        if x and in_bytes:
            lines.append(Line(label, x, [each / MIB for each in y], slot, format_size(y[-1])))
        elif x:
            lines.append(Line(label, x, y, slot, f"{y[-1]:,}"))
    return lines


def _memcg_limits(runs: Runs, path: str) -> list[Limit]:
    """Return the memcg's own memory.zswap.max over time, once for runs that have the same."""
    limits: dict[tuple[float, ...], Limit] = {}
    for _slot, _label, result in runs:
        x = [now.time_ns / 1e9 for now in result.snapshots]
        set_to = [now.limits.get(path, {}).get("memory.zswap.max", -1) for now in result.snapshots]
        first = next((value for value in set_to if value >= 0), None)
        if first is not None:
            y = [value / MIB if value >= 0 else None for value in set_to]
            limits.setdefault((*x, *set_to), Limit(x, y, f"zswap.max {format_size(first)}"))
    return list(limits.values())


def _pool_limits(runs: Runs) -> list[Limit]:
    """Return the pool's limit and the size at which it accepts pages again, each once for runs that share it."""
    found: dict[tuple[object, ...], Limit] = {}
    for _slot, _label, result in runs:
        x = [now.time_ns / 1e9 for now in result.snapshots]
        for bytes_at, words, below in ((pool_limit, "limit", False), (pool_threshold, "reopens at", True)):
            y = [bytes_at(result, now) / MIB for now in result.snapshots]
            if y[0]:
                text = f"{words} {format_size(y[0] * MIB)}"
                found.setdefault((words, *x, *y), Limit(x, y, text, below))
    return list(found.values())


def _told(lines: Sequence[Line]) -> str:
    return "; ".join(f"{line.name}: {line.end} at the end" for line in lines)
