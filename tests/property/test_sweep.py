"""Properties of a sweep's parts: the grid, the front, the journal."""

from __future__ import annotations

import json
from itertools import product
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.profiles import part
from zswap_replay.sweep.grid import Option, build
from zswap_replay.sweep.journal import SUFFIX, Journal
from zswap_replay.sweep.pareto import Figure, front
from zswap_replay.sweep.table import Record

AXES = {
    "kernel": ("6.6", "patch-v4", "6.8", "6.12", "6.18", "7.1"),
    "compressor": ("zstd", "lz4", "lz4:8", "deflate"),
    "max_pool_percent": (0, 5, 20, 100),
    "shrinker_enabled": (False, True),
    "/a:memory.max": (4096, 1 << 20, -1),
    "/a/b:memory.zswap.max": (0, 1 << 20),
}


@st.composite
def options(draw: st.DrawFn) -> list[Option]:
    names = draw(st.lists(st.sampled_from(sorted(AXES)), unique=True))
    found = []
    for name in names:
        values = tuple(draw(st.lists(st.sampled_from(AXES[name]), min_size=1, unique=True)))
        found.append(Option(name, tuple(str(value) for value in values), values))
    return found


@given(options())
def test_a_grid_is_the_product_of_its_axes_in_order(given_options: list[Option]) -> None:
    grid = build(given_options)
    assert prod(len(option.values) for option in given_options) == len(grid.points)
    axes = [option for option in given_options if len(option.values) > 1]
    expected = [
        dict(zip((axis.name for axis in axes), values, strict=True))
        for values in product(*(axis.values for axis in axes))
    ]
    assert expected == [grid.cells(point.settings) for point in grid.points]
    assert len(grid.points) == len({point.settings for point in grid.points})
    assert len(grid.points) == len({point.label for point in grid.points})


costs = st.none() | st.integers(-5, 5) | st.sampled_from([0.5, 1.5, (1 << 60) + 1, (1 << 60) + 2])


@given(
    st.lists(st.fixed_dictionaries({"a": costs, "b": costs, "c": costs}), max_size=25),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_no_marked_point_is_dominated_and_every_other_one_is(
    rows: list[dict[str, int | float | None]], higher: tuple[bool, bool, bool]
) -> None:
    figures = [Figure(name, more) for name, more in zip("abc", higher, strict=True)]

    def at_least_as_good(x: int | float | None, y: int | float | None, more: bool) -> bool:
        if x is None or y is None:
            return y is None
        return x >= y if more else x <= y

    def dominates(one: dict[str, int | float | None], other: dict[str, int | float | None]) -> bool:
        pairs = [(one[figure.column], other[figure.column], figure.higher) for figure in figures]
        return all(at_least_as_good(*pair) for pair in pairs) and not all(
            at_least_as_good(y, x, more) for x, y, more in pairs
        )

    marks = front(rows, figures)
    assert [not any(dominates(other, row) for other in rows) for row in rows] == list(marks)


records = st.builds(
    Record,
    point=st.integers(0, 50),
    figures=st.dictionaries(
        st.text(max_size=8),
        st.none() | st.integers(-(1 << 63), 1 << 63) | st.floats(allow_nan=False),
        max_size=4,
    ),
    timing=st.dictionaries(st.sampled_from(["read", "total"]), st.floats(0, 1e6)),
    warnings=st.lists(st.text(max_size=8), max_size=2).map(tuple),
)


@part(0.5)  # each line of a journal is waited for until it is on the disk
@given(st.lists(records, min_size=1, max_size=6, unique_by=lambda record: record.point), st.data())
def test_a_journal_cut_off_anywhere_gives_back_the_rows_that_are_whole(
    kept: list[Record], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        output = f"{folder}/sweep.parquet"
        journal = Journal(output, {"manifest": 1})
        for record in kept:
            journal.append(record)
        journal.close()
        path = Path(output + SUFFIX)
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        lines = whole[:cut].count(b"\n")
        again = Journal(output, {"manifest": 1})
        assert {record.point: record for record in kept[: max(0, lines - 1)]} == again.records
        for record in kept:
            again.append(record)
        again.close()
        assert len(path.read_text().splitlines()) == 1 + max(0, lines - 1) + len(kept)
        assert all(json.loads(line) for line in path.read_text().splitlines())
