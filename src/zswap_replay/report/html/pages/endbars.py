"""Bars of the counters at the end: the pool, writebacks, rejects by cause, and loads by source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.pages.content import Chart, LegendKey, Section
from zswap_replay.report.html.pages.runs import MIB, REJECTS, Runs, pool_limit, pool_size, writebacks
from zswap_replay.report.html.text import plain, slug
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import format_size

_MOST = 9
_MOST_BARS = 28
_CAUSES = (4, 3, 6)
"""Colour slots of the causes, other than those of the first runs."""
_SOURCES = {"zswap": 2, "swap device": 5}

Parts = Sequence[tuple[int, int]]
"""Lengths of the parts of a bar and their colour slots."""


@dataclass(frozen=True, slots=True)
class _Quantity:
    title: str
    keys: Mapping[str, int]
    """Names of the parts of a bar by slot; none where a bar is one part in the colour of its run."""
    parts: Callable[[Snapshot, str, int], Parts]


def section(runs: Runs) -> Section:
    """Make the section of bars at the end; without a timeline it has more of them, and says what a timeline needs."""
    quantities = [
        _Quantity("Stores refused, by cause", dict(zip(REJECTS.values(), _CAUSES, strict=True)), _causes),
        _Quantity("Pages that came back, by source", _SOURCES, _sources),
    ]
    if not runs.over_time:
        quantities.insert(0, _Quantity("Pages written back", {}, _writebacks))
    charts = [] if runs.over_time else [_pool(runs)]
    charts += [chart for quantity in quantities for chart in _bars(runs, quantity)]
    title = "Rejects and loads at the end" if runs.over_time else "At the end of the trace"
    texts = [] if runs.over_time else [_no_timeline(runs)]
    texts.append("A memcg counts with its descendants; those without a bar have none.")
    shown = {chart.title for chart in charts}
    nothing = [quantity.title.partition(",")[0] for quantity in quantities if quantity.title not in shown]
    texts += [f"{name}: none." for name in nothing]
    return Section(title, " ".join(texts), charts=charts)


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


def _writebacks(now: Snapshot, path: str, slot: int) -> Parts:
    return [(writebacks(now, path) or 0, slot)]


def _causes(now: Snapshot, path: str, _slot: int) -> Parts:
    values = now.replay_memcg.get(path, {})
    return [(values.get(name, 0), slot) for name, slot in zip(REJECTS, _CAUSES, strict=True)]


def _sources(now: Snapshot, path: str, _slot: int) -> Parts:
    values = now.memcg.get(path, {})
    device = now.replay_memcg.get(path, {}).get("pswpin", 0)
    return [(values.get("zswpin", 0), _SOURCES["zswap"]), (device, _SOURCES["swap device"])]


def _bars(runs: Runs, quantity: _Quantity) -> Iterator[Chart]:
    """Chart a quantity by memcg and run; no chart where it is 0 for all memcgs."""

    def total(now: Snapshot, path: str) -> int:
        return sum(value for value, _slot in quantity.parts(now, path, 0))

    paths = runs.chosen(min(_MOST, max(2, _MOST_BARS // len(runs))), total, at_end=True)
    groups = []
    for path in paths:
        bars = []
        for slot, label, result in runs:
            text = f"{total(result.end, path):,}"
            bars.append(Bar(runs.name(label), quantity.parts(result.end, path, slot), text))
        groups.append((plain(path), bars))
    if groups:
        keys = list(quantity.keys.items())
        legend = [LegendKey(name, slot) for name, slot in keys] or runs.legend()
        rest = "" if len(paths) == paths.active else f"The {len(paths)} memcgs with most, of {paths.every:,}."
        chart = BarChart(quantity.title, groups, keys)
        yield Chart(slug(quantity.title), quantity.title, chart, rest, _told(groups), legend, "half")


def _told(groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    return "; ".join(
        " ".join(filter(None, (name, bar.name, bar.text))) for name, bars in groups for bar in bars
    )
