from __future__ import annotations

from fractions import Fraction

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.replay.shares import WorkingSets
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.sweep.grid import MOST_POINTS, Option, build, first_fault
from zswap_replay.trace.info import MemcgInfo, TraceInfo
from zswap_replay.units import Share, parse_share

KERNELS = Option("kernel", ("6.8", "6.12"), ("6.8", "6.12"))
PERCENT = Option("max_pool_percent", ("5",), (5,))
LIMITS = Option("/web:memory.zswap.max", ("64M", "max"), (64 << 20, -1))


def working_sets(**pages: int) -> WorkingSets:
    memcgs = [MemcgInfo("/" + path.replace("_", "/"), 1, count) for path, count in pages.items()]
    return WorkingSets(TraceInfo(9, {}, memcgs, 0, 0, []))


def test_the_last_axis_moves_fastest_and_options_of_one_value_are_in_every_point() -> None:
    grid = build([KERNELS, PERCENT, LIMITS])
    assert [
        Settings(
            kernel=kernel,
            max_pool_percent=5,
            knobs=(KnobWrite("/web", "memory.zswap.max", limit),),
            fixed=frozenset({"max_pool_percent"}),
        )
        for kernel in ("6.8", "6.12")
        for limit in (64 << 20, -1)
    ] == [point.settings for point in grid.points]
    assert [0, 1, 2, 3] == [point.index for point in grid.points]
    assert "kernel=6.12 /web:memory.zswap.max=64M" == grid.points[2].label
    assert ["kernel", "/web:memory.zswap.max"] == [axis.name for axis in grid.axes]
    assert {"kernel": "6.12", "/web:memory.zswap.max": 64 << 20} == grid.cells(grid.points[2].settings)


def test_no_option_is_a_grid_of_one_point() -> None:
    grid = build([])
    assert [Settings()] == [point.settings for point in grid.points]
    assert () == grid.axes


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (Option("max_pool_percent", ("5", "05"), (5, 5)), "--max-pool-percent 05 is given twice"),
        (Option("compressor", ("zstd", "zstd:3"), ("zstd", "zstd:3")), "--compressor zstd:3 is given twice"),
        (
            Option("/a:memory.max", ("1M", "1024K"), (1 << 20, 1 << 20)),
            "--set /a:memory.max 1024K is given twice",
        ),
        (Option("max_pool_percent", ("5", "200"), (5, 200)), "max_pool_percent 200: expected 0 to 100"),
        (Option("totalram", ("1", "2G"), (1, 2 << 30)), "totalram 1: expected at least a page, 4096 bytes"),
        (
            Option("seed", tuple(map(str, range(MOST_POINTS + 1))), tuple(range(MOST_POINTS + 1))),
            "the grid has 1,048,577 points; expected at most 1,048,576",
        ),
    ],
)
def test_values_that_cannot_be_are_refused(option: Option, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build([option])
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("text", "factor"), [("0.5ws", "1/2"), ("1ws", "1"), (".25ws", "1/4"), ("1.ws", "1"), ("10ws", "10")]
)
def test_a_share_is_a_number_and_ws(text: str, factor: str) -> None:
    assert Share("/a", Fraction(factor)) == parse_share(text, "/a")


@pytest.mark.parametrize("text", ["ws", "0.5", "-1ws", "1e3ws", "0.5 ws", "1wss", "64M", "max"])
def test_other_texts_are_no_share(text: str) -> None:
    assert None is parse_share(text)


def test_a_working_set_is_the_distinct_pages_of_a_memcg_and_all_below_it() -> None:
    sets = working_sets(web=10, web_worker=5, webbing=100, db=1)
    assert [15, 5, 100, 1, 116, 0] == [
        sets.size(path) // 4096 for path in ("/web", "/web/worker", "/webbing", "/db", "/", "/nowhere")
    ]


def test_shares_become_whole_pages_and_keep_their_text() -> None:
    share = parse_share("0.33ws", "/web")
    assert share is not None
    grid = build(
        [
            Option("totalram", ("1.5ws",), (Share("/", Fraction(3, 2)),)),
            Option("/web:memory.max", ("0.33ws", "4M"), (share, 4 << 20)),
        ],
        working_sets(web=10, db=3),
    )
    assert [19 * 4096, 19 * 4096] == [point.settings.totalram for point in grid.points]
    assert [3 * 4096, 4 << 20] == [point.settings.knobs[0].value for point in grid.points]
    assert "/web:memory.max=0.33ws" == grid.points[0].label
    assert ("1.5ws",) == grid.options[0].texts


@pytest.mark.parametrize(
    ("memcg", "expected"),
    [
        (
            "/wbe",
            "--set /wbe:memory.max 0.5ws: the trace has no memcg /wbe, of whose working set this is a share",
        ),
        (
            "/idle",
            "--set /idle:memory.max 0.5ws: the trace has no page in memcg /idle, of whose working set this is a share",
        ),
    ],
)
def test_a_share_of_nothing_is_refused(memcg: str, expected: str) -> None:
    share = parse_share("0.5ws", memcg)
    assert share is not None
    with pytest.raises(SettingsError) as caught:
        build([Option(f"{memcg}:memory.max", ("0.5ws",), (share,))], working_sets(web=10, idle=0))
    assert expected == str(caught.value)


def test_the_first_fault_is_that_of_the_first_point_whichever_options_it_lies_in() -> None:
    points = build([Option(name, ("1", "2"), (1, 2)) for name in ("seed", "warmup", "max_events")]).points
    checked: list[int] = []

    def check(index: int) -> None:
        checked.append(index)
        seed, warmup, max_events = points.values(index, "seed", "warmup", "max_events")
        if warmup == 2 or seed == max_events == 2:
            raise SettingsError(f"point {index}")

    found = first_fault(points, (("seed", "max_events"),), check)
    assert found is not None
    assert (2, "point 2") == (found[0], str(found[1]))
    assert {2, 5} >= {index for index in checked if index not in (0, 1, 4)}
    assert first_fault(points, (), lambda _: None) is None


def test_points_that_vary_in_some_options_have_the_first_value_of_the_others() -> None:
    points = build([KERNELS, PERCENT, LIMITS]).points
    assert [0, 1] == list(points.varying(LIMITS.name))
    assert [0, 2] == list(points.varying("kernel"))
    assert [0, 1, 2, 3] == list(points.varying("kernel", LIMITS.name))
    assert [0] == list(points.varying("no such"))
    assert ("6.12", 5, None) == points.values(2, "kernel", "max_pool_percent", "seed")
