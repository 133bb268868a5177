from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.sweeps import AXES, make_rows, write_sweep
from zswap_replay.errors import SettingsError
from zswap_replay.report.html.charts.bars import BarChart
from zswap_replay.report.html.charts.curve import CurveChart
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
    maps = section(sweep_page(sweep), "Swap device writes over the settings")
    assert ["compressor zstd", "compressor lz4"] == [chart.title for chart in maps.charts]
    zstd, lz4 = (chart.drawing for chart in maps.charts)
    assert isinstance(zstd, HeatMap)
    assert isinstance(lz4, HeatMap)
    assert ["5", "10", "20"] == list(zstd.columns)
    assert ["8.0 MiB", "64.0 MiB", "max"] == list(zstd.rows)
    assert 2 * 35 * 256 * 4096 == zstd.values[0, 0]
    assert "70.0" == zstd.texts[0, 0]
    assert f"compressor zstd, max_pool_percent 5, {LIMIT} 8.0 MiB: 70.0 MiB" == zstd.tips[0, 0]
    assert 9 == len(zstd.values)
    assert (40 * 256 * 4096, 140 * 256 * 4096) == (zstd.low, zstd.high) == (lz4.low, lz4.high)
    assert ("40.0 MiB", "140.0 MiB") == maps.heat_scale


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
    drawing = section(page, "Compression ratio at the end over the settings").charts[0].drawing
    assert isinstance(drawing, HeatMap)
    assert {1, 2} == {column for column, _row in drawing.values}
    render(page)


def test_one_axis_is_drawn_as_bars(tmp_path: Path) -> None:
    axes: dict[str, Sequence[Cell]] = {"compressor": ("zstd",), "max_pool_percent": (20, 5, 10)}
    page = sweep_page(sweep_of(tmp_path, axes), "writeback_bytes")
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
        "Swap device writes over the settings",
    )
    assert 24 == len(maps.charts)
    assert "Shown are the first 24 of 40 maps" in maps.intro


def front_of(page: Page) -> ScatterChart:
    drawing = section(page, "Pareto front").charts[0].drawing
    assert isinstance(drawing, ScatterChart)
    return drawing


def test_a_file_without_a_front_gets_that_of_what_reaches_the_disk_and_memory_saved(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path))
    found = section(page, "Pareto front")
    assert [("1", "zstd", "20", "max")] == [tuple(row[:4]) for row in found.tables[0].rows]
    drawing = front_of(page)
    assert ["zstd, 20 %, max"] == [point.name for point in drawing.points if point.front]
    assert ("swap device writes, MiB", "swap device reads, MiB", "not") == (
        drawing.x,
        drawing.y,
        drawing.joined,
    )


def test_the_points_of_the_front_have_numbers_and_settings(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path, rows=marked(), pareto=FRONT)
    drawing = front_of(sweep_page(sweep))
    labels = {point.label: point.name for point in drawing.points if point.label}
    assert {"1–2": "", "3–4": "", "5–6": ""} == labels  # pools of one size, that write the same
    assert 6 == sum(point.front for point in drawing.points)
    few = [row for row in marked() if row[LIMIT] != 8 << 20]
    drawing = front_of(sweep_page(sweep_of(tmp_path, rows=few, pareto=FRONT)))
    assert {"1": "zstd, 5 %, 64.0 MiB", "2": "zstd, 10 %, 64.0 MiB", "3": "zstd, 20 %, 64.0 MiB"} == {
        point.label: point.name for point in drawing.points if point.label
    }


FRONT = ("zswap.pool_total_size:min", "derived.writeback_bytes:min")


def marked() -> list[dict[str, Cell]]:
    """The rows, those of zstd with a limit marked as a front of FRONT."""
    return [row | {"pareto": row["compressor"] == "zstd" and row[LIMIT] != -1} for row in make_rows()]


def test_a_front_that_the_file_marks_is_shown_as_it_is(tmp_path: Path) -> None:
    rows = [{**row, "pareto": place in (2, 7)} for place, row in enumerate(make_rows())]
    figures = ("derived.reject_rate:max", "vmstat.zswpout:min", "derived.writeback_bytes")
    page = sweep_page(sweep_of(tmp_path, rows=rows, pareto=figures))
    found = section(page, "Pareto front")
    assert (
        "2 of 18 points are beaten by no other: more reject_rate, less zswpout, less writeback" in found.intro
    )
    assert "The chart shows the first two figures." in found.intro
    assert ("reject rate, %", "vmstat.zswpout, pages") == (front_of(page).x, front_of(page).y)
    assert "not" == front_of(page).joined
    assert 2 == len(found.tables[0].rows)
    assert ("Reject rate", "vmstat.zswpout", "Zswap writeback") == tuple(found.tables[0].headings[4:7])


@pytest.mark.parametrize(
    ("figures", "axes", "joined"),
    [
        (FRONT[::-1], ("zswap writeback, MiB", "zswap.pool_total_size, MiB"), "steps"),
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
    drawing = front_of(sweep_page(sweep_of(tmp_path, rows=marked(), pareto=figures)))
    assert axes[0] == drawing.x
    assert axes[1].lower() == drawing.y.lower().replace("pool size", "zswap.pool_total_size")
    assert joined == drawing.joined


def test_a_mark_by_one_figure_is_no_front(tmp_path: Path) -> None:
    rows = [{**row, "pareto": place == 5} for place, row in enumerate(make_rows())]
    drawing = front_of(sweep_page(sweep_of(tmp_path, rows=rows, pareto=("derived.compression_ratio:max",))))
    assert ("swap device writes, MiB", "swap device reads, MiB") == (drawing.x, drawing.y)
    assert 1 == sum(point.front for point in drawing.points)


def headline(page: Page) -> dict[str, tuple[str, str]]:
    return {each.name: (each.values[0][2], each.values[0][3]) for each in page.figures}


def test_the_headline_has_the_best_of_what_reaches_the_disk_and_of_memory_saved(tmp_path: Path) -> None:
    point = f"compressor zstd, max_pool_percent 20, {LIMIT} max"
    shown = headline(sweep_page(sweep_of(tmp_path)))
    assert ("40.0 MiB", f"{point}, and 2 more") == shown["Least swap device writes"]
    assert ("30.0 MiB", f"{point}, and 1 more") == shown["Most memory saved, mean over time"]
    assert [
        "Points",
        "Least swap device writes",
        "Least swap device reads",
        "Most memory saved, mean over time",
    ] == [*shown]


def test_the_headline_and_the_maps_follow_the_sweeps_own_front(tmp_path: Path) -> None:
    figures = ("derived.reject_rate:max", "vmstat.zswpout:min")
    page = sweep_page(sweep_of(tmp_path, rows=marked(), pareto=figures))
    names = list(headline(page))
    assert ["Points", "Most reject rate", "Least vmstat.zswpout", "Least swap device writes"] == names[:4]
    assert "2.0 %" == headline(page)["Most reject rate"][0]
    assert section(page, "Reject rate over the settings").charts


def worst(**counters: int) -> list[dict[str, Cell]]:
    """The rows; the last one writes nothing, and has some more counters."""
    rows: list[dict[str, Cell]] = [{**row, "replay.oom": 0, "replay.swap_full": 0} for row in make_rows()]
    rows[-1] |= {
        "derived.swap_write_bytes": 0,
        "derived.swap_read_bytes": 0,
        "derived.memory_saved_mean_bytes": 1 << 40,
    }
    rows[-1] |= {name.replace("__", "."): value for name, value in counters.items()}
    return rows


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize(
    ("row", "mark"),
    [
        (worst(vmstat__zswpout=0), "nothing stored"),
        (worst(replay__oom=1), "oom"),
        (worst(replay__swap_full=7), "swap full"),
    ],
)
def test_a_point_that_is_no_good_is_marked_and_never_looks_best(
    tmp_path: Path, row: list[dict[str, Cell]], mark: str
) -> None:
    page = sweep_page(sweep_of(tmp_path, rows=row))
    assert "40.0 MiB" == headline(page)["Least swap device writes"][0]
    assert "30.0 MiB" == headline(page)["Most memory saved, mean over time"][0]
    maps = section(page, "Swap device writes over the settings")
    (crossed,) = [chart.drawing for chart in maps.charts if chart.drawing.crossed]  # type: ignore[attr-defined]
    (place,) = crossed.crossed  # type: ignore[attr-defined]
    assert crossed.tips[place].endswith(f"0 B × {mark}")  # type: ignore[attr-defined]
    assert "least at" in maps.charts[1].told
    assert "0 B" not in maps.charts[1].told
    (off,) = [point for point in front_of(page).points if point.tip.endswith(f"× {mark}")]
    assert not off.front
    assert "1 point does not compete" in section(page, "Pareto front").intro
    table = section(page, "All points").tables[0]
    assert [mark] == [cells[table.headings.index("marks")] for cells in table.rows if cells[3]]
    (curve,) = section(page, f"Swap device writes by {'max_pool_percent'}").charts[-1:]
    assert 1 == sum(point.hollow for each in curve.drawing.curves for point in each.points)  # type: ignore[attr-defined]
    render(page)


def test_where_no_point_is_good_the_headline_says_so(tmp_path: Path) -> None:
    rows = [{**row, "vmstat.zswpout": 0} for row in make_rows()]
    page = sweep_page(sweep_of(tmp_path, rows=rows))
    assert ("–", "no point that stored something and killed nothing") == headline(page)[
        "Least swap device writes"
    ]
    assert () == tuple(section(page, "Pareto front").tables)
    render(page)


def test_disk_writes_are_a_curve_over_a_limit_with_a_line_for_each_compressor(tmp_path: Path) -> None:
    axes: dict[str, Sequence[Cell]] = {"max_pool_percent": (20, 5, 10), "compressor": ("zstd", "lz4")}
    found = section(sweep_page(sweep_of(tmp_path, axes)), "Swap device writes by max_pool_percent")
    (chart,) = found.charts
    drawing = chart.drawing
    assert isinstance(drawing, CurveChart)
    assert ["5", "10", "20"] == list(drawing.settings)
    assert [("zstd", [70, 60, 40]), ("lz4", [140, 120, 80])] == [
        (curve.name, [point.value for point in sorted(curve.points, key=lambda point: point.place)])
        for curve in drawing.curves
    ]
    assert [("zstd", 1), ("lz4", 2)] == [(key.name, key.slot) for key in found.legend]
    assert "compressor lz4, max_pool_percent 5: 140.0 MiB" in chart.told


def test_other_settings_have_curves_of_their_own_on_one_scale(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path), axes=(LIMIT, "compressor"))
    found = section(page, f"Swap device writes by {LIMIT}")
    assert ["max_pool_percent 20", "max_pool_percent 5", "max_pool_percent 10"] == [
        c.title for c in found.charts
    ]
    assert {140.0} == {chart.drawing.most for chart in found.charts}  # type: ignore[attr-defined]
    assert {("8.0 MiB", "64.0 MiB", "max")} == {tuple(c.drawing.settings) for c in found.charts}  # type: ignore[attr-defined]


def test_a_sweep_of_no_limit_has_no_curve(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path, {"compressor": ("zstd", "lz4"), "seed": (1, 2)}))
    assert [] == [each.title for each in page.sections if each.title.startswith("Swap device writes by")]


def test_the_bars_of_one_limit_are_not_shown_beside_their_curve(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path, {"max_pool_percent": (20, 5, 10)}))
    assert [CurveChart, ScatterChart] == [type(chart.drawing) for chart in page.charts()]


def test_a_colour_means_one_compressor_all_over_the_page_and_is_none_of_the_maps(tmp_path: Path) -> None:
    page = sweep_page(sweep_of(tmp_path))
    curves = section(page, "Swap device writes by max_pool_percent").charts
    named = {(curve.name, curve.slot) for chart in curves for curve in chart.drawing.curves}  # type: ignore[attr-defined]
    assert {("zstd", 1), ("lz4", 2)} == named == set(front_of(page).keys)
    assert {1, 2} == {point.slot for point in front_of(page).points}
    bars = section(
        sweep_page(sweep_of(tmp_path, {"compressor": ("zstd", "lz4")})),
        "Swap device writes over the settings",
    )
    ((_name, found),) = bars.charts[0].drawing.groups  # type: ignore[attr-defined]
    assert [("zstd", 1), ("lz4", 2)] == [(bar.name, bar.parts[0][1]) for bar in found]


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
