"""The page of a file of lengths: what it says, and what it leaves out where the file does not know it."""

from __future__ import annotations

from dataclasses import replace

from tests.factories import make_figures
from zswap_replay.report.html.pages.measured import measured_page
from zswap_replay.report.html.render import render


def test_every_figure_has_its_place() -> None:
    page = measured_page("my <file>.parquet", make_figures())
    assert [
        "lengths-1-zstd",
        "lengths-2-lz4",
        "lengths-3-lzo-rle",
        "cost-compress",
        "cost-decompress",
        "kinds",
        "entropy",
        "entropy-ratios",
    ] == [chart.name for chart in page.charts()]
    ratio = next(each for each in page.figures if each.name == "Ratio in zsmalloc")
    assert ("zstd", 1, "3.00 ± 0.04", "of 900 stored pages") == ratio.values[0]
    assert ("842", 4, "–", "of 0 stored pages") == ratio.values[3]
    assert "a sample of 1/4 of 6,000 pages; ± is where 95 of 100 samples are" in page.about
    assert "core dump, 6,000 pages; left out: 12 in holes of the file" in page.about
    cost = next(chart for chart in page.charts() if chart.name == "cost-compress")
    assert cost.told.startswith("zstd: 30.0 µs a page, ratio 3.00; lz4: 15.0 µs a page, ratio 2.50")
    text = render(page)
    assert render(page) == text
    assert "my &lt;file&gt;.parquet" in text


def test_what_a_file_does_not_know_is_not_drawn() -> None:
    figures = make_figures("1")
    bare = replace(
        figures,
        sources=(),
        entropy=(),
        duplicates=None,
        compressors=tuple(
            replace(each, compress_ns=None, decompress_ns=None) for each in figures.compressors
        ),
    )
    page = measured_page("lengths.parquet", bare)
    assert ["lengths-1-zstd", "lengths-2-lz4", "lengths-3-lzo-rle", "kinds"] == [
        chart.name for chart in page.charts()
    ]
    assert "Duplicates" not in [each.name for each in page.figures]
    refused = replace(bare, compressors=bare.compressors[3:])
    assert "No compressor takes a page of this file." in render(measured_page("l", refused))
