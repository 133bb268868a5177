"""Means over the trace's time and peaks of what is held out of memory."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.bench import FULL, HALF, MS, SAME, ZERO, Bench
from tests.environment import interpreted
from tests.paths import ROOT
from zswap_replay.replay.loop import replay
from zswap_replay.result.over_time import Amounts, Peaks, over_time
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

NONE = Amounts(0, 0, 0, 0, 0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def in_and_out(content: int, begin: int = 0) -> TraceBuilder:
    """Eight pages go out after 10 ms, four are written to after 30, and the trace ends after 40."""
    trace = TraceBuilder().at(begin).write("/a", 0, count=8, content=content)
    trace.at(begin + 10 * MS).pageout("/a", 0, count=8)
    trace.at(begin + 30 * MS).write("/a", 0, count=4, content=FULL)
    return trace.at(begin + 40 * MS).write("/a", 100, content=FULL)


@pytest.mark.parametrize("begin", [0, 1 << 62], ids=["from 0", "from 2^62"])
def test_a_mean_is_over_the_time_of_the_trace(bench: Bench, begin: int) -> None:
    derived = bench.replay(in_and_out(HALF, begin), exclusive_loads=True).derived
    # two to a page: four pages for 20 ms, and two for 10
    assert {
        "pool_size_mean_bytes": 5 * PAGE_SIZE // 2,
        "pool_size_peak_bytes": 4 * PAGE_SIZE,
        "pool_size_end_bytes": 2 * PAGE_SIZE,
        "stored_pages_mean": 5.0,
        "stored_pages_peak": 8,
        "stored_pages_end": 4,
        "memory_saved_mean_bytes": 5 * PAGE_SIZE // 2,
        "memory_saved_peak_bytes": 4 * PAGE_SIZE,
        "memory_saved_end_bytes": 2 * PAGE_SIZE,
        "compression_ratio_mean": round(PAGE_SIZE / 2040, 6),
        "compression_ratio_peak": round(PAGE_SIZE / 2040, 6),
        "compression_ratio": round(PAGE_SIZE / 2040, 6),
        "pool_efficiency_mean": 2.0,
        "pool_efficiency_peak": 2.0,
        "pool_efficiency": 2.0,
    } == {name: value for name, value in derived.items() if name in SEVERAL}


SEVERAL = {
    f"{what}_{when}{unit}"
    for what, unit in (("pool_size", "_bytes"), ("stored_pages", ""), ("memory_saved", "_bytes"))
    for when in ("mean", "peak", "end")
} | {f"{what}{when}" for what in ("compression_ratio", "pool_efficiency") for when in ("_mean", "_peak", "")}


@pytest.mark.parametrize(
    ("content", "kernel", "stored"), [(SAME, "patch-v4", 5.0), (ZERO, "patch-v4", 5.0), (ZERO, "6.12", 0.0)]
)
def test_pages_without_memory_in_the_pool_are_saved_whole(
    bench: Bench, content: int, kernel: str, stored: float
) -> None:
    options: dict[str, Any] = {} if kernel == "6.12" else {"exclusive_loads": True}
    derived = bench.replay(in_and_out(content), kernel=kernel, **options).derived
    assert (stored, 5 * PAGE_SIZE, 8 * PAGE_SIZE, 4 * PAGE_SIZE) == (
        derived["stored_pages_mean"],
        *(derived[f"memory_saved_{when}_bytes"] for when in ("mean", "peak", "end")),
    )
    assert (0, 0, 0) == tuple(derived[f"pool_size_{when}_bytes"] for when in ("mean", "peak", "end"))
    assert derived["compression_ratio_mean"] is derived["pool_efficiency_peak"] is None


def test_zero_pages_that_are_freed_or_written_again_are_not_held(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=8, content=ZERO).pageout("/a", 0, count=8)
    trace.discard("/a", 0, count=2).read("/a", 2, count=6).pageout("/a", 2, count=3)
    trace.write("/a", 2, content=ZERO).pageout("/a", 2)
    derived = bench.replay(trace, kernel="6.18").derived
    assert 6 * PAGE_SIZE == derived["memory_saved_end_bytes"]


def test_what_does_not_compress_saves_nothing(bench: Bench) -> None:
    derived = bench.replay(in_and_out(FULL), exclusive_loads=True).derived
    assert (0, 0) == (derived["memory_saved_mean_bytes"], derived["memory_saved_peak_bytes"])


@pytest.mark.parametrize("batch_rows", [1, 3, 100])
def test_a_warm_up_ends_at_the_time_of_its_last_event_if_that_is_a_hit(bench: Bench, batch_rows: int) -> None:
    trace = TraceBuilder().write("/a", 0, count=8, content=HALF).at(10 * MS).pageout("/a", 0, count=8)
    trace.at(12 * MS).write("/a", 100, content=FULL).at(20 * MS).read("/a", 100)
    trace.at(30 * MS).write("/a", 0, count=4, content=FULL).at(40 * MS).read("/a", 100)
    settings = bench.settings(warmup=4, kernel="6.12")
    derived = replay(bench.save(trace), settings, batch_rows=batch_rows).derived
    # two to a page: four pages for 10 ms, and two for 10
    assert 3 * PAGE_SIZE == derived["pool_size_mean_bytes"]


def test_the_warm_up_is_left_out(bench: Bench) -> None:
    # from 30 ms on four pages stay
    derived = bench.replay(in_and_out(HALF), exclusive_loads=True, warmup=3).derived
    assert (4.0, 4, 2 * PAGE_SIZE) == (
        derived["stored_pages_mean"],
        derived["stored_pages_peak"],
        derived["memory_saved_mean_bytes"],
    )
    whole = bench.replay(in_and_out(HALF), exclusive_loads=True, warmup=9).derived
    assert (4.0, 2 * PAGE_SIZE) == (whole["stored_pages_mean"], whole["memory_saved_mean_bytes"])


def with_a_removed_child(begin: int) -> TraceBuilder:
    """Pages of a memcg, of a child that is removed after 40 ms and of one that stays; the trace ends after 100."""
    trace = TraceBuilder().at(begin).write("/a", 0, count=4, content=HALF)
    trace.write("/a/x", 0, count=2, content=HALF + 10).write("/a/y", 0, content=HALF + 20)
    trace.at(begin + 10 * MS).pageout("/a", 0, count=4)
    trace.at(begin + 20 * MS).pageout("/a/x", 0, count=2)
    trace.at(begin + 30 * MS).read("/a/x", 0)
    trace.at(begin + 40 * MS).memcg_offline("/a/x")
    trace.at(begin + 50 * MS).pageout("/a/y", 0)
    trace.at(begin + 60 * MS).discard("/a/x", 1)
    trace.at(begin + 70 * MS).read("/a", 0, count=2)
    return trace.at(begin + 100 * MS).write("/b", 0, content=FULL)


@pytest.mark.parametrize(
    ("begin", "warmup", "pages", "child"),
    [
        # 4 for 10 ms, 6 for 10, 5 for 20 and, with the child that stays, 6 for 10, then 5 for 10 and 3 for 30
        (0, 0, (Fraction(4), 6), (Fraction(50, 100), 1)),
        (1 << 63, 0, (Fraction(4), 6), (Fraction(50, 100), 1)),
        # the last 40 ms alone
        (0, 9, (Fraction(140, 40), 5), (Fraction(1), 1)),
    ],
)
def test_what_memcgs_save_is_reckoned_by_hand(
    bench: Bench, begin: int, warmup: int, pages: tuple[Fraction, int], child: tuple[Fraction, int]
) -> None:
    result = bench.replay(with_a_removed_child(begin), kernel="6.12", warmup=warmup)
    saved = PAGE_SIZE - 2040
    assert {
        path: {"memory_saved_mean_bytes": round(mean * saved), "memory_saved_peak_bytes": peak * saved}
        for path, (mean, peak) in {"/a": pages, "/a/y": child, "/b": (Fraction(0), 0)}.items()
    } == result.over_time_by_memcg


@pytest.mark.parametrize("step_ns", [0, MS])
def test_where_the_clock_stands_a_mean_is_what_is_held_at_the_end(bench: Bench, step_ns: int) -> None:
    one = TraceBuilder(step_ns=step_ns).write("/a", 0, count=8, content=HALF)
    assert 0 == bench.replay(one).derived["memory_saved_mean_bytes"]
    if not step_ns:
        derived = bench.replay(one.pageout("/a", 0, count=8)).derived
        assert (8.0, 8, 4 * PAGE_SIZE) == (
            derived["stored_pages_mean"],
            derived["stored_pages_peak"],
            derived["memory_saved_mean_bytes"],
        )


def test_a_trace_without_an_event_has_held_nothing(bench: Bench) -> None:
    derived = bench.replay(TraceBuilder()).derived
    assert (0, 0.0, None) == (
        derived["memory_saved_mean_bytes"],
        derived["stored_pages_mean"],
        derived["compression_ratio_mean"],
    )


def test_sums_beyond_64_bits_are_exact() -> None:
    long = (1 << 63) - 1
    found = over_time(long, Amounts(long << 31, long << 31, 0, 0, long << 42), Peaks(0, 0, 0, 0, 0), NONE)
    assert (1 << 31) * PAGE_SIZE == found["pool_size_mean_bytes"]
    assert (2.0**31, 0) == (found["stored_pages_mean"], found["memory_saved_mean_bytes"])


def test_long_times_overflow_nothing(bench: Bench) -> None:
    day = 86_400_000 * MS
    trace = TraceBuilder(step_ns=10_000 * day).write("/a", 0, count=4000, content=HALF)
    trace.pageout("/a", 0, count=4000).write("/a", 5000, content=FULL)
    result = bench.replay(trace)
    # out for the second half of it
    assert 1000 * PAGE_SIZE == result.derived["memory_saved_mean_bytes"]
    assert 2000 * (PAGE_SIZE - 2040) == result.cost_by_memcg["/a"]["memory_saved_mean_bytes"]


def pressure() -> TraceBuilder:
    """Three memcgs that fill a small pool, so that the worker writes back between events, and after the last one."""
    random = Random(7)
    trace = TraceBuilder(step_ns=MS // 10)
    trace.param("max_pool_percent", 1)
    trace.memcg_set("/b", "memory.max", 30 * PAGE_SIZE).memcg_set("/b", "memory.zswap.max", 4 * PAGE_SIZE)
    for turn in range(400):
        page, content = random.randrange(60), random.choice((FULL, HALF, HALF, SAME, ZERO))
        memcg = random.choice(("/a", "/b", "/a/x"))
        trace.write(memcg, page, count=random.randint(1, 9), content=content + turn)
        if turn % 3 == 0:
            trace.pageout(memcg, page, count=30)
    return trace.settle()


SMALL: dict[str, Any] = {"totalram": 1200 * PAGE_SIZE, "writeback_ns": 70_000}


@pytest.mark.parametrize("kernel", ["6.6", "6.18"])
def test_no_mean_depends_on_when_anybody_looks(bench: Bench, kernel: str) -> None:
    trace, settings = bench.save(pressure()), bench.settings(kernel=kernel, **SMALL)
    alone = replay(trace, settings)
    assert alone.end.zswap["written_back_pages"] > 20
    for batch_rows, interval_ns in ((1, 0), (7, 0), (None, 900_000), (16, 133_333)):
        looked_at = replay(trace, settings, batch_rows=batch_rows, interval_ns=interval_ns)
        assert alone.derived == looked_at.derived
        assert alone.over_time_by_memcg == looked_at.over_time_by_memcg
    # and it is near what snapshots, each taken to hold until the next, come to
    often = replay(trace, settings, interval_ns=50_000).snapshots
    held = [(each.zswap["pool_total_size"], later.time_ns - each.time_ns) for each, later in pairwise(often)]
    near = sum(size * passed for size, passed in held) / sum(passed for _, passed in held)
    assert near == pytest.approx(alone.derived["pool_size_mean_bytes"], rel=0.05)
    assert max(size for size, _ in held) <= (alone.derived["pool_size_peak_bytes"] or 0)


SCRIPT = """
import json, sys
from zswap_replay.machine import compiled
from zswap_replay.replay.loop import replay
from zswap_replay.settings import Settings
assert not compiled()
result = replay(sys.argv[1], Settings(**json.loads(sys.argv[2])))
print(json.dumps([result.derived, result.over_time_by_memcg]))
"""


def test_the_interpreted_core_has_the_same_means(bench: Bench) -> None:
    settings = {"kernel": "6.8", "lengths": str(bench.settings().lengths), **SMALL}
    trace = bench.save(pressure())
    command = [sys.executable, "-c", SCRIPT, trace, json.dumps(settings)]
    done = subprocess.run(command, env=interpreted(), cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    result = bench.replay(pressure(), kernel="6.8", **SMALL)
    assert [result.derived, result.over_time_by_memcg] == json.loads(done.stdout)
