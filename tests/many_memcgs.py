"""A trace of many small memcgs below few, under pressure on each level, for what goes round them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.bench import HALF, save_lengths
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

MEMCGS = 150
"""More than a block of ReclaimOrder, twice."""


def many_memcgs(folder: Path, nodes: int = 1) -> str:
    """Write a trace of memcgs that come and go, with all that makes reclaim look at them again; return its path.

    It is for releases from 6.12 on, as memory.reclaim is given a swappiness.
    """
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
        if turn % 61 == 60:
            made.pageout(leaf[number], at)
        if turn % 301 == 300:
            swappiness = ("", " swappiness=0", " swappiness=200")[turn // 301 % 3]
            made.memcg_reclaim("/p1", f"{16 * PAGE_SIZE}{swappiness}")
        if turn % 401 == 400:
            made.memcg_set(leaf[number], "file", 8 * PAGE_SIZE)
        if turn == 700:
            made.memcg_set("/p2", "memory.swap.max", 40 * PAGE_SIZE)
        if turn == 1000:
            made.memcg_set("/p1", "memory.zswap.max", 20 * PAGE_SIZE)
        if turn == 1200:
            made.param("shrinker_enabled", "Y")
        if turn == 1400:
            made.param("shrinker_enabled", "N")
    made.save(folder / "trace.parquet")
    return str(folder / "trace.parquet")


def pressed(folder: Path, kernel: str, nodes: int = 1, stat_flush: int = 5) -> Settings:
    """Make settings under which such a trace is short of memory, with a file of its lengths in ``folder``."""
    save_lengths(folder / "lengths.parquet")
    return Settings(
        lengths=str(folder / "lengths.parquet"),
        kernel=kernel,
        totalram=500 * PAGE_SIZE,
        max_pool_percent=30,
        stat_flush=stat_flush,
        nodes=nodes,
        knobs=(KnobWrite("/p0", "memory.max", 120 * PAGE_SIZE),),
    )
