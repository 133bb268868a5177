"""Reclaim by generations: who is old, who is kept with its neighbours, and what a page table has to do with it."""

from __future__ import annotations

from tests.bench import HALF, Bench
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.lru_gen import GEN_MASK, MAX_NR_GENS, MIN_NR_GENS, LruGenLists
from zswap_replay.mm.pgtable import FIRST_OFFSET, PTRS_PER_PTE
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

LIMIT = (KnobWrite("/a", "memory.max", 400 * PAGE_SIZE),)


def lists_of(machine: Machine) -> LruGenLists:
    assert isinstance(machine.lruvecs, LruGenLists)
    return machine.lruvecs


def filled(count: int) -> TraceBuilder:
    trace = TraceBuilder()
    for page in range(count):
        trace.write("/a", page, content=HALF + page)
    return trace


def generations(bench: Bench, trace: TraceBuilder) -> list[int]:
    """The generations of the machine after a replay, the youngest of the memcg /a as 0; -1 for a page out of memory."""
    machine = bench.machine(trace, kernel="6.12", reclaim="mglru", knobs=LIMIT)
    gens = lists_of(machine)
    youngest = gens.max_seq[1]
    found = []
    for number in range(600):
        page = machine.pages.find(1, number)
        state = gens.state[page] & GEN_MASK if page >= 0 else 0
        found.append((youngest - (state - 1)) % MAX_NR_GENS if state else -1)
    return found


def test_a_memcg_begins_with_four_generations(bench: Bench) -> None:
    machine = bench.machine(filled(1), kernel="6.12", reclaim="mglru")
    assert (3, 0) == (lists_of(machine).max_seq[1], lists_of(machine).min_seq[1])


def test_a_page_that_is_faulted_in_is_of_the_youngest_generation(bench: Bench) -> None:
    found = generations(bench, filled(300))
    assert [0] * 300 == found[:300]


def test_64_pages_go_at_a_time_from_the_oldest_generation(bench: Bench) -> None:
    # the first reclaim ages, so that all pages are old and clean of accesses, and takes 64 of them
    found = generations(bench, filled(401))
    assert [-1] * 64 == found[:64]
    assert -1 not in found[64:401]
    assert 0 == found[400]


def test_old_pages_that_are_used_are_not_those_that_go(bench: Bench) -> None:
    trace = filled(401)
    for page in range(64, 128):
        trace.read("/a", page)
    for page in range(401, 560):
        trace.write("/a", page, content=HALF + page)
    found = generations(bench, trace)
    assert -1 not in found[64:128]
    assert -1 in found[128:400]


def test_a_young_page_is_kept_and_its_neighbours_if_they_are_young_too(bench: Bench) -> None:
    one, all_ = (
        generations(bench, used(filled(401), pages))[64:128] for pages in (range(64, 65), range(64, 128))
    )
    assert one[0] != -1
    assert one.count(-1) > 48
    assert -1 not in all_


def used(trace: TraceBuilder, pages: range) -> TraceBuilder:
    for page in pages:
        trace.read("/a", page)
    for page in range(401, 480):
        trace.write("/a", page, content=HALF + page)
    return trace


def test_page_0_stands_in_the_middle_of_a_page_table(bench: Bench) -> None:
    machine = bench.machine(filled(600), kernel="6.12", reclaim="mglru")
    tables = lists_of(machine).tables
    assert 2 == tables.nr_tables
    assert [FIRST_OFFSET, 0] == list(tables.first[:2])
    assert [PTRS_PER_PTE - 1, 600 - (PTRS_PER_PTE - FIRST_OFFSET) - 1] == list(tables.last[:2])


def test_generations_are_two_to_four_whatever_happens(bench: Bench) -> None:
    trace = filled(500)
    for round_ in range(4):
        for page in range(round_, 500, 3):
            trace.read("/a", page)
        trace.memcg_reclaim("/a", 64 * PAGE_SIZE)
    machine = bench.machine(trace, kernel="6.12", reclaim="mglru", knobs=LIMIT)
    assert MIN_NR_GENS <= lists_of(machine).nr_gens(1) <= MAX_NR_GENS
    assert lists_of(machine).max_seq[1] > 3


def test_other_releases_are_marked_as_read(bench: Bench) -> None:
    recorded, read = (bench.replay(filled(1), kernel=kernel, reclaim="mglru") for kernel in ("6.12", "6.6"))
    text = "MGLRU was recorded on 6.12: under 6.6 its rules are read, not recorded"
    assert text in read.warnings
    assert not any("MGLRU" in warning for warning in recorded.warnings)


def test_a_hundred_memcgs_are_replayed(bench: Bench) -> None:
    # more than are in the caches unasked: what the faults of each will need is asked for before
    trace = TraceBuilder()
    for _ in range(3):
        for number in range(100):
            trace.write(f"/{number}", 0, count=4)
    machine = bench.machine(trace, kernel="6.12", reclaim="mglru")
    assert [4] * 100 == [machine.memcgs.memory_usage(memcg) for memcg in range(1, 101)]
