"""Bars of the counters at the end: the pool, writebacks, rejects by cause, and where pages came back from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zswap_replay.counters import Snapshot
from zswap_replay.report.charts.bars import Bar, BarChart
from zswap_replay.report.pages.page import Chart, LegendKey, Section
from zswap_replay.report.pages.runs import MIB, REJECTS, Runs, activity, pool_limit, pool_size, writebacks
from zswap_replay.report.text import plain, slug
from zswap_replay.units import format_size

_MOST = 9
_MOST_BARS = 28
_HIERARCHY = "A memcg counts with its descendants."
_CAUSES = (4, 3, 6)
"""Slots of the causes, unlike those of the first runs."""
_SOURCES = {"zswap": 2, "swap device": 5}

Parts = Sequence[tuple[float, int]]
"""Lengths of the parts of a bar and their slots."""


def section(runs: Runs) -> Section:
    """The counters at the end: all of them where there is no timeline, and why there is none."""
    paths = runs.chosen(min(_MOST, max(2, _MOST_BARS // len(runs))), activity)
    charts = [] if runs.over_time else [_pool(runs), _writebacks(runs, paths)]
    charts.append(
        _stacked(
            runs,
            paths,
            "Stores refused, by cause",
            _causes,
            list(zip(REJECTS.values(), _CAUSES, strict=True)),
        )
    )
    charts.append(_stacked(runs, paths, "Pages that came back, by source", _sources, list(_SOURCES.items())))
    intro = runs.with_rest(_HIERARCHY, len(paths))
    if runs.over_time:
        return Section("Rejects and loads at the end", intro, charts=charts)
    return Section("At the end of the trace", f"{_no_timeline(runs)} {intro}", charts=charts)


def _no_timeline(runs: Runs) -> str:
    counts = max(len(result.snapshots) for result in runs.results)
    return (
        f"This file holds the counters of {'the end' if counts == 1 else f'{counts} moments'} alone, so that there is "
        "nothing to draw over time. A run with --interval (as --interval 100ms) writes the snapshots that a timeline "
        "needs."
    )


def _pool(runs: Runs) -> Chart:
    bars = []
    for slot, label, result in runs:
        size, limit = pool_size(result.end), pool_limit(result, result.end)
        text = f"{format_size(size)} of {format_size(limit)}" if limit else format_size(size)
        bars.append(Bar(runs.name(label), ((size / MIB, slot),), text, limit / MIB if limit else None))
    groups = [("", bars)]
    note = "The upright line is the pool's limit."
    return Chart("pool", "Pool size", BarChart("Pool size", groups), note, _told(groups), span="half")


def _writebacks(runs: Runs, paths: Sequence[str]) -> Chart:
    title = "Pages written back"
    groups = _groups(runs, paths, lambda now, path, slot: ((writebacks(now, path) or 0, slot),))
    chart = BarChart(title, groups)
    return Chart("writebacks", title, chart, told=_told(groups), legend=runs.legend(), span="half")


def _causes(now: Snapshot, path: str, _slot: int) -> Parts:
    values = now.replay_memcg.get(path, {})
    return [(values.get(name, 0), slot) for name, slot in zip(REJECTS, _CAUSES, strict=True)]


def _sources(now: Snapshot, path: str, _slot: int) -> Parts:
    values = now.memcg.get(path, {})
    device = now.replay_memcg.get(path, {}).get("pswpin", 0)
    return [(values.get("zswpin", 0), _SOURCES["zswap"]), (device, _SOURCES["swap device"])]


def _stacked(
    runs: Runs,
    paths: Sequence[str],
    title: str,
    parts: Callable[[Snapshot, str, int], Parts],
    keys: Sequence[tuple[str, int]],
) -> Chart:
    groups = _groups(runs, paths, parts)
    chart = BarChart(title, groups, keys)
    legend = tuple(LegendKey(name, slot) for name, slot in keys)
    return Chart(slug(title), title, chart, told=_told(groups), legend=legend, span="half")


def _groups(
    runs: Runs, paths: Sequence[str], parts: Callable[[Snapshot, str, int], Parts]
) -> list[tuple[str, list[Bar]]]:
    groups = []
    for path in paths:
        bars = []
        for slot, label, result in runs:
            found = parts(result.end, path, slot)
            total = sum(value for value, _s in found)
            bars.append(Bar(runs.name(label), found, f"{total:,}"))
        groups.append((plain(path), bars))
    return groups


def _told(groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    return "; ".join(
        " ".join(filter(None, (name, bar.name, bar.text))) for name, bars in groups for bar in bars
    )
