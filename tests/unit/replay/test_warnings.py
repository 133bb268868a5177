"""What a replay that says little tells its reader."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench import REFUSED, ZERO, Bench, stored
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE


@pytest.fixture
def bench(tmp_path: Any) -> Bench:
    return Bench(tmp_path)


def test_a_trace_without_a_page_event_warns(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", "1M").settle()
    assert ("the trace has no page event: nothing was replayed",) == bench.replay(trace).warnings


def test_no_pressure_names_a_limit_that_makes_some(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=1000, content=0)
    (warning,) = bench.replay(trace).warnings
    assert warning.startswith("nothing was stored in zswap: there was no pressure")
    assert "the 1000 resident pages fit in memory" in warning
    assert f":memory.max={500 * PAGE_SIZE}" in warning
    # and the limit that it names does make some
    result = bench.replay(trace, knobs=(KnobWrite("/a", "memory.max", 500 * PAGE_SIZE),))
    assert result.end.vmstat["zswpout"] > 0


@pytest.mark.parametrize(
    ("trace", "settings", "reason"),
    [
        (stored("/a", 0, 3), {"enabled": False}, "enabled is 0"),
        (
            stored("/a", 0, 3),
            {"knobs": (KnobWrite("/a", "memory.zswap.max", 0),)},
            "memory.zswap.max of /a is 0",
        ),
        (
            stored("/a", 0, 3),
            {"max_pool_percent": 0, "kernel": "6.12"},
            "the pool's limit is 0 pages",
        ),
        (stored("/a", 0, 3, REFUSED), {}, "no page compressed below 4096 bytes"),
        (stored("/a", 0, 3, ZERO), {"kernel": "6.12"}, "all pages that went out were zero pages"),
        (
            stored("/a", 0, 3),
            {"knobs": (KnobWrite("/a", "memory.swap.max", 0),)},
            "memory.swap.max of /a is 0",
        ),
    ],
    ids=["disabled", "memcg limit", "pool limit", "incompressible", "zero", "swap limit"],
)
def test_nothing_stored_says_why(
    bench: Bench, trace: TraceBuilder, settings: dict[str, Any], reason: str
) -> None:
    (warning,) = bench.replay(trace, **settings).warnings
    assert warning.startswith(f"nothing was stored in zswap: {reason}")


def test_one_stored_page_is_enough_to_be_silent(bench: Bench) -> None:
    assert () == bench.replay(stored("/a", 0, 1)).warnings


def test_what_a_kernel_would_have_killed_for_is_counted_and_said(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.max", 4 * PAGE_SIZE).memcg_set("/a", "memory.swap.max", 0)
    result = bench.replay(trace.write("/a", 0, count=10, content=0))
    assert 6 == result.end.replay["oom"] == result.end.replay_memcg["/a"]["oom"]
    assert result.warnings[-1].startswith(
        "6 pages were charged over a limit since nothing could be reclaimed"
    )
