from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.report.html.charts.bars import Bar, BarChart
from zswap_replay.report.html.charts.canvas import Canvas, drawing, number_text, tick_texts, ticks_for
from zswap_replay.report.html.charts.curve import Curve, CurveChart, CurvePoint
from zswap_replay.report.html.charts.heatmap import HeatMap, step_of
from zswap_replay.report.html.charts.image import to_png, to_svg
from zswap_replay.report.html.charts.lengths import Bin, LengthChart
from zswap_replay.report.html.charts.lines import Limit, Line, LineChart, spread, thin
from zswap_replay.report.html.charts.scatter import Point, ScatterChart
from zswap_replay.report.html.charts.theme import LIGHT, ROLES
from zswap_replay.report.html.pages.content import Drawing

HOSTILE = "/a$x$<b>&\"'_{y}^2"

LINES = LineChart(
    "Pool",
    "time, s",
    "MiB",
    [Line("zstd", [0, 1, 2], [0, 3, 2], 0, "2.0 MiB"), Line(HOSTILE, [0, 2], [0, 2.1], 1, "2.1 MiB")],
    [Limit([0, 1, 2], [2.5, None, 4.0], "limit"), Limit([0], [500.0], "far limit")],
)
BARS = BarChart(
    "Rejects",
    [(HOSTILE, [Bar("zstd", ((3, 0), (1, 1)), "4", 6.0), Bar("lz4", ((0, 0),), "0")])],
)
LENGTHS = LengthChart("Lengths", [Bin(1, 64, 10, 0.5), Bin(4033, 4096, 1, 0.0)], 0, 40, 10, 0.5)
POINTS = ScatterChart(
    "Front",
    "pool, MiB",
    "writeback, MiB",
    [
        Point(1, 9, 0, "1", "one", front=True),
        Point(2, 4, 1, "2", HOSTILE, front=True),
        Point(3, 8, 0, tip="three"),
    ],
)
MAP = HeatMap(
    "Map",
    "percent",
    "limit",
    ["5", "10"],
    ["max", HOSTILE],
    {(0, 0): 1.0, (1, 1): 3.0},
    {(0, 0): "1.0", (1, 1): "3.0"},
    {(0, 0): "5, max: 1", (1, 1): HOSTILE},
    1.0,
    3.0,
)
CURVES = CurveChart(
    "Writes",
    "limit",
    "MiB",
    ["1.0 MiB", "64.0 MiB", HOSTILE],
    [Curve(HOSTILE, 1, [CurvePoint(0, 3.0, "first"), CurvePoint(2, 1.0, HOSTILE, hollow=True)])],
    4.0,
)
CHARTS: dict[str, Drawing] = {
    "lines": LINES,
    "bars": BARS,
    "lengths": LENGTHS,
    "points": POINTS,
    "map": MAP,
    "curves": CURVES,
}
EVERY_CHART = pytest.mark.parametrize("chart", CHARTS)


@pytest.fixture(autouse=True)
def _drawing() -> Iterator[None]:
    with drawing():
        yield


def svg(chart: Drawing, width: int = 480) -> str:
    return to_svg(chart.draw(Canvas(width, ROLES)), "chart", "a label", "wide")


def texts(markup: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(markup).iter("text")]


def tips(markup: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(markup).iter("title")]


@EVERY_CHART
def test_a_chart_takes_the_colours_and_fonts_of_its_page(chart: str) -> None:
    markup = svg(CHARTS[chart])
    assert [] == re.findall(r"#[0-9a-fA-F]{6}\b", markup)
    assert "var(--series-" in markup or "var(--heat-" in markup
    assert "DejaVu" not in markup
    assert "<metadata" not in markup


@EVERY_CHART
def test_a_chart_fits_its_place_and_tells_what_it_is(chart: str) -> None:
    root = ElementTree.fromstring(svg(CHARTS[chart]))
    assert ("img", "a label", "wide") == (root.get("role"), root.get("aria-label"), root.get("class"))
    assert (None, None) == (root.get("width"), root.get("height"))
    assert re.fullmatch(r"0 0 480 \d+(\.\d+)?", root.get("viewBox", ""))


@EVERY_CHART
def test_ids_are_the_charts_own_and_lead_somewhere(chart: str) -> None:
    markup = svg(CHARTS[chart])
    ids = re.findall(r' id="([^"]*)"', markup)
    assert sorted(set(ids)) == sorted(ids)
    assert all(each.startswith("chart-") for each in ids)
    wanted = re.findall(r'href="#([^"]*)"', markup) + re.findall(r"url\(#([^)]*)\)", markup)
    assert set(wanted) <= set(ids)


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@EVERY_CHART
@pytest.mark.parametrize("width", [340, 960])
def test_equal_charts_are_equal_bytes(chart: str, width: int) -> None:
    assert svg(CHARTS[chart], width) == svg(CHARTS[chart], width)
    alone = Canvas(width, LIGHT, alone=True)
    image = to_png(CHARTS[chart].draw(alone))
    assert image == to_png(CHARTS[chart].draw(alone))
    assert b"\x89PNG" == image[:4]
    assert b"matplotlib" not in image.lower()


def test_lines_bear_names_values_and_limits() -> None:
    markup = svg(LINES, 960)
    assert {"zstd", HOSTILE, "2.0 MiB", "2.1 MiB", "limit", "↑ far limit", "MiB", "time, s"} <= set(
        texts(markup)
    )
    assert ["zstd: 2.0 MiB", f"{HOSTILE}: 2.1 MiB"] == tips(markup)
    assert "zstd" not in texts(svg(replace(LINES, named=False)))


def test_a_limit_is_drawn_only_where_it_is_set() -> None:
    (axes,) = LINES.draw(Canvas(480, ROLES)).axes
    (step,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert [0.0, 0.0, 1.0, 2.0, 2.0] == np.asarray(step.get_xdata()).tolist()
    assert ["2.5", "2.5", "nan", "4.0", "4.0"] == [str(y) for y in np.asarray(step.get_ydata()).tolist()]
    assert axes.get_ylim()[1] > 4.0


@pytest.mark.parametrize(
    ("heights", "place"),
    [
        (((0, 9, 9, 9),), ("left", "bottom")),  # above the limit there is room
        (((10.5, 10.5, 10.5, 0),), ("left", "top")),
        (((10.5, 10.5, 10.5, 0), (9.5, 9.5, 9.5, 0)), ("right", "bottom")),
    ],
)
def test_a_limits_name_is_clear_of_the_lines(
    heights: tuple[tuple[float, ...]], place: tuple[str, str]
) -> None:
    lines = [Line("zstd", [0, 5, 8, 8.1], y, 0) for y in heights]
    limits = [Limit([0, 10], [10, 10], "limit 10")]
    chart = replace(LINES, lines=[*lines, Line("lz4", [0, 10], [0, 0], 1)], limits=limits)
    (axes,) = chart.draw(Canvas(480, ROLES)).axes
    (name,) = [text for text in axes.texts if text.get_text() == "limit 10"]
    assert place == (name.get_horizontalalignment(), name.get_verticalalignment())


def test_bars_have_a_tip_for_each_part_that_is_there() -> None:
    markup = svg(BARS)
    assert [f"{HOSTILE} zstd, 4", f"{HOSTILE} zstd, 4"] == tips(markup)
    assert {HOSTILE, "zstd", "lz4", "4", "0"} <= set(texts(markup))


def test_a_picture_has_the_title_and_the_legend_that_a_page_has_beside_it() -> None:
    alone = CURVES.draw(Canvas(480, LIGHT, alone=True))
    assert ["Writes", HOSTILE, "MiB", "limit"] == [text.get_text() for text in alone.texts]
    assert ["MiB", "limit"] == [text.get_text() for text in CURVES.draw(Canvas(480, LIGHT)).texts]


@pytest.mark.parametrize("width", [340, 960])
def test_a_long_title_is_all_in_the_picture(width: int) -> None:
    with drawing():
        alone = replace(CURVES, title="Written back against the pool, by compressor " * 3).draw(
            Canvas(width, LIGHT, alone=True)
        )
        shown = alone.texts[0].get_window_extent()
    assert 0 < shown.x0
    assert shown.x1 < width


def test_a_map_alone_tells_the_ends_of_its_scale() -> None:
    alone = replace(MAP, scale=("1 MiB", "3 MiB")).draw(Canvas(480, LIGHT, alone=True))
    assert ["Map", "1 MiB", "3 MiB", "limit", "percent"] == [text.get_text() for text in alone.texts]


def test_lengths_show_pages_and_waste() -> None:
    markup = svg(LENGTHS)
    assert {"pages stored", "MiB of pool beyond the compressed bytes", "median 40"} <= set(texts(markup))
    assert [
        "1 to 64 bytes: 10 pages, 0.500 MiB beyond their bytes",
        "4,033 to 4,096 bytes: 1 pages, 0.000 MiB beyond their bytes",
        "1 to 64 bytes: 10 pages, 0.500 MiB beyond their bytes",
    ] == tips(markup)
    bare = svg(replace(LENGTHS, bins=[Bin(1, 64, 10, None)], most_waste=None))
    assert ["1 to 64 bytes: 10 pages"] == tips(bare)


def test_a_front_is_joined_and_numbered() -> None:
    (axes,) = POINTS.draw(Canvas(480, ROLES)).axes
    assert [1, 2] == np.asarray(axes.lines[0].get_xdata()).tolist()
    assert "steps-post" == axes.lines[0].get_drawstyle()
    assert {"1", "2"} <= set(texts(svg(POINTS)))
    assert sorted(["one", HOSTILE, "three"]) == sorted(tips(svg(POINTS)))


def test_of_many_labels_those_that_find_no_room_are_left_out() -> None:
    crowd = replace(POINTS, points=[Point(1, 1, 0, "a very long label") for _ in range(40)])
    assert 1 <= texts(svg(crowd)).count("a very long label") <= 30


def test_a_label_has_the_name_where_there_is_room_and_is_never_left_out() -> None:
    points = [Point(1 + place / 1000, 1, 0, str(place), name="zstd, 10 %, 512.0 KiB") for place in range(9)]
    for width in (340, 960):
        drawn = texts(to_svg(replace(POINTS, points=points).draw(Canvas(width, ROLES)), "a", "a", ""))
        found = [text.partition(" · ")[0] for text in drawn]
        assert {str(place) for place in range(9)} <= set(found)
        assert any("zstd, 10 %" in text for text in drawn)


def test_a_map_crosses_out_what_is_no_good() -> None:
    crossed = replace(MAP, crossed={(0, 0)})
    assert {"× 1.0", "3.0"} <= set(texts(svg(crossed)))
    narrow = replace(crossed, columns=[str(place) for place in range(40)])
    assert "×" in texts(svg(narrow))


def test_a_curve_stands_at_equal_distances_and_hollow_where_a_point_is_no_good() -> None:
    (axes,) = CURVES.draw(Canvas(480, ROLES)).axes
    assert [0, 1, 2] == list(axes.get_xticks())
    assert [0, 2] == np.asarray(axes.lines[0].get_xdata()).tolist()
    fills = [line.get_markerfacecolor() for line in axes.lines[1:]]
    assert [ROLES.series(1), ROLES["surface"]] == fills
    assert sorted(["first", HOSTILE]) == sorted(tips(svg(CURVES)))
    many = replace(CURVES, settings=[f"{place}.0 MiB" for place in range(60)])
    assert len(many.draw(Canvas(340, ROLES)).axes[0].get_xticks()) < 12


def test_a_map_writes_values_where_there_is_room() -> None:
    assert {"1.0", "3.0"} <= set(texts(svg(MAP)))
    wide = replace(MAP, columns=[str(place) for place in range(40)])
    shown = texts(svg(wide))
    assert "3.0" not in shown
    assert {"0"} <= set(shown)
    assert len(shown) < 40  # not every column has room for its name


@pytest.mark.parametrize(("value", "step"), [(0.0, 0), (0.99, 0), (1.0, 1), (4.5, 4), (8.99, 8), (9.0, 8)])
def test_steps_divide_the_range(value: float, step: int) -> None:
    assert step == step_of(value, 0.0, 9.0)


def test_equal_values_are_in_the_middle() -> None:
    assert 4 == step_of(7.0, 7.0, 7.0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.floats(1, 10))
def test_labels_spread_keep_their_order_and_their_distance(heights: list[float], gap: float) -> None:
    placed = spread(heights, gap, 100)
    assert sorted(range(len(placed)), key=placed.__getitem__) == sorted(
        range(len(heights)), key=lambda place: (heights[place], -place)
    )
    ordered = sorted(placed)
    assert all(after - before >= gap * 0.999 for before, after in pairwise(ordered))
    assert ordered[-1] <= 100


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=3000), st.integers(10, 400))
def test_a_thinned_line_keeps_its_ends_and_its_extremes(y: list[float], most: int) -> None:
    x = [float(place) for place in range(len(y))]
    xs, ys = thin(x, y, most)
    assert len(xs) == len(ys) <= max(most + 3, 0)
    assert (x[0], x[-1], y[0], y[-1]) == (xs[0], xs[-1], ys[0], ys[-1])
    assert (min(y), max(y)) == (min(ys), max(ys))
    assert sorted(xs) == xs
    assert all(y[int(at)] == value for at, value in zip(xs, ys, strict=True))


@given(st.floats(0, 1e12), st.floats(1e-6, 1e12), st.integers(2, 9))
def test_ticks_lie_inside(low: float, span: float, most: int) -> None:
    ticks = ticks_for(low, low + span, most)
    assert len(ticks) <= 2 * most + 1
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_ticks_have_the_decimals_that_tell_them_apart() -> None:
    assert ["0.00", "0.05", "0.10"] == tick_texts([0, 0.05, 0.1])
    assert ["0", "1,000"] == tick_texts([0, 1000])
    assert "1,234.50" == number_text(1234.5, 0.25)
