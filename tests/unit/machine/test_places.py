"""The places of pages whose memcg was removed are used again, and no counter tells it."""

from __future__ import annotations

import pytest

from tests.bench import HALF, Bench
from zswap_replay.machine.machine import Machine
from zswap_replay.machine.recount import recount
from zswap_replay.trace.builder import TraceBuilder

LIVES = 6
PAGES = 40


def lives(paths: list[str], *, left: int = 0) -> TraceBuilder:
    """Memcgs one after the other, each of which frees its pages but the first ``left`` of them before it goes."""
    trace = TraceBuilder()
    for path in paths:
        trace.memcg_create(path).write(path, 0, count=PAGES, content=HALF)
        trace.pageout(path, 0, count=PAGES).read(path, 5, count=PAGES - 10)
        trace.discard(path, left, count=PAGES - left).memcg_offline(path)
    return trace


def places(machine: Machine) -> int:
    assert recount(machine) is None
    return len(machine.pages.indices())


@pytest.mark.parametrize("reclaim", ["k", "lru", "mglru"])
@pytest.mark.parametrize("named", ["/a", "/a{0}"])
def test_memcgs_that_come_and_go_need_the_places_of_one(bench: Bench, reclaim: str, named: str) -> None:
    paths = [named.format(number) for number in range(LIVES)]
    machine = bench.machine(lives(paths), kernel="6.12", reclaim=reclaim)
    assert PAGES == places(machine)


def test_a_page_that_is_left_keeps_the_places_of_its_neighbours_alone(bench: Bench) -> None:
    machine = bench.machine(lives(["/a"] * LIVES, left=3), kernel="6.12")
    assert PAGES + 8 * (LIVES - 1) == places(machine)


def test_what_is_freed_after_the_removal_is_used_when_the_path_comes_anew(bench: Bench) -> None:
    trace = TraceBuilder()
    for _ in range(LIVES):
        trace.memcg_create("/a").write("/a", 0, count=PAGES, content=HALF).memcg_offline("/a")
        trace.discard("/a", 0, count=PAGES)
    assert PAGES == places(bench.machine(trace, kernel="6.12"))


@pytest.mark.parametrize("reclaim", ["k", "mglru"])
def test_a_page_of_a_removed_memcg_that_comes_again_is_new(bench: Bench, reclaim: str) -> None:
    trace = lives(["/a"]).read("/a", 7, content=HALF).memcg_create("/b").write("/b", 7, content=HALF)
    end = bench.end(trace, kernel="6.12", reclaim=reclaim)
    assert (PAGES + 2, 2) == (end.replay["first_touches"], end.replay["resident_pages"])
    assert (1, "/a" in end.memcg) == (end.replay_memcg["/b"]["resident_pages"], False)
