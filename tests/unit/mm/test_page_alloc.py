"""RAM as the only limit: reclaim comes back for what its first rounds cannot take."""

from __future__ import annotations

import pytest

from tests.bench import EVERY_RELEASE, HALF, Bench
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE


def pods(count: int, pages: int) -> TraceBuilder:
    """Twice as many pages as RAM has, written in turn by small memcgs."""
    trace = TraceBuilder()
    for page in range(pages):
        for pod in range(count):
            trace.write(f"/k/pod{pod}", page, content=HALF)
    return trace


@pytest.mark.parametrize("reclaim", ["k", "lru"])
@pytest.mark.parametrize(("count", "pages"), [(1, 200), (10, 20), (100, 2), (200, 1)])
def test_many_small_memcgs_give_way_as_one_does(bench: Bench, count: int, pages: int, reclaim: str) -> None:
    end = bench.end(pods(count, pages), totalram=100 * PAGE_SIZE, reclaim=reclaim)
    assert (0, 0) == (end.replay["oom"], end.replay["swap_full"])
    assert end.vmstat["zswpout"] > 0


def test_five_thousand_memcgs(bench: Bench) -> None:
    assert 0 == bench.end(pods(5000, 2), totalram=8000 * PAGE_SIZE).replay["oom"]


@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_pages_that_wait_for_their_writes_are_room(bench: Bench, kernel: str) -> None:
    end = bench.end(pods(10, 20), totalram=100 * PAGE_SIZE, kernel=kernel, enabled=False)
    assert 0 == end.replay["oom"]
    assert end.vmstat["pswpout"] >= 100


@pytest.mark.parametrize("reclaim", ["k", "lru"])
def test_a_page_that_nothing_can_make_room_for_is_counted_once(bench: Bench, reclaim: str) -> None:
    knobs = tuple(KnobWrite(f"/k/pod{pod}", "memory.swap.max", 0) for pod in range(10))
    end = bench.end(pods(10, 20), totalram=100 * PAGE_SIZE, reclaim=reclaim, knobs=knobs)
    assert (100, 100) == (end.replay["oom"], end.replay["swap_full"])


@pytest.mark.parametrize("reclaim", ["k", "lru"])
def test_memcgs_without_swap_are_passed_over_for_others(bench: Bench, reclaim: str) -> None:
    knobs = tuple(KnobWrite(f"/k/pod{pod}", "memory.swap.max", 0) for pod in range(2))
    end = bench.end(pods(10, 20), totalram=100 * PAGE_SIZE, reclaim=reclaim, knobs=knobs)
    assert (0, 0) == (end.replay["oom"], end.replay["swap_full"])
    assert [20, 20] == [end.replay_memcg[f"/k/pod{pod}"]["resident_pages"] for pod in range(2)]
