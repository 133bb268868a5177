"""The page of a file of lengths: histograms side by side, ratio against time, and what the pages are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zswap_replay.memory.figures import GOOGLE_LIMIT, CompressorFigures
from zswap_replay.memory.figures import Figures as Measured
from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.lengths import LengthChart
from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.pages.compression import beyond, bins_of, median
from zswap_replay.report.html.pages.content import Chart, Figures, LegendKey, Page, Section, Table
from zswap_replay.report.html.text import plain, slug
from zswap_replay.units import format_size

_DASH = "–"
_SURE = 1.96
"""Standard errors within which 95 of 100 samples are."""
_KINDS = 0
"""The colour slot of what belongs to no compressor."""


def measured_page(name: str, measured: Measured) -> Page:
    """Make the page of a file of lengths of that name."""
    return Page(
        title=plain(name),
        about=list(_about(measured)),
        figures=list(_headlines(measured)),
        sections=list(_sections(measured)),
    )


def _about(measured: Measured) -> Iterator[str]:
    compressors = ", ".join(each.name for each in measured.compressors)
    yield plain(f"{measured.pages:,} pages · kernel {measured.kernel} · {compressors}")
    for source in measured.sources:
        left = "; ".join(f"{pages:,} {reason}" for reason, pages in source.left_out.items())
        yield plain(f"{source.kind}, {source.pages:,} pages" + (f"; left out: {left}" if left else ""))
    if measured.sampled:
        yield plain(
            f"a sample of {measured.sample} of {measured.population:,} pages; ± is where 95 of 100 samples are"
        )
    if measured.blur > 1:
        yield f"lengths are rounded to multiples of {measured.blur} bytes"


def _slotted(measured: Measured) -> list[tuple[int, CompressorFigures]]:
    """Return the compressors with their colour slots; the first slot is that of what belongs to none."""
    return list(enumerate(measured.compressors, _KINDS + 1))


def _legend(measured: Measured) -> tuple[LegendKey, ...]:
    return tuple(LegendKey(plain(each.name), slot) for slot, each in _slotted(measured))


def _headlines(measured: Measured) -> Iterator[Figures]:
    yield Figures(
        "Ratio in zsmalloc",
        [
            (
                plain(each.name),
                slot,
                _ratio(each.ratio, each.ratio_error),
                f"of {each.stored:,} stored pages",
            )
            for slot, each in _slotted(measured)
        ],
    )
    yield Figures(
        "Incompressible",
        [
            (
                plain(each.name),
                slot,
                _share(measured, each.incompressible),
                f"{_share(measured, each.above_limit)} above {GOOGLE_LIMIT:,} bytes",
            )
            for slot, each in _slotted(measured)
        ],
    )
    yield Figures("Zero pages", [("", None, _share(measured, measured.zero), f"{measured.zero:,} pages")])
    yield Figures(
        "Same-filled",
        [("", None, _share(measured, measured.same_filled), f"{measured.same_filled:,} of another word")],
    )
    if measured.duplicates is not None:
        yield Figures(
            "Duplicates",
            [("", None, _share(measured, measured.duplicates), f"{measured.duplicates:,} of other pages")],
        )


def _sections(measured: Measured) -> Iterator[Section]:
    lengths = list(_length_charts(measured))
    yield Section(
        "Compressed lengths",
        "Of the pages that no one word fills and that the compressor takes, all on one scale. Below is what a "
        "well-filled zsmalloc pool adds to them."
        if lengths
        else "No compressor takes a page of this file.",
        charts=lengths,
    )
    costs = list(_cost_charts(measured))
    if costs:
        yield Section(
            "Ratio against time",
            "Processor time a page on the machine that measured, in user space: it ranks compressors, and is not a "
            "kernel's. Right and low is better.",
            charts=costs,
        )
    yield Section(
        "What the pages are",
        "Zero and same-filled pages need no compressor. Entropy is that of a page's bytes, each for itself; ratios of "
        "its classes are those in a well-filled zsmalloc pool.",
        charts=list(_class_charts(measured)),
        tables=[_entropy_table(measured)] if measured.entropy else [],
    )
    yield Section("Compressors", tables=[_compressor_table(measured)])
    yield Section("All figures", text=json.dumps(measured.as_json(), indent=2), folded=True)


def _length_charts(measured: Measured) -> Iterator[Chart]:
    found = [(slot, each) for slot, each in _slotted(measured) if each.histogram]
    bins = {slot: bins_of(each.histogram, zsmalloc=True) for slot, each in found}
    most = max((each.pages for all_ in bins.values() for each in all_), default=0)
    most_waste = max((each.waste or 0.0 for all_ in bins.values() for each in all_), default=0.0)
    for slot, each in found:
        title = f"Compressed lengths, {plain(each.name)}"
        drawing = LengthChart(title, bins[slot], slot, median(each.histogram), most, most_waste)
        waste = sum(beyond(length) * count for length, count in each.histogram.items())
        told = (
            f"{each.stored:,} pages in {format_size(each.length_bytes)}, {each.length_bytes / each.stored:,.0f} bytes "
            f"a page; zsmalloc adds {format_size(waste)}, {waste / each.length_bytes * 100:.1f} %"
        )
        yield Chart(f"lengths-{slot}-{slug(each.name)}", title, drawing, told, told, span="half")


def _cost_charts(measured: Measured) -> Iterator[Chart]:
    for name, unit in (("compress", "µs to compress a page"), ("decompress", "µs to decompress a page")):
        points = []
        for slot, each in _slotted(measured):
            spent = each.compress_ns if name == "compress" else each.decompress_ns
            if spent is not None and each.ratio is not None:
                tip = f"{plain(each.name)}: {spent / 1000:,.1f} µs a page, ratio {each.ratio:.2f}"
                points.append(Point(each.ratio, spent / 1000, slot, plain(each.name), tip))
        if points:
            title = f"Ratio against time to {name}"
            chart = ScatterChart(title, "ratio in zsmalloc", unit, points, from_zero=True)
            told = "; ".join(point.tip for point in points)
            yield Chart(f"cost-{name}", title, chart, told=told, span="half")


def _class_charts(measured: Measured) -> Iterator[Chart]:
    kinds = [
        ("zero", measured.zero),
        ("same-filled", measured.same_filled),
        ("other", measured.other),
        ("duplicates", measured.duplicates),
    ]
    bars = [
        Bar(name, ((pages / measured.pages * 100, _KINDS),), _share(measured, pages))
        for name, pages in kinds
        if pages is not None and measured.pages
    ]
    title = "Pages by kind, share of all"
    told = "; ".join(f"{bar.name} {bar.text}" for bar in bars)
    yield Chart("kinds", title, BarChart(title, [("", bars)]), told=told, span="half")
    if measured.entropy:
        title = "Pages by entropy, bits a byte"
        bars = [
            Bar(f"{each.least} to {each.most}", ((each.pages, _KINDS),), f"{each.pages:,} pages")
            for each in measured.entropy
        ]
        told = "; ".join(f"{bar.name} bits: {bar.text}" for bar in bars)
        yield Chart("entropy", title, BarChart(title, [("", bars)]), told=told, span="half")
    groups = [
        (
            f"{each.least} to {each.most} bits a byte",
            [
                Bar(plain(one.name), ((ratio, slot),), f"{ratio:.2f} ×")
                for slot, one in _slotted(measured)
                if (ratio := each.ratios.get(one.name)) is not None
            ],
        )
        for each in measured.entropy
    ]
    groups = [(name, bars) for name, bars in groups if bars]
    if groups:
        title = "Ratio by entropy"
        told = "; ".join(f"{name} {bar.name} {bar.text}" for name, bars in groups for bar in bars)
        yield Chart(
            "entropy-ratios", title, BarChart(title, groups), told=told, legend=_legend(measured), span="half"
        )


def _entropy_table(measured: Measured) -> Table:
    headings = ("bits a byte", "pages", *(f"{plain(each.name)} ratio" for each in measured.compressors))
    rows = [
        (
            f"{each.least} to {each.most}",
            f"{each.pages:,}",
            *(_ratio(each.ratios.get(one.name)) for one in measured.compressors),
        )
        for each in measured.entropy
    ]
    return Table("Classes of entropy", headings, rows)


def _compressor_table(measured: Measured) -> Table:
    rows: list[Sequence[str]] = [
        (
            plain(each.name),
            _ratio(each.ratio, each.ratio_error),
            _ratio(each.length_ratio),
            f"{each.stored:,}",
            f"{each.incompressible:,}",
            f"{each.above_limit:,}",
            f"{each.pool_pages:,}",
            _microseconds(each.compress_ns),
            _microseconds(each.decompress_ns),
        )
        for each in measured.compressors
    ]
    return Table(
        "",
        (
            "compressor",
            "ratio in zsmalloc",
            "ratio of lengths",
            "stored pages",
            "incompressible",
            f"above {GOOGLE_LIMIT:,} bytes",
            "pages of the pool",
            "µs to compress",
            "µs to decompress",
        ),
        rows,
    )


def _ratio(ratio: float | None, error: float | None = None) -> str:
    if ratio is None:
        return _DASH
    return f"{ratio:.2f}" if error is None else f"{ratio:.2f} ± {_SURE * error:.2f}"


def _share(measured: Measured, pages: int) -> str:
    error = measured.share_error(pages)
    share = f"{100 * measured.share(pages):.1f} %"
    return share if error is None else f"{share} ± {100 * _SURE * error:.1f}"


def _microseconds(nanoseconds: float | None) -> str:
    return _DASH if nanoseconds is None else f"{nanoseconds / 1000:.1f}"
