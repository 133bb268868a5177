"""Reclaim passes over memcgs in which it would do nothing, and nobody can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench import HALF, save_lengths
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Replay
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

MEMCGS = 150
"""More than a block of ReclaimOrder, twice."""


def trace(folder: Path, nodes: int) -> str:
    """Write a trace of many small memcgs below few, which come and go, under pressure on each level."""
    random = np.random.default_rng(5)
    made = TraceBuilder()
    for parent in range(3):
        made.memcg_create(f"/p{parent}")
    leaf = [f"/p{number % 3}/m{number}" for number in range(MEMCGS)]
    for path in leaf:
        made.memcg_create(path)
    page = [0] * MEMCGS
    for turn in range(2500):
        number = int(random.integers(0, MEMCGS) ** 2 // MEMCGS)
        if random.random() < 0.5:
            page[number] += 1
        at = int(random.integers(0, page[number] + 1))
        made.write(leaf[number], at, content=HALF + turn, node=at % nodes)
        if turn % 97 == 96:
            made.memcg_offline(leaf[number]).memcg_create(leaf[number])
        if turn % 301 == 300:
            swappiness = ("", " swappiness=0", " swappiness=200")[turn // 301 % 3]
            made.memcg_reclaim("/p1", f"{16 * PAGE_SIZE}{swappiness}")
        if turn == 1200:
            made.param("shrinker_enabled", "Y")
        if turn == 1400:
            made.param("shrinker_enabled", "N")
    made.save(folder / "trace.parquet")
    return str(folder / "trace.parquet")


def check_unnoticed(path: str, settings: Settings) -> Result:
    """Replay a trace with memcgs passed over, and with a visit to each; return the result of both."""
    results = []
    for skips in (True, False):
        run = Replay(open_trace(path), path, settings, ignore)
        run.machine.vmscan.skips_idle = skips
        results.append(run.result(0, None, ignore))
    assert results[0].as_json(timing=False) == results[1].as_json(timing=False)
    return results[0]


@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("stat_flush", [0, 5, 3000])
def test_memcgs_with_nothing_to_do_are_passed_over_unnoticed(
    tmp_path: Path, stat_flush: int, nodes: int
) -> None:
    save_lengths(tmp_path / "lengths.parquet")
    settings = Settings(
        lengths=str(tmp_path / "lengths.parquet"),
        kernel="6.12",
        totalram=500 * PAGE_SIZE,
        max_pool_percent=30,
        stat_flush=stat_flush,
        nodes=nodes,
        knobs=(KnobWrite("/p0", "memory.max", 120 * PAGE_SIZE),),
    )
    result = check_unnoticed(trace(tmp_path, nodes), settings)
    assert result.end.vmstat["pgsteal_anon"] > 500


def test_the_few_of_thousands_that_have_something_to_do_are_found(tmp_path: Path) -> None:
    """Thousands are more blocks than a word has bits; the pages are in memcgs far from each other."""
    save_lengths(tmp_path / "lengths.parquet")
    random = np.random.default_rng(6)
    made = TraceBuilder().memcg_create("/p")
    memcgs = 64 * 64 + 200
    for number in range(memcgs):
        made.memcg_create(f"/p/m{number}")
    for turn in range(1500):
        number = (0, 63, 64, 700, 4095, 4096, memcgs - 1)[int(random.integers(0, 7))]
        made.write(f"/p/m{number}", int(random.integers(0, 30)), content=HALF + turn)
    made.save(tmp_path / "trace.parquet")
    settings = Settings(
        lengths=str(tmp_path / "lengths.parquet"),
        kernel="6.12",
        totalram=10_000 * PAGE_SIZE,
        stat_flush=50,
        knobs=(KnobWrite("/p", "memory.max", 120 * PAGE_SIZE),),
    )
    result = check_unnoticed(str(tmp_path / "trace.parquet"), settings)
    assert result.end.vmstat["pgsteal_anon"] > 300
