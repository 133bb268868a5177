from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.paths import ROOT
from zswap_replay.errors import SettingsError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.overview import Overview, overview
from zswap_replay.trace.profile import MemcgUse
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.reuse import Reuse
from zswap_replay.units import UNLIMITED

RECORDED = {1: 61000, 7: 43866, 50: 42272, 128: 13724, 300: 11237, 1000: 9235, 2500: 3087}
"""Misses of libCacheSim 0.3.5's LRU over traces/db.parquet by its size in pages (python -m benchmarks.reuse)."""


def of(path: Path, **more: object) -> Overview:
    return overview(str(path), open_trace(path), **more)  # type: ignore[arg-type]


def test_miss_ratios_are_those_of_libcachesim() -> None:
    reuse = of(ROOT / "traces" / "db.parquet").profile.reuse
    assert RECORDED == {pages: round(reuse.miss_ratio(pages) * reuse.accesses) for pages in RECORDED}
    curve = dict(reuse.curve())
    assert curve[128] == RECORDED[128] / reuse.accesses
    assert curve[reuse.pages] == reuse.cold / reuse.accesses
    assert list(curve) == sorted(curve)


def test_a_sample_says_so_and_comes_near() -> None:
    exact = of(ROOT / "traces" / "db.parquet").profile
    sample = of(ROOT / "traces" / "db.parquet", most_pages=1024).profile.reuse
    assert (False, True, exact.reuse.accesses) == (exact.reuse.sampled, sample.sampled, sample.accesses)
    for pages in (256, 1000, 2500):
        assert exact.reuse.miss_ratio(pages) == pytest.approx(sample.miss_ratio(pages), abs=0.05)
    assert sum(found for *_, found in sample.buckets()) + sample.cold == pytest.approx(79_000, rel=0.1)


def test_buckets_and_curve() -> None:
    reuse = Reuse(20, 4, 0, np.array([1, 2, 0, 4, 0, 9], np.uint64))
    assert [(0, 0, 1), (1, 1, 2), (2, 3, 4), (4, 7, 9)] == list(reuse.buckets())
    assert [(1, 0.95), (2, 0.85), (3, 0.85), (4, 0.65), (6, 0.2)] == reuse.curve()
    halves = Reuse(20, 4, 2, reuse.counts)
    assert [(0, 3, 1), (4, 7, 2), (8, 15, 4), (16, 31, 9)] == list(halves.buckets())
    assert (0.95, 0.95, 0.85) == tuple(map(halves.miss_ratio, (4, 7, 8)))
    assert [] == Reuse(0, 0, 0, np.empty(0, np.uint64)).curve()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "t.parquet"
    rows = TraceBuilder(step_ns=10**9).memcg_set("/a", "memory.max", "1M").write("/a", 0, count=8)
    rows.discard("/a", 0, count=4).read("/a/b", 0, count=2).write("/a/b", 5).memcg_set(
        "/a", "memory.max", "max"
    )
    rows.memcg_offline("/a/b").memcg_create("/a/b").read("/a/b", 0).read("/c", 1).pageout("/a", 7).read(
        "/a", 7
    )
    rows.save(path)
    return path


def test_memcgs_their_limits_and_peaks(tree: Path) -> None:
    found = of(tree)
    assert (5, 9) == (found.profile.reads, found.profile.writes)
    assert {
        "/": MemcgUse(peak_pages=8),
        "/a": MemcgUse(1, 8, 8, {"memory.max": UNLIMITED}, {"memory.max": 2}),
        "/a/b": MemcgUse(3, 1, 3),
        "/c": MemcgUse(1, 0, 1),
    } == found.profile.memcgs
    by_path = {memcg["path"]: memcg for memcg in found.as_json()["memcgs"]}
    assert ({"memory.max": "max"}, 8) == (by_path["/a"]["limits"], by_path["/a"]["peak_pages"])


def test_windows_cover_the_trace(tree: Path) -> None:
    timeline = of(tree).profile.timeline
    windows = list(timeline.windows(100))
    assert (14, 12) == (
        sum(window.reads + window.writes for window in windows),
        sum(window.new_pages for window in windows),
    )
    (whole,) = timeline.windows(1)
    assert (5, 9, 12, 12) == (whole.reads, whole.writes, whole.pages, whole.new_pages)
    assert timeline.width_ns(1) > 11 * 10**9


def test_one_memcg_and_those_below_it(tree: Path) -> None:
    found = of(tree, memcg="/a").profile
    assert (13, 11, 14) == (found.reuse.accesses, found.reuse.cold, found.reads + found.writes)
    assert 4 == of(tree, memcg="/a/b").profile.reuse.accesses
    with pytest.raises(
        SettingsError, match="found no memcg /x; expected one that the trace names: /a, /a/b, /c"
    ):
        of(tree, memcg="/x")
    with pytest.raises(SettingsError, match="is no path"):
        of(tree, memcg="a")
