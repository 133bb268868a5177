"""The report of a trace: its working set and accesses over time, miss ratios, reuse distances and memcgs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.lines import Line, LineChart
from zswap_replay.report.html.pages.content import Chart, Figures, LegendKey, Page, Section, Table
from zswap_replay.report.html.pages.settings import plain_lines
from zswap_replay.report.html.text import plain
from zswap_replay.result.by_name import tree_order
from zswap_replay.trace.overview import MOST_WINDOWS, Overview, limits_text
from zswap_replay.units import PAGE_SIZE, format_size

_MIB = 1 << 20
_TIME = "time in the trace, s"


def trace_page(shown: Overview) -> Page:
    """Make the page of a trace."""
    reuse = shown.profile.reuse
    about = [f"{shown.info.rows:,} rows · schema {shown.metadata.schema} · sha256 {shown.sha256[:12]}"]
    if shown.metadata.origin:
        about.append(plain(shown.metadata.origin))
    warnings = []
    if not shown.info.page_events:
        warnings.append("The trace holds no page event; a replay of it stores nothing.")
    if reuse.sampled:
        warnings.append(
            f"Working set, distances, miss ratios and peaks are estimated from one page of {1 << reuse.level:,}."
        )
    return Page(
        title=plain(shown.name),
        about=about,
        warnings=warnings,
        figures=list(_figures(shown)),
        sections=list(_sections(shown)),
    )


def _figures(shown: Overview) -> Iterator[Figures]:
    info, profile = shown.info, shown.profile
    accesses = profile.reads + profile.writes
    rate = shown.per_second(accesses)
    span = f"{shown.span_ns / 1e9:,.3f} s"
    yield _figure(
        "Accesses", f"{accesses:,}", f"{rate:,.0f} a second, {span}" if rate is not None else "at one time"
    )
    yield _figure("Writes", f"{profile.writes / accesses:.1%}" if accesses else "0", f"{profile.writes:,}")
    yield _figure("Distinct pages", format_size(info.pages * PAGE_SIZE), f"{info.pages:,} pages")
    widest = max(profile.timeline.windows(MOST_WINDOWS), key=lambda window: window.pages, default=None)
    if widest is not None:
        size = format_size(widest.pages * PAGE_SIZE)
        at = (widest.start_ns - info.first_ns) / 1e9
        width = profile.timeline.width_ns(MOST_WINDOWS) / 1e9
        yield _figure("Largest working set", size, f"in the {width:g} s from {at:,.3f} s on")


def _figure(name: str, value: str, remark: str) -> Figures:
    return Figures(name, [("", None, value.replace("%", " %"), remark)])


def _sections(shown: Overview) -> Iterator[Section]:
    if shown.profile.reuse.accesses:
        yield _miss_ratio(shown)
        yield _over_time(shown)
        yield _distances(shown)
    yield Section(
        "Memcgs",
        "Limits are the last that the trace writes. The peak is the most that a memcg and those below it would hold at "
        "one time, were nothing reclaimed.",
        tables=(_memcgs(shown),),
    )
    events = [(name, f"{number:,}") for name, number in shown.info.events.items()]
    yield Section("Events", tables=(Table("", ("event", "rows"), events),), folded=True)
    yield Section("All figures", text=plain_lines(json.dumps(shown.as_json(), indent=2)), folded=True)


def _miss_ratio(shown: Overview) -> Section:
    reuse = shown.profile.reuse
    x = [0.0, *(pages * PAGE_SIZE / _MIB for pages, _ in reuse.curve())]
    y = [100.0, *(100 * ratio for _, ratio in reuse.curve())]
    first = f"{reuse.cold / reuse.accesses:.2%}".replace("%", " %")
    chart = LineChart(
        "Miss ratio by size", "size of an LRU cache, MiB", "%", [Line("misses", x, y, 0, first)], height=300
    )
    told = "; ".join(f"{format_size(pages * PAGE_SIZE)}: {ratio:.2%}" for pages, ratio in reuse.curve())
    return Section(
        "Miss ratio",
        f"Share of the accesses{_whose(shown)} that miss in an LRU cache of a size, first accesses ({first}) included: "
        "what a limit costs in faults, were reclaim an exact LRU.",
        charts=(Chart("miss-ratio", "Miss ratio by size", chart, told=told, span="full"),),
    )


def _over_time(shown: Overview) -> Section:
    timeline = shown.profile.timeline
    windows = list(timeline.windows(MOST_WINDOWS))
    width = timeline.width_ns(MOST_WINDOWS) / 1e9
    middle = [(window.start_ns - shown.info.first_ns) / 1e9 + width / 2 for window in windows]

    def lines(*series: tuple[str, Sequence[float]]) -> list[Line]:
        return [Line(name, middle, y, slot) for slot, (name, y) in enumerate(series)]

    touched = lines(
        ("touched", [window.pages * PAGE_SIZE / _MIB for window in windows]),
        ("new", [window.new_pages * PAGE_SIZE / _MIB for window in windows]),
    )
    accesses = lines(("reads", [w.reads for w in windows]), ("writes", [w.writes for w in windows]))
    until = len(windows) * width
    charts = [
        Chart(
            name,
            title,
            LineChart(title, _TIME, unit, drawn, height=260, named=False, until=until),
            told="; ".join(f"{line.name}: at most {max(line.y):,.1f}" for line in drawn),
            legend=[LegendKey(line.name, line.slot) for line in drawn],
            span="half",
        )
        for name, title, unit, drawn in (
            ("working-set", "Working set", "MiB", touched),
            ("accesses", "Accesses", "pages", accesses),
        )
    ]
    return Section(
        "Over time",
        f"Pages{_whose(shown)} in windows of {width:g} s: those that it touches, and of them those that nothing "
        "touched before; and the accesses.",
        charts=charts,
    )


def _distances(shown: Overview) -> Section:
    reuse = shown.profile.reuse
    rows = [
        (f"{first:,}" if first == last else f"{first:,}–{last:,}", found)
        for first, last, found in reuse.buckets()
    ]
    rows.append(("first access", reuse.cold))
    bars = [
        Bar(name, [(float(found), 0)], f"{found / reuse.accesses:.1%}".replace("%", " %"))
        for name, found in rows
    ]
    told = "; ".join(f"{name}: {found:,}" for name, found in rows)
    chart = Chart(
        "reuse-distances",
        "Reuse distances",
        BarChart("Reuse distances", [("", bars)]),
        told=told,
        span="half",
    )
    return Section(
        "Reuse distances",
        "Accesses by the number of other pages that were touched since the last access of their page.",
        charts=(chart,),
    )


def _memcgs(shown: Overview) -> Table:
    found = {memcg.path: memcg for memcg in shown.info.memcgs}
    rows = []
    for path in tree_order(found):
        use = shown.profile.memcgs[path]
        limits = [
            f"{key} {format_size(value) if isinstance(value, int) and value > 1 else value}"
            for key, value in limits_text(use.limits).items()
        ]
        rows.append(
            (
                plain(path),
                ", ".join(limits),
                f"{found[path].page_events:,}",
                f"{use.reads:,}",
                f"{use.writes:,}",
                f"{found[path].pages:,}",
                format_size(use.peak_pages * PAGE_SIZE),
            )
        )
    headings = ("memcg", "limits", "page events", "reads", "writes", "distinct pages", "peak")
    return Table("", headings, rows, text_columns=2)


def _whose(shown: Overview) -> str:
    return "" if shown.profile.memcg == "/" else f" of {plain(shown.profile.memcg)}"
