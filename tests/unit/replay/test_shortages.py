"""What is said of a limit that had no room: which memcg, when, how many pages, and a limit that would do."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.bench import FULL, HALF, MS, REFUSED, Bench
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

Knobs = dict[tuple[str, str], int]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def replayed(bench: Bench, trace: TraceBuilder, knobs: Knobs, **settings: Any) -> Result:
    writes = tuple(KnobWrite(memcg, key, value) for (memcg, key), value in knobs.items())
    return bench.replay(trace, knobs=writes, **settings)


def advised(texts: list[str]) -> tuple[Knobs, dict[str, int]]:
    """The limits that warnings say would do."""
    knobs = {
        (memcg, key): int(value)
        for text in texts
        for memcg, key, value in re.findall(r"--set (\S+):(memory\.\S+)=(\d+) would do", text)
    }
    ram = [int(value) for text in texts for value in re.findall(r"--totalram (\d+) would do", text)]
    return knobs, {"totalram": ram[0]} if ram else {}


def test_a_memory_limit_is_named_with_its_memcg_and_one_that_would_do(bench: Bench) -> None:
    trace = TraceBuilder().write("/b", 0, content=HALF).at(1234 * MS).write("/a", 0, count=10, content=HALF)
    knobs = {("/a", "memory.max"): 4 * PAGE_SIZE, ("/a", "memory.zswap.max"): 0, ("/a", "memory.swap.max"): 0}
    result = replayed(bench, trace, knobs)
    swap, memory = result.warnings[-2:]
    assert (
        "6 pages were charged over a limit since nothing could be reclaimed; a kernel would have killed the program: "
        "6 of /a over its memory.max of 16.0 KiB, first at 1.234000000 s; --set /a:memory.max=40960 would do"
    ) == memory
    assert swap.startswith("/a had used up its memory.swap.max of 0 B when ")
    assert "first at 1.234000000 s: they stayed in memory; --set /a:memory.swap.max=" in swap
    assert 0 == replayed(bench, trace, knobs | advised([memory])[0]).end.replay["oom"]
    eased = replayed(bench, trace, knobs | advised([swap])[0]).end.replay
    assert (0, 0) == (eased["oom"], eased["swap_full"])


def test_ram_is_named_where_that_is_too_small(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=30, content=HALF)
    knobs = {("/a", "memory.swap.max"): 0}
    (text,) = [
        text
        for text in replayed(bench, trace, knobs, totalram=20 * PAGE_SIZE).warnings
        if "charged over" in text
    ]
    assert "10 over the RAM of 80.0 KiB, first at 0.000000000 s, of /a; --totalram 122880 would do" in text
    assert 0 == replayed(bench, trace, knobs, **advised([text])[1]).end.replay["oom"]


def test_a_limit_above_the_memcg_is_the_one_that_is_named(bench: Bench) -> None:
    trace = TraceBuilder().memcg_create("/a").write("/a/x", 0, count=10, content=HALF)
    knobs = {("/a", "memory.max"): 4 * PAGE_SIZE, ("/a", "memory.swap.max"): 0}
    assert "6 of /a over its memory.max" in replayed(bench, trace, knobs).warnings[-1]


def test_a_memcg_that_is_gone_keeps_its_name(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=10, content=HALF).memcg_offline("/a")
    knobs = {("/a", "memory.max"): 4 * PAGE_SIZE, ("/a", "memory.swap.max"): 0}
    assert "6 of /a over its memory.max" in replayed(bench, trace, knobs).warnings[-1]


def test_a_limit_that_is_set_below_what_cannot_go_kills(bench: Bench) -> None:
    trace = TraceBuilder().memcg_set("/a", "memory.swap.max", 0).write("/a", 0, count=10, content=HALF)
    result = bench.replay(trace.memcg_set("/a", "memory.max", 3 * PAGE_SIZE).settle())
    assert 7 == result.end.replay["oom"] == result.end.replay_memcg["/a"]["oom"]
    assert "7 of /a over its memory.max of 12.0 KiB, first at 0.002000000 s" in result.warnings[-1]


def test_a_warm_up_is_left_out(bench: Bench) -> None:
    trace = TraceBuilder().write("/a", 0, count=10, content=HALF).read("/a", 9)
    knobs = {("/a", "memory.max"): 4 * PAGE_SIZE, ("/a", "memory.swap.max"): 0}
    assert [] == [text for text in replayed(bench, trace, knobs, warmup=1).warnings if "limit" in text]


@pytest.mark.parametrize("seed", range(12))
def test_what_would_do_does(bench: Bench, seed: int) -> None:
    random = Random(seed)
    trace = TraceBuilder()
    for _ in range(40):
        event = random.choice(("write", "write", "write", "pageout", "discard"))
        memcg, page, count = (
            random.choice(("/a", "/a", "/a/x", "/b")),
            random.randrange(40),
            random.randint(1, 40),
        )
        more = {"content": random.choice((FULL, HALF, REFUSED))} if event == "write" else {}
        getattr(trace, event)(memcg, page, count=count, **more)
    knobs: Knobs = {
        ("/a", "memory.max"): random.randint(4, 60) * PAGE_SIZE,
        ("/a", "memory.swap.max"): random.randint(0, 20) * PAGE_SIZE,
        ("/b", "memory.max"): random.randint(4, 30) * PAGE_SIZE,
        ("/b", "memory.swap.max"): 0,
        ("/a/x", "memory.zswap.max"): random.randint(0, 5) * PAGE_SIZE,
    }
    settings = {
        "kernel": random.choice(("6.6", "6.8", "6.12")),
        "totalram": random.randint(60, 90) * PAGE_SIZE,
    }
    result = replayed(bench, trace, knobs, **settings)
    for counter, kind in (("oom", "charged over"), ("swap_full", "used up its")):
        texts = [text for text in result.warnings if kind in text]
        assert bool(texts) == bool(result.end.replay[counter])
        eased, ram = advised(texts)
        assert 0 == replayed(bench, trace, knobs | eased, **settings | ram).end.replay[counter]
