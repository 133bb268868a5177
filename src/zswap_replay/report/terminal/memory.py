"""Figures of measured memory for people: what pages hold, what each compressor makes of them, and how sure that is."""

from __future__ import annotations

import sys

from rich.console import Console, RenderableType
from rich.text import Text

from zswap_replay.memory.figures import GOOGLE_LIMIT, CompressorFigures, Figures
from zswap_replay.memory.fitted import Fitted
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import PLAIN_WIDTH, OutputConsole, heading, number
from zswap_replay.units import PAGE_SIZE, format_size

_BIN = 512
_SURE = 1.96
"""Standard errors within which 95 of 100 samples are."""


def show_fit(fitted: Fitted) -> None:
    """Print how near a recipe comes to what was measured, on standard output."""
    made = Grid("", "KS distance", "ratio measured", "ratio of the recipe", "difference")
    for each in fitted.nearness:
        difference = "-" if each.difference is None else f"{each.difference:+.1%}".replace("%", " %")
        made.add_row(
            each.compressor, f"{each.distance:.3f}", _ratio(each.measured), _ratio(each.fitted), difference
        )
    console = _console()
    lines = len(fitted.recipe.classes)
    console.print(Text(f"{fitted.recipe.name}: {fitted.pages:,} pages that no one word fills, {lines} lines"))
    console.print()
    console.print(made)


def _console() -> Console:
    return OutputConsole(
        width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False, emoji=False, markup=False
    )


def show(figures: Figures) -> None:
    """Print figures on standard output: on a terminal in its width and in colour."""
    console = _console()
    for source in figures.sources:
        told = f"{source.kind}, {source.pages:,} pages ({format_size(source.pages * PAGE_SIZE)})"
        console.print(Text.assemble((source.name, "bold"), ": " if source.name else "", told))
        for reason, pages in source.left_out.items():
            console.print(Text(f"  left out: {pages:,} pages {reason}", style="dim"))
    if figures.sampled:
        console.print(
            Text(
                f"sample of {figures.sample}: {figures.pages:,} of {figures.population:,} pages; "
                "± is where 95 of 100 samples are"
            )
        )
    if figures.blur > 1:
        console.print(Text(f"lengths are rounded to multiples of {figures.blur} bytes"))
    _section(console, "pages", _kinds(figures))
    _section(console, f"compressors, kernel {figures.kernel}", _compressors(figures))
    _section(console, "lengths in bytes, share of the pages that no one word fills", _lengths(figures))
    if figures.entropy:
        _section(console, "entropy in bits a byte", _entropy(figures))


def _section(console: Console, title: str, part: RenderableType) -> None:
    console.print()
    console.print(heading(title))
    console.print(part)


def _kinds(figures: Figures) -> Grid:
    made = Grid("", "pages", "share")
    for name, pages in (
        ("zero", figures.zero),
        ("same-filled", figures.same_filled),
        ("other", figures.other),
        ("duplicates of other pages", figures.duplicates),
    ):
        if pages is not None:
            made.add_row(name, number(pages), _share(figures, pages))
    return made


def _share(figures: Figures, pages: int) -> str:
    error = figures.share_error(pages)
    share = f"{figures.share(pages):.1%}".replace("%", " %")
    return share if error is None else f"{share} ± {100 * _SURE * error:.1f}"


def _compressors(figures: Figures) -> Grid:
    made = Grid("", *(each.name for each in figures.compressors))
    rows = (
        ("ratio in zsmalloc", [_ratio(each.ratio, each.ratio_error) for each in figures.compressors]),
        ("ratio of lengths", [_ratio(each.length_ratio) for each in figures.compressors]),
        ("stored pages", [number(each.stored) for each in figures.compressors]),
        ("incompressible", [_part(figures, each.incompressible) for each in figures.compressors]),
        (f"above {GOOGLE_LIMIT:,} bytes", [_part(figures, each.above_limit) for each in figures.compressors]),
        ("µs to compress a page", [_microseconds(each.compress_ns) for each in figures.compressors]),
        ("µs to decompress a page", [_microseconds(each.decompress_ns) for each in figures.compressors]),
    )
    for name, cells in rows:
        made.add_row(name, *cells)
    return made


def _ratio(ratio: float | None, error: float | None = None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio:.2f}" if error is None else f"{ratio:.2f} ± {_SURE * error:.2f}"


def _part(figures: Figures, pages: int) -> str:
    return f"{pages:,} ({_share(figures, pages)})"


def _microseconds(nanoseconds: float | None) -> str:
    return "-" if nanoseconds is None else f"{nanoseconds / 1000:.1f}"


def _lengths(figures: Figures) -> Grid:
    made = Grid("", *(each.name for each in figures.compressors))
    for first in range(1, PAGE_SIZE, _BIN):
        last = first + _BIN - 1
        made.add_row(f"{first:,} to {last:,}", *(_within(each, first, last) for each in figures.compressors))
    made.add_row("refused", *(_of(each.incompressible, each) for each in figures.compressors))
    return made


def _within(each: CompressorFigures, first: int, last: int) -> str:
    return _of(sum(pages for length, pages in each.histogram.items() if first <= length <= last), each)


def _of(pages: int, each: CompressorFigures) -> str:
    every = each.stored + each.incompressible
    return f"{pages / every:.1%}".replace("%", " %") if every else "-"


def _entropy(figures: Figures) -> Grid:
    made = Grid("", "pages", *(f"{each.name} ratio" for each in figures.compressors))
    for row in figures.entropy:
        cells = [_ratio(row.ratios.get(each.name)) for each in figures.compressors]
        made.add_row(f"{row.least} to {row.most}", number(row.pages), *cells)
    return made
