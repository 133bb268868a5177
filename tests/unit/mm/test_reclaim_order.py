"""Reclaim passes over memcgs in which it would do nothing, and nobody can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench import HALF, save_lengths
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Replay
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

MEMCGS = 150
"""More than a block of ReclaimOrder, twice."""


def trace(folder: Path) -> str:
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
        made.write(leaf[number], int(random.integers(0, page[number] + 1)), content=HALF + turn)
        if turn % 97 == 96:
            made.memcg_offline(leaf[number]).memcg_create(leaf[number])
        if turn % 501 == 500:
            made.memcg_reclaim("/p1", 64 * PAGE_SIZE)
        if turn == 1200:
            made.param("shrinker_enabled", "Y")
        if turn == 1400:
            made.param("shrinker_enabled", "N")
    made.save(folder / "trace.parquet")
    return str(folder / "trace.parquet")


@pytest.mark.parametrize("stat_flush", [5, 3000])
def test_memcgs_with_nothing_to_do_are_passed_over_unnoticed(tmp_path: Path, stat_flush: int) -> None:
    settings = Settings(
        lengths=str(tmp_path / "lengths.parquet"),
        kernel="6.12",
        totalram=500 * PAGE_SIZE,
        max_pool_percent=30,
        stat_flush=stat_flush,
        knobs=(KnobWrite("/p0", "memory.max", 120 * PAGE_SIZE),),
    )
    path = trace(tmp_path)
    save_lengths(tmp_path / "lengths.parquet")
    results = []
    for skips in (True, False):
        run = Replay(open_trace(path), path, settings, ignore)
        run.machine.vmscan.skips_idle = skips
        results.append(run.result(0, None, ignore))
    assert results[0].as_json(timing=False) == results[1].as_json(timing=False)
    assert results[0].end.vmstat["pgsteal_anon"] > 500
