"""Memory limits: who has to go, and what becomes of it. Each rule holds for every way to reclaim."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests import warm
from tests.bench import EVERY_RELEASE, FULL, HALF, REFUSED, Bench, stored
from zswap_replay.mm.releases import RELEASES
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

every_reclaim = pytest.mark.parametrize("reclaim", ["k", "mglru", "lru"])
every_release = pytest.mark.parametrize("kernel", EVERY_RELEASE)


def limit(memcg: str, key: str, pages: int) -> KnobWrite:
    return KnobWrite(memcg, f"memory.{key}", pages * PAGE_SIZE)


def touched(memcg: str, count: int, content: int = HALF) -> TraceBuilder:
    return TraceBuilder().write(memcg, 0, count=count, content=content)


@every_reclaim
@every_release
@pytest.mark.parametrize("key", ["max", "high"])
def test_memory_stays_within_its_limit(bench: Bench, reclaim: str, kernel: str, key: str) -> None:
    trace = TraceBuilder()
    for page in range(160):
        trace.write("/a", page, content=HALF + page)
        if page % 20 == 19:
            trace.snapshot(str(page))
    result = bench.replay(trace, kernel=kernel, reclaim=reclaim, knobs=(limit("/a", key, 100),))
    assert all(each.memcg["/a"]["memory.current"] <= 100 * PAGE_SIZE for each in result.snapshots)
    assert result.end.memcg["/a"]["memory.current"] > 50 * PAGE_SIZE
    assert result.end.vmstat["zswpout"] >= 120
    assert (0, 160) == (result.end.replay["oom"], result.end.replay["first_touches"])


@every_reclaim
def test_compressed_bytes_press_on_the_limit_too(bench: Bench, reclaim: str) -> None:
    end = bench.end(touched("/a", 150), reclaim=reclaim, knobs=(limit("/a", "max", 100),))
    held = end.memcg["/a"]
    assert held["memory.zswap.current"] > 50 * 2040
    expected = (
        end.replay["resident_pages"] * PAGE_SIZE + -(-held["memory.zswap.current"] // PAGE_SIZE) * PAGE_SIZE
    )
    assert expected == held["memory.current"]


@every_reclaim
def test_a_limit_on_an_ancestor_covers_all_below_and_nobody_else(bench: Bench, reclaim: str) -> None:
    trace = TraceBuilder()
    for page in range(80):
        for path in ("/p/a", "/p/b", "/q"):
            trace.write(path, page, content=HALF + page)
    end = bench.end(trace, reclaim=reclaim, knobs=(limit("/p", "max", 100),))
    assert 100 * PAGE_SIZE >= end.memcg["/p"]["memory.current"]
    assert (80, 0) == (end.replay_memcg["/q"]["resident_pages"], end.memcg["/q"]["zswpout"])
    assert min(end.memcg[path]["zswpout"] for path in ("/p/a", "/p/b")) > 0


@every_reclaim
def test_a_limit_that_is_lowered_is_reclaimed_down_to_at_once(bench: Bench, reclaim: str) -> None:
    trace = touched("/a", 200).memcg_set("/a", "memory.max", 50 * PAGE_SIZE).snapshot("lowered")
    end = bench.end(trace, reclaim=reclaim, knobs=(limit("/a", "zswap.max", 10),))
    assert 50 * PAGE_SIZE >= end.memcg["/a"]["memory.current"]
    # of the 150 pages that had to go zswap could keep 20 or 21
    assert 129 <= end.vmstat["pswpout"]


@every_reclaim
def test_memory_reclaim_frees_what_was_asked_for(bench: Bench, reclaim: str) -> None:
    trace = touched("/a", 200, FULL).memcg_reclaim("/a", 40 * PAGE_SIZE)
    end = bench.end(trace, reclaim=reclaim)
    assert 40 <= end.vmstat["zswpout"] < 40 + 32
    assert 200 - end.vmstat["zswpout"] == end.replay["resident_pages"]


@every_reclaim
def test_memory_reclaim_of_more_than_there_is_ends(bench: Bench, reclaim: str) -> None:
    end = bench.end(touched("/a", 20).memcg_reclaim("/a", "1G"), reclaim=reclaim)
    assert (20, 0) == (end.vmstat["zswpout"], end.replay["resident_pages"])


@every_reclaim
def test_memory_reclaim_ends_where_nothing_can_go(bench: Bench, reclaim: str) -> None:
    trace = touched("/a", 20).memcg_reclaim("/a", "1M").memcg_reclaim("/none", "1M")
    end = bench.end(trace, reclaim=reclaim, knobs=(limit("/a", "swap.max", 0),))
    assert (0, 20) == (end.vmstat["zswpout"], end.replay["resident_pages"])


@every_reclaim
@every_release
def test_total_ram_is_the_limit_of_all(bench: Bench, reclaim: str, kernel: str) -> None:
    trace = TraceBuilder()
    for page in range(150):
        for path in ("/a", "/b"):
            trace.write(path, page, content=HALF + page)
    settings: dict[str, Any] = {"totalram": 200 * PAGE_SIZE, "max_pool_percent": 20}
    end = bench.end(trace, kernel=kernel, reclaim=reclaim, **settings)
    taken = end.replay["resident_pages"] * PAGE_SIZE + end.zswap["pool_total_size"]
    assert 150 * PAGE_SIZE < taken <= 200 * PAGE_SIZE
    assert end.vmstat["zswpout"] > 40
    assert (0, 300) == (end.replay["oom"], end.replay["first_touches"])


@every_reclaim
def test_what_cannot_be_reclaimed_is_charged_over_the_limit_and_counted(bench: Bench, reclaim: str) -> None:
    knobs = (limit("/a", "max", 4), limit("/a", "swap.max", 0))
    trace = TraceBuilder()
    for page in range(10):
        trace.write("/a", page, content=HALF)
    end = bench.end(trace, reclaim=reclaim, knobs=knobs)
    assert (6, 10) == (end.replay["oom"], end.replay["resident_pages"])
    assert [6, 6] == [end.replay_memcg[path]["oom"] for path in ("/a", "/")]


def test_memory_high_is_no_reason_to_kill(bench: Bench) -> None:
    knobs = (limit("/a", "high", 4), limit("/a", "swap.max", 0))
    end = bench.end(touched("/a", 10), knobs=knobs)
    assert (0, 10) == (end.replay["oom"], end.replay["resident_pages"])


def test_an_exact_lru_gives_up_the_page_that_was_touched_longest_ago(bench: Bench) -> None:
    trace = TraceBuilder()
    for page in range(10):
        trace.write("/a", page, content=FULL + page)
    trace.read("/a", 0).read("/a", 3).memcg_reclaim("/a", 3 * PAGE_SIZE).snapshot("now")
    bench.watched(trace, [("/a", 0, 10)], reclaim="lru")
    assert "PZZPZPPPPP" == bench.pages["now /a"]


def test_pages_that_are_used_again_and_again_stay(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=20, content=FULL)
    for page in range(1000, 1300):
        trace.write("/a", page, content=FULL + page).read("/a", 0, count=20)
    trace.snapshot("now")
    bench.watched(trace, [("/a", 0, 20)], knobs=(limit("/a", "max", 200), limit("/a", "zswap.max", 8)))
    assert "P" * 20 == bench.pages["now /a"]


@every_reclaim
@every_release
def test_a_clean_page_is_reclaimed_without_a_store(bench: Bench, reclaim: str, kernel: str) -> None:
    trace = stored("/a", 0, 20, REFUSED).memcg_reclaim("/a", "1M").read("/a", 0, count=20)
    trace.snapshot("read").memcg_reclaim("/a", "1M")
    knobs = (limit("/a", "zswap.max", 0),)
    before, end = bench.replay(trace, kernel=kernel, reclaim=reclaim, knobs=knobs).snapshots
    assert (20, 20) == (before.vmstat["pswpin"], before.replay["resident_pages"])
    assert (20, 0, 20) == (
        end.replay["clean_drops"],
        end.replay["resident_pages"],
        end.vmstat["pswpout"],
    )


@pytest.mark.parametrize("kernel", ["6.8", "6.12", "6.18", "7.1"])
def test_the_dynamic_shrinker_writes_back_under_memory_pressure(bench: Bench, kernel: str) -> None:
    trace = TraceBuilder()
    for turn in range(4):
        for page in range(600):
            trace.write("/a", 600 * turn + page, content=HALF + (600 * turn + page) % 4000)
    knobs = (limit("/a", "max", 300),)
    counts = [
        bench.end(trace, kernel=kernel, knobs=knobs, shrinker_enabled=enabled).zswap["written_back_pages"]
        for enabled in (False, True)
    ]
    assert 0 == counts[0] < counts[1]


@every_reclaim
@every_release
def test_a_round_does_not_wait_for_a_memcg_that_is_gone(bench: Bench, reclaim: str, kernel: str) -> None:
    # the round below /p ends at /p/c, which is then removed, and referred to by nothing: 65 freed slots push its own
    # out of the cache of freed slots
    trace = touched("/p/c", 64).memcg_reclaim("/p", PAGE_SIZE).discard("/p/c", 0, count=64)
    trace.write("/q", 0, count=65, content=FULL).pageout("/q", 0, count=65).discard("/q", 0, count=65)
    trace.memcg_offline("/p/c").write("/p", 0, content=FULL).memcg_set("/p", "memory.swap.max", 0)
    path = bench.save(trace.memcg_reclaim("/p", PAGE_SIZE))
    lengths = bench.settings().lengths
    assert lengths is not None
    # a process of its own: a loop without end in the core heeds no signal handler
    options = ["--kernel", kernel, "--reclaim", reclaim, "--lengths", lengths]
    command = [*warm.program(), "run", path, *options]
    assert 0 == subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


@every_reclaim
def test_a_page_that_could_not_be_paged_out_is_reclaimed_as_others_are(bench: Bench, reclaim: str) -> None:
    trace = touched("/a", 100).pageout("/a", 5).read("/a", 5).discard("/a", 5).write("/a", 200, count=40)
    knobs = (KnobWrite("/a", "memory.swap.max", 0), limit("/a", "max", 120))
    end = bench.end(trace, reclaim=reclaim, knobs=knobs)
    assert (139, 19) == (end.replay["resident_pages"], end.replay["oom"])


@every_reclaim
def test_a_memcg_of_which_no_page_could_be_paged_out_runs_out_of_memory(bench: Bench, reclaim: str) -> None:
    trace = touched("/a", 4).pageout("/a", 0, count=4).write("/a", 4)
    knobs = (KnobWrite("/a", "memory.swap.max", 0), limit("/a", "max", 4))
    end = bench.end(trace, reclaim=reclaim, knobs=knobs)
    assert (5, 1) == (end.replay["resident_pages"], end.replay["oom"])


@every_reclaim
@every_release
def test_what_a_dead_memcg_evicted_does_not_come_back_as_its_parents(
    bench: Bench, reclaim: str, kernel: str
) -> None:
    trace = touched("/a", 5).memcg_offline("/a").pageout("/a", 0, count=5).read("/a", 0, count=5)
    vmstat = bench.end(trace, reclaim=reclaim, kernel=kernel).vmstat
    # where a removed memcg's pages are its parent's at once, it is the parent that evicted them
    refaults = 5 if RELEASES[kernel].resident_pages_reparented else 0
    assert (5, refaults) == (vmstat["pgmajfault"], vmstat["workingset_refault_anon"])
