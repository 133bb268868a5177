"""The worst settings that there are, held against a fair one: none of them looks good anywhere."""

from __future__ import annotations

import csv
import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.bench import HALF, Bench
from zswap_replay.report.machine import sweep_csv, sweep_json
from zswap_replay.report.terminal import sweep_table
from zswap_replay.sweep import file as sweep_file
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.pareto import DEFAULT, Figure, front
from zswap_replay.sweep.result import Sweep
from zswap_replay.sweep.run import sweep
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

RELEASES = ("6.6", "patch-v4", "6.12")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def turns() -> TraceBuilder:
    """A program of 120 pages that goes through all of them three times, and frees them."""
    trace = TraceBuilder()
    for turn in range(3):
        for page in range(120):
            trace.write("/a", page, content=HALF + 200 * turn + page)
    return trace.discard("/a", 0, count=120).write("/a", 0, content=HALF)


def grid(bench: Bench, *axes: tuple[str, tuple[Any, ...]], **options: Any) -> Sweep:
    """Sweep turns() in a machine that holds less than the program; the first value of each axis is the fair one."""
    lengths = bench.settings().lengths
    base = (("lengths", (lengths,)), ("totalram", (1 << 20,)), ("/a:memory.max", (80 * PAGE_SIZE,)))
    given = [
        Option(name, tuple(str(value) for value in values), values)
        for name, values in (*(one for one in base if one[0] not in dict(axes)), *axes)
    ]
    return sweep(bench.save(turns()), given, jobs=1, **options)


def in_order(found: Sweep, *axes: tuple[str, tuple[Any, ...]]) -> list[int]:
    """The places of the points in the order of what was given: a grid sorts numbers."""
    points = product(*(values for _, values in axes))
    where = [{axis: row[axis] for axis in found.axes} for row in found.rows]
    return [where.index(dict(zip([name for name, _ in axes], point, strict=True))) for point in points]


def front_of(found: Sweep, *axes: tuple[str, tuple[Any, ...]]) -> tuple[bool, ...]:
    return tuple(found.front[place] for place in in_order(found, *axes))


WORST = [
    (("enabled", (True, False)), (), "stored_nothing"),
    (("max_pool_percent", (20, 0)), (), None),
    (("/a:memory.zswap.max", (-1, 0)), (), "stored_nothing"),
    (("/a:memory.swap.max", (-1, 0)), (), "oom, swap_full, stored_nothing"),
    (("/a:memory.swap.max", (-1, 5 * PAGE_SIZE)), (), "oom, swap_full"),
    (("/a:memory.max", (80 * PAGE_SIZE, -1)), (), "stored_nothing"),
    (("totalram", (1 << 20, 1 << 14)), (("/a:memory.swap.max", (-1,)),), None),
]


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize("kernel", RELEASES)
@pytest.mark.parametrize(("axis", "more", "mark"), WORST, ids=lambda value: str(value[0]) if value else "-")
def test_the_worst_setting_is_not_on_the_front(
    bench: Bench, kernel: str, axis: tuple[str, tuple[Any, ...]], more: Any, mark: str | None
) -> None:
    found = grid(bench, ("kernel", (kernel,)), axis, *more)
    assert DEFAULT == found.pareto
    fair, worst = in_order(found, axis)
    assert (True, False) == (found.front[fair], found.front[worst])
    assert not found.marks(fair)
    assert found.rows[worst]["vmstat.zswpout"] != found.rows[fair]["vmstat.zswpout"]
    if mark is not None:
        assert mark == ", ".join(found.marks(worst))


@pytest.mark.parametrize("figure", [name.split(":")[0] for name in DEFAULT])
@pytest.mark.parametrize(("axis", "more", "mark"), WORST, ids=lambda value: str(value[0]) if value else "-")
def test_nor_is_it_on_that_of_one_figure_alone(
    bench: Bench, figure: str, axis: tuple[str, tuple[Any, ...]], more: Any, mark: str | None
) -> None:
    assert (True, False) == front_of(grid(bench, axis, *more, pareto=[figure]), axis)


@pytest.mark.parametrize("axis", [("max_events", (362, 100)), ("warmup", (0, 300))])
def test_a_part_of_the_trace_has_a_front_of_its_own(bench: Bench, axis: tuple[str, tuple[Any, ...]]) -> None:
    pools = ("max_pool_percent", (20, 4))
    found = grid(bench, axis, pools)
    whole, small, part, _ = (found.rows[place] for place in in_order(found, axis, pools))
    assert small["derived.swap_write_bytes"] != whole["derived.swap_write_bytes"]
    assert (True, False) == front_of(found, axis, pools)[:2]
    # though it would win
    assert front([small, part], [Figure.parse(DEFAULT[0])]) == (True, True)
    assert small["derived.swap_write_bytes"] > part["derived.swap_write_bytes"]  # type: ignore[operator]


def killing(bench: Bench, **options: Any) -> Sweep:
    return grid(bench, ("/a:memory.swap.max", (-1, 5 * PAGE_SIZE)), ("enabled", (True, False)), **options)


def test_marks_are_in_every_form(bench: Bench) -> None:
    found = killing(bench)
    marks = [", ".join(found.marks(place)) for place in range(4)]
    assert ["", "stored_nothing", "oom, swap_full", "oom, swap_full, stored_nothing"] == marks
    rows = list(csv.DictReader(io.StringIO(sweep_csv.render(found))))
    assert marks == [row["marks"] for row in rows]
    assert ["true", "false", "false", "false"] == [row["pareto"] for row in rows]
    document = json.loads(sweep_json.render(found))
    assert [mark or None for mark in marks] == [row["marks"] for row in document["rows"]]
    assert "allow_oom" not in document
    path = bench.folder / "s.parquet"
    sweep_file.write(path, found)
    assert [mark or None for mark in marks] == pq.read_table(path).column("marks").to_pylist()
    assert found.front == sweep_file.read(path).front
    table = sweep_table.render(found)
    lines = [line for line in table.splitlines() if " y " in line or " n " in line]
    assert ["*", " ", " ", " "] == [line[0] for line in lines]
    assert ["nothing stored", "oom, swap full", "oom, swap full, nothing stored"] == [
        line.rpartition("  ")[2] for line in lines[1:]
    ]
    assert (
        "oom: pages were charged over a limit: a kernel would have killed programs; not on the front" in table
    )


def test_points_that_kill_are_on_the_front_where_that_is_asked_for(bench: Bench) -> None:
    found = killing(bench, allow_oom=True, pareto=["swap_write_bytes"])
    assert (False, False, True, False) == found.front  # never one that stored nothing
    path = bench.folder / "s.parquet"
    sweep_file.write(path, found)
    assert (found.front, True) == ((again := sweep_file.read(path)).front, again.allow_oom)
    assert json.loads(sweep_json.render(found))["allow_oom"]
    assert "a kernel would have killed programs\n" in sweep_table.render(found)


def test_the_front_of_a_file_of_an_earlier_version_loses_those_that_kill(bench: Bench) -> None:
    path = bench.folder / "s.parquet"
    sweep_file.write(path, killing(bench))
    table = pq.read_table(path).drop_columns(["marks", "pareto"])
    pq.write_table(table.append_column("pareto", [[True] * 4]), path)
    assert (True, False, False, False) == sweep_file.read(path).front


def test_a_pool_of_nothing_is_no_end_of_the_front(bench: Bench) -> None:
    found = grid(bench, ("max_pool_percent", (20, 10, 5, 1, 0)))
    assert not any("pool" in figure for figure in found.pareto or ())
    by_percent = {row["max_pool_percent"]: on for row, on in zip(found.rows, found.front, strict=True)}
    assert (True, False) == (by_percent[20], by_percent[0])
