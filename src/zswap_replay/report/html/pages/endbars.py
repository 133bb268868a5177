"""Bars of the counters at the end: the pool, writebacks, rejects by cause, and loads by source, a chart for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.pages.content import Chart, Section
from zswap_replay.report.html.pages.runs import (
    MIB,
    REJECTS,
    MemcgValue,
    Runs,
    pool_size,
    writebacks,
)
from zswap_replay.report.html.text import plain, slug
from zswap_replay.result.pool_limits import pool_limit
from zswap_replay.units import format_size

_MOST = 9
_MOST_BARS = 28


@dataclass(frozen=True, slots=True)
class _Quantity:
    """What bars show of a memcg; every bar has the colour of its run, and each quantity a chart of its own."""

    title: str
    value: MemcgValue


def section(runs: Runs) -> Section:
    """Make the section of bars at the end; without a timeline it has more of them, and says what a timeline needs."""
    quantities = [
        *(_Quantity(f"Stores refused, {cause}", _replay_counter(name)) for name, cause in REJECTS.items()),
        _Quantity("Pages that came back from zswap", lambda now, path: now.memcg.get(path, {}).get("zswpin")),
        _Quantity("Pages that came back from the swap device", _replay_counter("pswpin")),
    ]
    if not runs.over_time:
        quantities.insert(0, _Quantity("Pages written back", writebacks))
    charts = [] if runs.over_time else [_pool(runs)]
    charts += [chart for quantity in quantities for chart in _bars(runs, quantity)]
    title = "Rejects and loads at the end" if runs.over_time else "At the end of the trace"
    texts = [] if runs.over_time else [_no_timeline(runs)]
    texts.append("A memcg counts with its descendants; those without a bar have none.")
    shown = {chart.title for chart in charts}
    nothing = [quantity.title for quantity in quantities if quantity.title not in shown]
    if nothing:
        texts.append(
            f"There were none of these: {'; '.join(name[:1].lower() + name[1:] for name in nothing)}."
        )
    return Section(title, " ".join(texts), runs.legend(), charts)


def _replay_counter(name: str) -> MemcgValue:
    return lambda now, path: now.replay_memcg.get(path, {}).get(name)


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


def _bars(runs: Runs, quantity: _Quantity) -> Iterator[Chart]:
    """Chart a quantity by memcg and run; no chart where it is 0 for all memcgs."""
    paths = runs.chosen(min(_MOST, max(2, _MOST_BARS // len(runs))), quantity.value, at_end=True)
    groups = []
    for path in paths:
        bars = []
        for slot, label, result in runs:
            value = quantity.value(result.end, path) or 0
            bars.append(Bar(runs.name(label), ((value, slot),), f"{value:,}"))
        groups.append((plain(path), bars))
    if groups:
        rest = "" if len(paths) == paths.active else f"The {len(paths)} memcgs with most, of {paths.every:,}."
        chart = BarChart(quantity.title, groups)
        yield Chart(slug(quantity.title), quantity.title, chart, rest, _told(groups), span="half")


def _told(groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    return "; ".join(
        " ".join(filter(None, (name, bar.name, bar.text))) for name, bars in groups for bar in bars
    )
