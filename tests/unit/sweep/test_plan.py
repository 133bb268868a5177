"""What a sweep knows before its first point runs, and at what cost."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.errors import ZswapReplayError
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.page_data import PageData
from zswap_replay.replay.settings_check import check_settings
from zswap_replay.settings import Settings
from zswap_replay.sweep import columns, plan
from zswap_replay.sweep.grid import Option, build
from zswap_replay.sweep.plan import GROUP, Payloads, make_plan
from zswap_replay.sweep.run import sweep
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata


def option(name: str, *values: Any) -> Option:
    return Option(name, tuple(map(str, values)), values)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.parquet"
    TraceBuilder().write("/a", 0, count=40).pageout("/a", 0, count=40).read("/a", 0, count=10).save(path)
    return str(path)


HUNDRED_THOUSAND = [
    option("kernel", *RELEASES),
    option("max_pool_percent", *range(100)),
    option("accept_threshold_percent", *range(100)),
    option("compressor", "zstd", "lz4"),
]


def test_a_hundred_thousand_points_are_checked_by_way_of_a_few(
    trace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = 0
    made = 0

    def counted(*arguments: Any) -> None:
        nonlocal checks
        checks += 1
        check_settings(*arguments)

    monkeypatch.setattr(plan, "check_settings", counted)
    post_init = Settings.__post_init__

    def counting(made_one: Settings) -> None:
        nonlocal made
        made += 1
        post_init(made_one)

    monkeypatch.setattr(Settings, "__post_init__", counting)
    found = make_plan(trace, HUNDRED_THOUSAND, strict=False, remember=False)
    assert 20_000 * len(RELEASES) == len(found.settings) == len(found.grid.points) == len(found.grid.labels)
    assert checks < 300
    assert made < 1000


def test_points_are_made_when_they_are_asked_for(trace: str) -> None:
    found = make_plan(trace, HUNDRED_THOUSAND, strict=False, remember=False)
    last = found.grid.points[-1]
    assert (list(RELEASES)[-1], 99, 99, "lz4") == (
        last.settings.kernel,
        last.settings.max_pool_percent,
        last.settings.accept_threshold_percent,
        last.settings.compressor,
    )
    assert last.label == found.grid.labels[-1] == found.grid.labels[20_000 * len(RELEASES) - 1]
    assert [0, 1] == [point.index for point in islice(found.grid.points, 2)]
    assert ["zstd", "lz4"] == [each.compressor for each in found.settings[:2]]
    assert found.grid.labels[:2] == [point.label for point in found.grid.points[:2]]
    with pytest.raises(IndexError):
        found.grid.points[20_000 * len(RELEASES)]


POOLS = st.sampled_from([("zsmalloc",), ("zbud",), ("zsmalloc", "zbud"), ("zbud", "zsmalloc")])
KERNELS = st.lists(st.sampled_from([*RELEASES, "77"]), min_size=1, max_size=3, unique=True)
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "kernel": KERNELS,
    "zpool": POOLS,
    "nodes": st.sampled_from([(1,), (2, 1), (3,), (64, 65)]),
    "exclusive_loads": st.sampled_from([(True,), (False, True)]),
    "shrinker_enabled": st.sampled_from([(True,), (False, True)]),
    "max_pool_percent": st.sampled_from([(5, 101), (7,)]),
    "compressor": st.sampled_from([("zstd", "zst"), ("lz4", "zstd:1"), ("none",)]),
    "recipe": st.sampled_from([("default",), ("server", "no-such"), ("no-such",)]),
    "payload_file": st.sampled_from([("/no/such",)]),
    "lengths": st.sampled_from([("/no/such",), ("/no/other", "/no/such")]),
    "/a:memory.zswap.writeback": st.sampled_from([(0,), (1, 0)]),
    "/a:memory.max": st.sampled_from([(4096,), (4096, 8192)]),
    "/:memory.max": st.sampled_from([(4096,)]),
}


@settings(deadline=None)
@given(
    names=st.lists(st.sampled_from(list(SETTINGS)), unique=True, max_size=5),
    nodes=st.sampled_from([None, 2]),
    data=st.data(),
)
def test_the_first_bad_point_is_found_as_if_each_were_checked(
    names: list[str], nodes: int | None, data: st.DataObject
) -> None:
    options = [option(name, *data.draw(SETTINGS[name])) for name in names]
    metadata = TraceMetadata(nodes=nodes)
    expected = None
    try:
        for point in _every_point(options):
            check_settings(point, metadata, PageData.of(point, None, None))
    except ZswapReplayError as error:
        expected = str(error)
    found = None
    try:
        plan._check_points(build(options), Payloads(metadata))
    except ZswapReplayError as error:
        found = str(error)
    assert (expected is None) == (found is None)
    if expected is not None and found is not None:
        assert found.endswith(expected)


def _every_point(options: list[Option]) -> list[Settings]:
    """The settings of all points, in order; the first that cannot be is an error, as it is to ``build``."""
    from zswap_replay.sweep.grid import Points

    points = Points(tuple(options))
    return [points.settings(index) for index in range(len(points))]


def test_the_columns_are_those_of_the_releases(trace: str) -> None:
    found = make_plan(trace, [option("kernel", "6.6", "6.18")], strict=False, remember=False)
    rows = sweep(trace, [option("kernel", "6.6", "6.18")], jobs=1).columns
    assert set(rows) - {"kernel"} <= set(found.columns)
    old = columns.possible([RELEASES["6.6"]], ["/"])
    assert "vmstat.zswpwb" not in old
    assert {"/:zswpout", "derived.rejects", "replay.oom"} < set(old)
    assert "/:zswpwb" not in old
    assert {"vmstat.zswpwb", "zswap.same_filled_pages", "vmstat.swpin_zero"} < set(found.columns)


# Points share lengths only where nothing that decides a length differs

PAGES = {"payload_file": ("pages-a", "pages-b"), "recipe": ("default", "server")}
# the zstd of 6.18 is another one than that of 6.12
VALUES: dict[str, tuple[Any, Any]] = {
    "compressor": ("zstd", "lz4"),
    "kernel": ("6.12", "6.18"),
    "seed": (1, 2),
    **PAGES,
}


def test_every_setting_that_groups_points_is_tried() -> None:
    assert set(GROUP) == VALUES.keys()


@pytest.mark.parametrize("name", VALUES)
def test_points_that_differ_in_it_do_not_take_each_others_lengths(
    name: str, trace: str, tmp_path: Path
) -> None:
    values = VALUES[name]
    if name == "payload_file":
        trace, values = _explicit(tmp_path)
    found = sweep(trace, [option(name, *values)], jobs=1)
    alone = [sweep(trace, [option(name, value)], jobs=1).rows[0] for value in values]
    # a row of both has the columns of the other's kernel too, empty
    assert alone == [
        {column: row[column] for column in one} for one, row in zip(alone, found.rows, strict=True)
    ]
    sizes = [row["replay.compressed_bytes"] for row in found.rows]
    assert sizes[0] != sizes[1], "both points have the same lengths, so that this shows nothing"


def _explicit(folder: Path) -> tuple[str, tuple[str, str]]:
    """A trace that names contents, and two files of other pages for them."""
    noise = np.random.default_rng(3).bytes(8 * 2048)
    files = (folder / "a", folder / "b")
    files[0].write_bytes(b"".join(noise[2048 * at : 2048 * (at + 1)] + bytes(2048) for at in range(8)))
    files[1].write_bytes(b"".join(bytes([at + 1]) * 96 + bytes(4000) for at in range(8)))
    path = folder / "explicit.parquet"
    TraceBuilder().write("/a", 0, count=8, content=0).pageout("/a", 0, count=8).save(path)
    return str(path), (str(files[0]), str(files[1]))


def test_points_with_known_lengths_are_each_a_group(trace: str, tmp_path: Path) -> None:
    lengths = tmp_path / "lengths.parquet"
    write_lengths(lengths, np.arange(9, dtype=np.uint64), np.full(9, 1000, np.int32))
    options = [option("lengths", str(lengths)), option("kernel", "6.6", "6.12")]
    found = make_plan(trace, options, strict=False, remember=False)
    assert [0, 1] == [found.group(point) for point in range(2)]


def test_other_settings_share_what_is_learned(trace: str) -> None:
    found = make_plan(trace, HUNDRED_THOUSAND, strict=False, remember=False)
    # lz4 under any kernel, zstd up to 6.12 and zstd from 6.18 on
    assert 3 == len({found.group(point) for point in range(0, 100_000, 997)})


def test_no_memcg_has_a_column_that_no_release_shows() -> None:
    assert "/web:pswpin" not in columns.possible([RELEASES["6.8"]], ["/", "/web"])
    assert "/web:replay.pswpin" in columns.possible([RELEASES["6.8"]], ["/", "/web"])
    assert "/web:pswpin" in columns.possible([RELEASES["6.8"], RELEASES["6.18"]], ["/", "/web"])
