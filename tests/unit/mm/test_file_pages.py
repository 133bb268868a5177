"""What a memcg is charged besides the pages of the trace, and the share of the scan that it leaves."""

from __future__ import annotations

import pytest

from tests.bench import HALF, Bench
from zswap_replay.errors import SettingsError
from zswap_replay.mm.file_pages import FilePages
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

every_reclaim = pytest.mark.parametrize("reclaim", ["k", "mglru", "lru"])


def share(swappiness: int, anon_cost: int = 1000, file_cost: int = 0) -> tuple[int, int]:
    pages = FilePages(MemCgroups("none", 1))
    pages.set_share(swappiness, anon_cost, file_cost)
    return pages.anon_share, pages.share_of


def test_the_share_of_anonymous_pages_follows_swappiness_and_costs() -> None:
    # without file pages the cost is that of anonymous pages alone
    assert (89, 508) == share(60)
    assert (0, 599) == share(0)
    assert (299, 299) == share(200)
    # at equal costs it is the swappiness, of 200
    assert (119, 398) == share(60, 1000, 1000)
    # costly file pages are looked at less
    assert (179, 388) == share(60, 0, 1000)


def touched(count: int) -> TraceBuilder:
    trace = TraceBuilder()
    for page in range(count):
        trace.write("/a", page, content=HALF + page)
    return trace


def limits(limit: int, file: int) -> tuple[KnobWrite, ...]:
    return (KnobWrite("/a", "memory.max", limit * PAGE_SIZE), KnobWrite("/a", "file", file * PAGE_SIZE))


@every_reclaim
def test_it_takes_room_under_the_limit(bench: Bench, reclaim: str) -> None:
    ends = [bench.end(touched(300), reclaim=reclaim, knobs=limits(200, file)) for file in (0, 20, 40)]
    stored = [end.vmstat["zswpout"] for end in ends]
    assert stored[0] < stored[2]
    assert all(end.memcg["/a"]["memory.current"] <= 200 * PAGE_SIZE for end in ends)
    assert [0, 0, 0] == [end.replay["oom"] for end in ends]


@every_reclaim
def test_a_limit_that_it_fills_ends_in_out_of_memory_and_not_in_a_loop(bench: Bench, reclaim: str) -> None:
    end = bench.end(touched(20), reclaim=reclaim, knobs=limits(10, 10))
    assert end.replay["oom"] > 0


def test_more_of_it_than_any_machine_has_is_counted_at_once(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "file", 1 << 60)
    end = bench.end(trace.memcg_set("/a", "memory.max", 10 * PAGE_SIZE).write("/a", 0))
    assert end.replay["oom"] == end.replay_memcg["/a"]["oom"] >= (1 << 48) - 10


@every_reclaim
def test_it_is_gone_with_its_memcg_and_counts_in_the_ancestors(bench: Bench, reclaim: str) -> None:
    trace = TraceBuilder().memcg_create("/p").memcg_create("/p/a").write("/p/a", 0, content=HALF)
    trace.snapshot("before").discard("/p/a", 0).memcg_offline("/p/a")
    result = bench.replay(
        trace, reclaim=reclaim, knobs=(KnobWrite("/p/a", "file", 30 * PAGE_SIZE),), kernel="6.12"
    )
    before = result.snapshots[0]
    assert 31 * PAGE_SIZE == before.memcg["/p/a"]["memory.current"] == before.memcg["/p"]["memory.current"]
    assert 0 == result.end.memcg["/p"]["memory.current"]


def test_a_trace_may_set_it_too(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", 200 * PAGE_SIZE)
    for page in range(150):
        trace.write("/a", page, content=HALF + page)
    trace.snapshot("before").memcg_set("/a", "file", 100 * PAGE_SIZE)
    result = bench.replay(trace)
    assert 0 == result.snapshots[0].vmstat["zswpout"]
    assert result.end.vmstat["zswpout"] > 40
    assert result.end.memcg["/a"]["memory.current"] <= 200 * PAGE_SIZE


def test_by_two_lists_file_pages_in_use_leave_more_of_the_look_to_anonymous_pages() -> None:
    pages = FilePages(MemCgroups("none", 1))
    pages.set_file(0, 4096)
    for _ in range(50):
        pages.scan(0, 4, 60)
        pages.note_anon_cost(0, 2, 10)
    assert pages.anon_share / pages.share_of > 1.5 * 89 / 508


@pytest.mark.parametrize("text", ["/a:file=max", "/a:file=-1", "/a:file=", "/:file=1M"])
def test_what_it_cannot_be(text: str) -> None:
    with pytest.raises(SettingsError):
        KnobWrite.parse(text)


@pytest.mark.parametrize(
    ("text", "size"), [("64M", 64 << 20), ("1.5Mi", 3 << 19), ("612K", 612 << 10), ("0", 0)]
)
def test_a_flag_may_set_it(text: str, size: int) -> None:
    assert KnobWrite("/a", "file", size) == KnobWrite.parse(f"/a:file={text}")
