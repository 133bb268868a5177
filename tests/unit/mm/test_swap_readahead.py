"""Swap readahead: which neighbours are read with a page, and how many. Worked out from mm/swap_state.c."""

from __future__ import annotations

import pytest

from tests.bench import HALF, Bench
from zswap_replay.mm.swap_readahead import swapin_nr_pages
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.trace.builder import TraceBuilder

every_reclaim = pytest.mark.parametrize("reclaim", ["k", "mglru", "lru"])


@pytest.mark.parametrize(
    ("prev", "at", "hits", "max_pages", "prev_win", "pages"),
    [
        (10, 11, 0, 8, 0, 2),  # the page behind the last one
        (12, 11, 0, 8, 0, 2),  # the one before it
        (50, 11, 0, 8, 0, 1),  # no neighbour, no hit
        (50, 11, 0, 8, 8, 4),  # the window does not shrink to less than a half
        (50, 11, 1, 8, 0, 4),  # 3 pages, rounded up
        (50, 11, 3, 8, 0, 8),
        (50, 11, 9, 8, 0, 8),  # no more than 2 ** page_cluster
        (50, 11, 4, 2, 0, 2),
    ],
)
def test_how_many_pages_are_read(
    prev: int, at: int, hits: int, max_pages: int, prev_win: int, pages: int
) -> None:
    assert pages == swapin_nr_pages(prev, at, hits, max_pages, prev_win)


def out(pages: int, step: int = 1) -> TraceBuilder:
    """Pages that are in zswap."""
    trace = TraceBuilder()
    for page in range(0, pages * step, step):
        trace.write("/a", page, content=HALF + page)
    for page in range(0, pages * step, step):
        trace.pageout("/a", page)
    return trace


def ended(bench: Bench, trace: TraceBuilder, cluster: int, **settings: str) -> Snapshot:
    return bench.end(trace, kernel="6.12", page_cluster=cluster, **settings)


@every_reclaim
def test_the_first_fault_reads_around_itself(bench: Bench, reclaim: str) -> None:
    # 4 hits are taken for granted: a window of 8, three before the page and four behind it
    trace = out(40).read("/a", 20)
    end = ended(bench, trace, 3, reclaim=reclaim)
    assert (1, 8) == (end.vmstat["pgmajfault"], end.vmstat["zswpin"])
    trace = trace.read("/a", 17).read("/a", 24)
    end = ended(bench, trace, 3, reclaim=reclaim)
    assert (1, 8) == (end.vmstat["pgmajfault"], end.vmstat["zswpin"])
    end = ended(bench, trace.read("/a", 16), 3, reclaim=reclaim)
    assert 2 == end.vmstat["pgmajfault"]


@every_reclaim
def test_a_scan_faults_once_a_window(bench: Bench, reclaim: str) -> None:
    trace = out(200)
    for page in range(200):
        trace.read("/a", page)
    faults = [ended(bench, trace, cluster, reclaim=reclaim).vmstat["pgmajfault"] for cluster in range(4)]
    assert [200, 100, 50, 25] == pytest.approx(faults, abs=3)
    assert 200 == ended(bench, trace, 3, reclaim=reclaim).vmstat["zswpin"]


def test_a_window_does_not_leave_the_page_table(bench: Bench) -> None:
    end = ended(bench, out(600).read("/a", 511), 3)
    assert 4 == end.vmstat["zswpin"]


def test_neighbours_that_are_not_out_are_not_read(bench: Bench) -> None:
    assert 1 == ended(bench, out(40, step=16).read("/a", 320), 3).vmstat["zswpin"]


@pytest.mark.parametrize(("cluster", "device"), [(0, "disk"), (3, "ram")])
def test_nothing_is_read_ahead(bench: Bench, cluster: int, device: str) -> None:
    end = ended(bench, out(40).read("/a", 20), cluster, swap_device=device)
    assert 1 == end.vmstat["zswpin"]


@every_reclaim
def test_a_rotating_device_is_read_by_slots(bench: Bench, reclaim: str) -> None:
    # page i is in slot i + 1: a window of 8 is slots 16 to 23
    rotating = {"reclaim": reclaim, "swap_device": "rotational"}
    trace = out(40).read("/a", 20)
    end = ended(bench, trace, 3, **rotating)
    assert (1, 8) == (end.vmstat["pgmajfault"], end.vmstat["zswpin"])
    trace.read("/a", 15).read("/a", 22)
    assert 1 == ended(bench, trace, 3, **rotating).vmstat["pgmajfault"]
    # two hits: a window of 4 is slots 12 to 15
    end = ended(bench, trace.read("/a", 14), 3, **rotating)
    assert (2, 12) == (end.vmstat["pgmajfault"], end.vmstat["zswpin"])
    assert 1 == ended(bench, out(40).read("/a", 20), 0, **rotating).vmstat["zswpin"]


def test_slots_are_read_ahead_whosever_pages_are_in_them(bench: Bench) -> None:
    trace = TraceBuilder()
    for page in range(20):
        for memcg in ("/a", "/b"):
            trace.write(memcg, page, content=HALF + page).pageout(memcg, page)
    end = ended(bench, trace.read("/a", 10), 3, swap_device="rotational")
    assert (4, 4) == (end.memcg["/a"]["zswpin"], end.memcg["/b"]["zswpin"])


def test_a_rotating_device_gives_out_slots_from_its_start(bench: Bench) -> None:
    trace = out(600)  # two clusters of 256 slots, and 88 of a third
    trace.discard("/a", 0, count=256)
    for page in range(1000, 1300):
        trace.write("/a", page, content=HALF + page).pageout("/a", page)
    # after 168 pages the third cluster is full, and the next are in slots 1 to 132
    end = bench.end(
        trace.read("/a", 1170), kernel="6.18+rotating_slots=runs", page_cluster=3, swap_device="rotational"
    )
    assert 7 == end.vmstat["zswpin"]  # slot 0 is the header's
    for page in range(1168, 1175):
        trace.read("/a", page)
    end = bench.end(trace, kernel="6.18+rotating_slots=runs", page_cluster=3, swap_device="rotational")
    assert (1, 7) == (end.vmstat["pgmajfault"], end.vmstat["zswpin"])


@pytest.mark.parametrize(("kernel", "behind", "hole"), [("6.12", 2, 2), ("6.14", 1, 2), ("6.18", 2, 1)])
def test_slots_in_clusters_are_given_out_as_the_release_does(
    bench: Bench, kernel: str, behind: int, hole: int
) -> None:
    def faults(trace: TraceBuilder) -> int:
        end = bench.end(trace, kernel=kernel, page_cluster=3, swap_device="rotational")
        return end.vmstat["pgmajfault"]

    # page 23 is in the window of page 20 where page 0 is in slot 256, and not where it is behind the header
    assert behind == faults(out(40).read("/a", 20).read("/a", 23))
    trace = out(600)
    trace.discard("/a", 100, count=10)
    for page in range(1000, 1400):
        trace.write("/a", page, content=HALF + page).pageout("/a", page)
    # behind the 167 slots that are left of the third cluster come the ten holes before page 110
    assert hole == faults(trace.read("/a", 1170).read("/a", 110))
