"""memory.max and memory.high: how many pages go for a charge, a lowered limit and memory.reclaim."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import EVERY_RELEASE, FULL, Bench
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE, UNLIMITED

LIMIT = 100
both_limits = pytest.mark.parametrize("key", ["memory.max", "memory.high"])


def touched(count: int) -> TraceBuilder:
    return TraceBuilder().write("/a", 0, count=count, content=FULL)


def stores(bench: Bench, trace: TraceBuilder, **settings: Any) -> int:
    return bench.end(trace, **settings).vmstat["zswpout"]


@both_limits
def test_exactly_the_limit_is_within_it(bench: Bench, key: str) -> None:
    knobs = (KnobWrite("/a", key, LIMIT * PAGE_SIZE),)
    assert 0 == stores(bench, touched(LIMIT), knobs=knobs)
    assert 0 < stores(bench, touched(LIMIT + 1), knobs=knobs)


@both_limits
def test_a_limit_lowered_to_the_use_reclaims_nothing(bench: Bench, key: str) -> None:
    assert 0 == stores(bench, touched(LIMIT).memcg_set("/a", key, LIMIT * PAGE_SIZE))
    assert 0 < stores(bench, touched(LIMIT).memcg_set("/a", key, (LIMIT - 1) * PAGE_SIZE))


@both_limits
@pytest.mark.parametrize("kernel", EVERY_RELEASE)
def test_a_limit_that_is_lifted_reclaims_nothing(bench: Bench, kernel: str, key: str) -> None:
    end = bench.end(touched(LIMIT).memcg_set("/a", key, "max"), kernel=kernel)
    assert (0, LIMIT) == (end.vmstat["zswpout"], end.replay["resident_pages"])


@both_limits
def test_max_given_as_a_setting_is_no_limit(bench: Bench, key: str) -> None:
    assert 0 == stores(bench, touched(LIMIT), knobs=(KnobWrite("/a", key, UNLIMITED),))


@pytest.mark.parametrize(("pages", "full"), [(LIMIT, 0), (LIMIT + 1, 1)])
def test_exactly_all_ram_is_within_it(bench: Bench, pages: int, full: int) -> None:
    assert full == min(1, stores(bench, touched(pages), totalram=LIMIT * PAGE_SIZE))


def test_a_page_over_a_limit_of_nothing_to_reclaim_is_counted_at_memory_max_alone(bench: Bench) -> None:
    for key, oom in (("memory.max", 1), ("memory.high", 0)):
        knobs = (KnobWrite("/a", key, 4 * PAGE_SIZE), KnobWrite("/a", "memory.swap.max", 0))
        assert oom == bench.end(touched(5), knobs=knobs).replay["oom"]
