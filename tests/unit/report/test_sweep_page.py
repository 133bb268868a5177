from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.sweeps import AXES, make_rows, write_sweep
from zswap_replay.errors import SettingsError
from zswap_replay.report.html.charts.bars import BarChart
from zswap_replay.report.html.charts.heatmap import HeatMap
from zswap_replay.report.html.charts.scatter import ScatterChart
from zswap_replay.report.html.pages.content import Page, Section
from zswap_replay.report.html.pages.figures import figure, setting_text, values_of
from zswap_replay.report.html.pages.maps import map_axes
from zswap_replay.report.html.pages.sweeps import sweep_page
from zswap_replay.report.html.render import render
from zswap_replay.sweep.file import read
from zswap_replay.sweep.result import Cell, Sweep

LIMIT = "/web:memory.zswap.max"


def sweep_of(
    folder: Path,
    axes: Mapping[str, Sequence[Cell]] = AXES,
    rows: Sequence[Mapping[str, Cell]] | None = None,
    pareto: Sequence[str] | None = None,
) -> Sweep:
    return read(write_sweep(folder / "sweep.parquet", rows or make_rows(axes), tuple(axes), pareto))


def section(page: Page, title: str) -> Section:
    (found,) = [section for section in page.sections if section.title == title]
    return found


def test_numbers_make_the_map_and_the_rest_its_panels(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    assert ("max_pool_percent", LIMIT) == map_axes(sweep)
    maps = section(sweep_page(sweep), "Zswap writeback over the settings")
    assert ["compressor zstd", "compressor lz4"] == [chart.title for chart in maps.charts]
    zstd, lz4 = (chart.drawing for chart in maps.charts)
    assert isinstance(zstd, HeatMap)
    assert isinstance(lz4, HeatMap)
    assert ["5", "10", "20"] == list(zstd.columns)
    assert ["8.0 MiB", "64.0 MiB", "max"] == list(zstd.rows)
    assert 35 * 256 * 4096 == zstd.values[0, 0]
    assert "35.0" == zstd.texts[0, 0]
    assert f"compressor zstd, max_pool_percent 5, {LIMIT} 8.0 MiB: 35.0 MiB" == zstd.tips[0, 0]
    assert 9 == len(zstd.values)
    assert (20 * 256 * 4096, 70 * 256 * 4096) == (zstd.low, zstd.high) == (lz4.low, lz4.high)
    assert ("20.0 MiB", "70.0 MiB") == maps.heat_scale


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (
            {"compressor": "abcde", "nodes": (1, 2), "seed": (4, 1, 3, 2), "max_pool_percent": (5, 10, 20)},
            "seed max_pool_percent",
        ),
        ({"compressor": "abc", "kernel": "abcd", "seed": (1, 2)}, "seed kernel"),
        ({"compressor": "abc", "kernel": "ab", "seed": (1,)}, "compressor kernel"),
        ({"shrinker_enabled": (False, True), "nodes": (1, 2), "seed": (1, 2)}, "nodes seed"),
        ({"compressor": "abc", "seed": (1,)}, "compressor"),
        ({"seed": (1,)}, ""),
    ],
)
def test_a_map_is_over_the_ordered_axes_with_most_values(
    axes: dict[str, Sequence[Cell]], expected: str, tmp_path: Path
) -> None:
    assert expected.split() == list(map_axes(sweep_of(tmp_path, axes)))


def test_axes_and_figure_can_be_chosen(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path), "reject_rate", ("compressor", "max_pool_percent"))
    (first, *_rest) = section(page, "Reject rate over the settings").charts
    assert isinstance(first.drawing, HeatMap)
    assert ["zstd", "lz4"] == list(first.drawing.columns)
    assert ["0.5", "1.0", "2.0"] == [first.drawing.texts[0, row] for row in range(3)]


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (
            ("nodes", "compressor"),
            "'nodes' is no axis of this sweep: expected two of compressor, max_pool_percent",
        ),
        (("compressor",), "axes 'compressor': expected two of compressor"),
        (("compressor", "compressor"), "axes 'compressor,compressor': expected two of compressor"),
    ],
)
def test_axes_that_make_no_map_are_named(tmp_path: Path, wanted: tuple[str, ...], text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        map_axes(sweep_of(tmp_path), wanted)
    assert str(caught.value).startswith(text)


def test_figures_are_named_in_full_or_short(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    assert figure(sweep, "derived.writeback_bytes") == figure(sweep, "writeback_bytes")
    assert ("/web:zswpwb", "pages") == (
        figure(sweep, "/web:zswpwb").column,
        figure(sweep, "/web:zswpwb").unit,
    )
    assert "0.5 %" == figure(sweep, "reject_rate").text(0.005)
    assert "2.25" == figure(sweep, "compression_ratio").text(2.25)
    assert "12,345" == figure(sweep, "zswpout").text(12345)
    for name in ("nothing", "compressor"):
        with pytest.raises(SettingsError, match=f"'{name}' is no figure of this sweep"):
            figure(sweep, name)


def test_a_figure_that_some_points_lack_leaves_their_cells_empty(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path), "derived.compression_ratio")
    drawing = section(page, "Compression ratio over the settings").charts[0].drawing
    assert isinstance(drawing, HeatMap)
    assert {1, 2} == {column for column, _row in drawing.values}
    render(page)


def test_one_axis_is_drawn_as_bars(tmp_path: Path) -> None:
    axes: dict[str, Sequence[Cell]] = {"compressor": ("zstd",), "max_pool_percent": (20, 5, 10)}
    page = sweep_page(sweep_of(tmp_path, axes))
    drawing = section(page, "Zswap writeback over the settings").charts[0].drawing
    assert isinstance(drawing, BarChart)
    ((_name, bars),) = drawing.groups
    assert [("5", "35.0 MiB"), ("10", "30.0 MiB"), ("20", "20.0 MiB")] == [
        (bar.name, bar.text) for bar in bars
    ]


def test_one_point_is_a_page_without_charts(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path, {"compressor": ("zstd",)}))
    assert [] == list(page.charts())
    assert "1" == page.figures[0].values[0][2]
    render(page)


def test_many_settings_say_that_not_all_maps_are_drawn(tmp_path: Path) -> None:
    axes: dict[str, Sequence[Cell]] = {**AXES, "seed": range(20)}
    maps = section(
        sweep_page(sweep_of(tmp_path, axes), axes=("max_pool_percent", LIMIT)),
        "Zswap writeback over the settings",
    )
    assert 24 == len(maps.charts)
    assert "Shown are the first 24 of 40 maps" in maps.intro


def front_of(page: Page) -> ScatterChart:
    drawing = section(page, "Pareto front").charts[0].drawing
    assert isinstance(drawing, ScatterChart)
    return drawing


def test_the_front_is_that_of_small_pools_and_few_writebacks(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path))
    table = section(page, "Pareto front").tables[0]
    assert [("1", "zstd", "5"), ("2", "zstd", "5"), ("3", "zstd", "10")] == [
        tuple(row[:3]) for row in table.rows[:3]
    ]
    assert 6 == len(table.rows)
    drawing = front_of(page)
    assert {"1–2", "3–4", "5–6"} == {point.label for point in drawing.points if point.label}
    assert 6 == sum(point.front for point in drawing.points)
    assert {0, 1} == {point.slot for point in drawing.points}
    assert [("zstd", 0), ("lz4", 1)] == list(drawing.keys)
    assert "steps" == drawing.joined


def test_a_front_that_the_file_marks_is_shown_as_it_is(tmp_path: Path) -> None:
    marked = [{**row, "pareto": place in (2, 7)} for place, row in enumerate(make_rows())]
    figures = ("derived.reject_rate:max", "vmstat.zswpout:min", "derived.writeback_bytes")
    page = sweep_page(sweep_of(tmp_path, rows=marked, pareto=figures))
    found = section(page, "Pareto front")
    assert (
        "2 of 18 points are beaten by no other (the sweep's own mark: more reject_rate, less zswpout"
        in found.intro
    )
    assert "The chart shows the first two figures." in found.intro
    assert ("reject rate, %", "vmstat.zswpout, pages") == (front_of(page).x, front_of(page).y)
    assert "not" == front_of(page).joined
    assert 2 == len(found.tables[0].rows)
    assert ("Reject rate", "vmstat.zswpout", "Zswap writeback") == tuple(found.tables[0].headings[4:7])


@pytest.mark.parametrize(
    ("figures", "axes", "joined"),
    [
        (
            ("derived.writeback_bytes", "zswap.pool_total_size:min"),
            ("pool size, MiB", "zswap writeback, MiB"),
            "steps",
        ),
        (
            ("derived.writeback_bytes", "vmstat.zswpout:max"),
            ("zswap writeback, MiB", "vmstat.zswpout, pages"),
            "straight",
        ),
    ],
)
def test_a_front_of_two_figures_is_joined(
    tmp_path: Path, figures: tuple[str, ...], axes: tuple[str, str], joined: str
) -> None:
    marked = [{**row, "pareto": place in (2, 7)} for place, row in enumerate(make_rows())]
    drawing = front_of(sweep_page(sweep_of(tmp_path, rows=marked, pareto=figures)))
    assert axes == (drawing.x, drawing.y)
    assert joined == drawing.joined


def test_a_mark_by_one_figure_is_no_front(tmp_path: Path) -> None:
    marked = [{**row, "pareto": place == 5} for place, row in enumerate(make_rows())]
    drawing = front_of(sweep_page(sweep_of(tmp_path, rows=marked, pareto=("derived.compression_ratio:max",))))
    assert ("pool size, MiB", "zswap writeback, MiB", "steps") == (drawing.x, drawing.y, drawing.joined)
    assert 6 == sum(point.front for point in drawing.points)


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        (LIMIT, -1, "max"),
        (LIMIT, 1 << 20, "1.0 MiB"),
        ("/web:memory.zswap.writeback", 0, "0"),
        ("totalram", 1 << 30, "1.0 GiB"),
        ("shrinker_enabled", True, "on"),
        ("max_events", 1000000, "1,000,000"),
        ("kernel", "6.8", "6.8"),
        ("lengths", None, "–"),
    ],
)
def test_settings_are_written_for_people(axis: str, value: Cell, text: str) -> None:
    assert text == setting_text(axis, value)


def test_values_of_an_axis_are_in_its_order(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    assert [5, 10, 20] == values_of(sweep, "max_pool_percent")
    assert [8 << 20, 64 << 20, -1] == values_of(sweep, LIMIT)
    assert ["zstd", "lz4"] == values_of(sweep, "compressor")


def test_the_page_tells_points_and_settings(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path))
    assert ("Sweep of 18 points", "1,234,567 events") == tuple(page.about[:2])
    assert "2 compressor × 3 max_pool_percent × 3 /web:memory.zswap.max" == page.figures[0].values[0][3]
    assert 18 == len(section(page, "All points").tables[0].rows)
    rows = {row[0]: row[1] for row in section(page, "Settings").tables[0].rows}
    assert {
        "kernel": "6.8",
        "totalram": "4.0 GiB",
        "enabled": "on",
        "lengths": "–",
        "set": "/web:memory.max=1",
    } == rows
