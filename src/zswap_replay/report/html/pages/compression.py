"""Charts of compression: lengths with the waste of zsmalloc's size classes, ratios by payload class, cost of codecs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zswap_replay.codec.footprint import footprint
from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.lengths import Bin, LengthChart
from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.pages.content import Chart, Section
from zswap_replay.report.html.pages.runs import MIB, Runs
from zswap_replay.report.html.text import plain, slug
from zswap_replay.result.result import Result
from zswap_replay.units import format_size

_BIN = 64


def section(runs: Runs) -> Section | None:
    """Make the section on compression: lengths, ratios and cost, as far as the results have them; None for none."""
    charts = [*_length_charts(runs), *_class_chart(runs), *_cost_chart(runs)]
    if not charts:
        return None
    return Section(
        "Compression",
        "Lengths are of all pages stored over the replay. zsmalloc adds to them what a class is wider than its "
        "objects, and the rest at the end of a zspage: here in a well-filled pool. Ratios of classes leave out pages "
        "that need no compressor and those that were refused.",
        charts=charts,
    )


def bins_of(lengths: Mapping[int, int], *, zsmalloc: bool) -> list[Bin]:
    """Count pages by compressed length in bins of 64 bytes; ``lengths`` maps a length to a number of pages.

    Empty bins are left out. The waste of a bin is what its pages take of a well-filled zsmalloc pool beyond their own
    bytes, in MiB.
    """
    pages: dict[int, int] = {}
    waste: dict[int, float] = {}
    for length, count in lengths.items():
        place = max(length - 1, 0) // _BIN
        pages[place] = pages.get(place, 0) + count
        waste[place] = waste.get(place, 0.0) + beyond(length) * count
    return [
        Bin(place * _BIN + 1, (place + 1) * _BIN, pages[place], waste[place] / MIB if zsmalloc else None)
        for place in sorted(pages)
    ]


def beyond(length: int) -> float:
    """Return the bytes of zsmalloc pool that one page of this compressed length takes beyond it; 0 for length 0."""
    return footprint(length) - length if length > 0 else 0.0


def median(lengths: Mapping[int, int]) -> int:
    """Return the least length that half of the pages do not exceed. Raises ValueError: there are no pages."""
    half = (sum(lengths.values()) + 1) // 2
    seen = 0
    for length in sorted(lengths):
        seen += lengths[length]
        if seen >= half > 0:
            return length
    raise ValueError("no pages")


def _length_charts(runs: Runs) -> list[Chart]:
    """Make a histogram for each run that stored compressed pages, all on one scale."""
    found = [(slot, label, result) for slot, label, result in runs if any(result.compressed_lengths.values())]
    bins = {
        slot: bins_of(result.compressed_lengths, zsmalloc=_zpool(result) == "zsmalloc")
        for slot, _label, result in found
    }
    most = max((each.pages for all_ in bins.values() for each in all_), default=0)
    most_waste = max((each.waste or 0.0 for all_ in bins.values() for each in all_), default=0.0)
    charts = []
    for slot, label, result in found:
        known = bins[slot][0].waste is not None
        title = f"Compressed lengths, {label}"
        middle = median(result.compressed_lengths)
        drawing = LengthChart(title, bins[slot], slot, middle, most, most_waste if known else None)
        told = _told(result)
        charts.append(Chart(f"lengths-{slot + 1}-{slug(label)}", title, drawing, told, told, span="half"))
    return charts


def _told(result: Result) -> str:
    lengths = result.compressed_lengths
    pages = sum(lengths.values())
    size = sum(length * count for length, count in lengths.items())
    text = f"{pages:,} pages in {format_size(size)}, {size / pages:,.0f} bytes a page"
    if _zpool(result) != "zsmalloc" or not size:
        return f"{text}; what {plain(_zpool(result))} adds is not drawn"
    waste = sum(beyond(length) * count for length, count in lengths.items())
    return f"{text}; zsmalloc adds {format_size(waste)}, {waste / size * 100:.1f} %"


def _zpool(result: Result) -> str:
    return str(result.end.params.get("zpool", result.manifest.settings.get("zpool", "")))


def _class_chart(runs: Runs) -> Sequence[Chart]:
    """Chart the ratio that each run reached on each payload class."""
    names = dict.fromkeys(
        row.name for result in runs.results for row in result.classes if row.ratio is not None
    )
    groups = []
    for name in names:
        bars = [
            Bar(runs.name(label), ((row.ratio, slot),), f"{row.ratio:.2f} ×")
            for slot, label, result in runs
            for row in result.classes
            if row.name == name and row.ratio is not None
        ]
        groups.append((plain(name), bars))
    if not groups:
        return ()
    told = "; ".join(" ".join((name, bar.name, bar.text)) for name, bars in groups for bar in bars)
    title = "Ratio by payload class"
    return (
        Chart("class-ratios", title, BarChart(title, groups), told=told, legend=runs.legend(), span="half"),
    )


def _cost_chart(runs: Runs) -> Sequence[Chart]:
    """Chart time per page against compression ratio, where at least two runs have both."""
    points = []
    for slot, label, result in runs:
        cost, ratio = microseconds_per_page(result), result.derived["compression_ratio"]
        if cost is not None and ratio is not None:
            tip = f"{label}: {cost:,.1f} µs a page, ratio {ratio:.2f}"
            points.append(Point(ratio, cost, slot, label, tip))
    if len(points) < 2:
        return ()
    title = "Codec cost against ratio"
    chart = ScatterChart(title, "compression ratio", "µs to compress a page", points, from_zero=True)
    note = (
        "Right and low is better. The time is that of this machine, in user space: it ranks codecs, and is not a "
        "kernel's. The ratio is of the pages in the pool at the end."
    )
    told = "; ".join(point.tip for point in points)
    return (Chart("codec-cost", title, chart, note, told, span="half"),)


def microseconds_per_page(result: Result) -> float | None:
    """Return the microseconds that compressing a page took; None where none was compressed or it was not timed."""
    timing = result.timing
    if timing is None or not timing.pages_compressed or timing.compress <= 0:
        return None
    return timing.compress / timing.pages_compressed * 1e6
