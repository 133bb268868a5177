"""Reclaim passes over memcgs in which it would do nothing, and nobody can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench import HALF, save_lengths
from tests.many_memcgs import many_memcgs, pressed
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.result.result import Result
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE


def check_unnoticed(path: str, settings: Settings) -> Result:
    """Replay a trace with memcgs passed over, and with a visit to each; return the result of both."""
    results = []
    for skips in (True, False):
        run = Replay(open_trace(path), path, settings, ignore)
        run.machine.vmscan.skips_idle = skips
        results.append(run.result(0, None, ignore))
    assert results[0].as_json(timing=False) == results[1].as_json(timing=False)
    return results[0]


@pytest.mark.parametrize("kernel", ["6.12", "7.1"])
@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("stat_flush", [0, 1, 5, 3000])
def test_memcgs_with_nothing_to_do_are_passed_over_unnoticed(
    tmp_path: Path, stat_flush: int, nodes: int, kernel: str
) -> None:
    path, settings = many_memcgs(tmp_path, nodes), pressed(tmp_path, kernel, nodes, stat_flush)
    result = check_unnoticed(path, settings)
    assert result.end.vmstat["pgsteal_anon"] > 500
    replay(path, settings, self_check=29)


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
