"""What a replay that says little tells its reader."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.bench import REFUSED, ZERO, Bench, store, stored
from zswap_replay.cli.main import PROGRAM, cli, guarded
from zswap_replay.replay.loop import replay
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE


@pytest.fixture
def bench(tmp_path: Any) -> Bench:
    return Bench(tmp_path)


def test_a_trace_without_a_page_event_warns(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").memcg_set("/a", "memory.max", "1M").settle()
    assert ("the trace has no page event: nothing was replayed",) == bench.replay(trace).warnings


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_events_before_the_first_access_warn_whatever_is_read_of_those_behind_them(
    bench: Bench, batch_rows: int
) -> None:
    trace = bench.save(TraceBuilder().memcg_create("/a").discard("/a", 0).write("/a", 0).write("/a", 1))
    (warning,) = replay(trace, bench.settings(max_events=2), batch_rows=batch_rows).warnings
    assert "none of the 2 events accesses a page: nothing was replayed" == warning


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
    warning, *_ = bench.replay(trace, **settings).warnings
    assert warning.startswith(f"nothing was stored in zswap: {reason}")


def test_zero_pages_are_no_reason_where_others_were_refused(bench: Bench) -> None:
    trace = store(stored("/a", 0, 3, ZERO), "/a", 9, 3)
    warning, *_ = bench.replay(trace, kernel="6.12", enabled=False).warnings
    assert "nothing was stored in zswap: enabled is 0; to have some stored: --enabled" == warning


def test_one_stored_page_is_enough_to_be_silent(bench: Bench) -> None:
    assert () == bench.replay(stored("/a", 0, 1)).warnings


def test_what_a_kernel_would_have_killed_for_is_counted_and_said(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.max", 4 * PAGE_SIZE).memcg_set("/a", "memory.swap.max", 0)
    result = bench.replay(trace.write("/a", 0, count=10, content=0))
    assert 6 == result.end.replay["oom"] == result.end.replay_memcg["/a"]["oom"]
    assert result.warnings[-1].startswith(
        "6 pages were charged over a limit since nothing could be reclaimed"
    )


# What is advised is taken literally, and leads to a replay that stores something.


def tenants(*paths: str, pages: int = 40) -> TraceBuilder:
    trace = TraceBuilder()
    for page in range(pages):
        for path in paths:
            trace.write(path, page, content=page)
    return trace


def no_swap(*paths: str) -> tuple[str, ...]:
    return tuple(part for path in paths for part in ("--set", f"{path}:memory.swap.max=0"))


@pytest.mark.parametrize(
    ("trace", "given"),
    [
        (tenants("/web"), ()),
        (tenants("/web", "/db"), ()),
        (tenants("/k/a", "/k/b"), no_swap("/k")),
        (tenants("/a", "/b"), (*no_swap("/a", "/b"), "--set", "/b:memory.max=80K")),
        (tenants("/a", "/b"), (*no_swap("/a"), "--totalram", "100K", "--set", "/b:memory.zswap.max=0")),
        (tenants("/a", "/b"), ("--no-enabled", "--max-pool-percent", "0", "--kernel", "6.12")),
        (tenants("/"), ("--max-pool-percent", "1")),
        (tenants(*(f"/pod{pod}" for pod in range(9)), pages=1), ()),
        (tenants(*(f"/k/pod{pod}" for pod in range(9)), pages=1), no_swap("/k/pod0", "/k/pod1")),
        (tenants("/a", "/b").discard("/a", 0, count=40).discard("/b", 0, count=40), ()),
        (tenants("/a").memcg_offline("/a"), ()),
        (stored("/a", 0, 9), no_swap("/a")),
        (stored("/a", 0, 9), ("--set", "/a:memory.zswap.max=0", *no_swap("/a"))),
        (TraceBuilder().param("max_pool_percent", 0).write("/a", 0, count=9).pageout("/a", 0, count=9), ()),
        (stored("/a", 0, 9), ("--recipe", "incompressible")),
    ],
)
def test_the_advice_is_taken_and_something_is_stored(
    bench: Bench, trace: TraceBuilder, given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path = bench.save(trace)

    def run(*flags: str) -> tuple[int, str]:
        assert 0 == guarded(cli, PROGRAM, ["run", path, "--format", "json", "--no-timing", *flags])
        captured = capsys.readouterr()
        return json.loads(captured.out)["snapshots"][-1]["vmstat"]["zswpout"], captured.err

    given = ("--kernel", "6.12", "--verify", "off", *given)
    stored_pages, said = run(*given)
    assert 0 == stored_pages
    advice = next(line for line in said.splitlines() if "nothing was stored" in line)
    assert run(*given, *shlex.split(advice.rpartition("to have some stored: ")[2]))[0] > 0


def test_a_page_without_a_slot_is_never_called_no_pressure(bench: Bench) -> None:
    trace = tenants("/web").pageout("/web", 0, count=40)
    warning, *_ = bench.replay(trace, knobs=(KnobWrite("/web", "memory.swap.max", 0),)).warnings
    assert warning.startswith("nothing was stored in zswap: memory.swap.max of /web is 0;")


def test_many_memcgs_without_swap_are_not_all_named(bench: Bench) -> None:
    paths = [f"/pod{pod}" for pod in range(30)]
    knobs = tuple(KnobWrite(path, "memory.swap.max", 0) for path in paths)
    warning = bench.replay(tenants(*paths), knobs=knobs, totalram=100 * PAGE_SIZE).warnings[0]
    assert "memory.swap.max of /pod0, /pod1, /pod2 and 27 more is 0" in warning
    assert 1 == warning.count("--set")


@pytest.mark.parametrize(("warmup", "said"), [(8, False), (9, True), (1000, True)])
def test_a_warm_up_of_all_events_counts_nothing_and_says_so(bench: Bench, warmup: int, said: bool) -> None:
    trace = TraceBuilder()
    for page in range(9):
        trace.write("/a", page)
    warnings = bench.replay(trace, warmup=warmup).warnings
    told = f"warmup is {warmup:,} events, and 9 were replayed: nothing is counted"
    assert said == (told in warnings)


def test_what_lengths_leave_unread_is_named(bench: Bench) -> None:
    lengths = str(bench.settings().lengths)
    trace = TraceBuilder().write("/a", 0, count=9)
    plain = bench.replay(trace, lengths=lengths).warnings
    given = bench.replay(trace, lengths=lengths, seed=3, recipe="server").warnings
    why = f"not looked at, since {lengths} says how long pages are compressed"
    assert [f"seed: {why}", f"recipe: {why}"] == [text for text in given if text not in plain]
