"""Accesses are counted down to the next flush, and add up to all that there were."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.many_memcgs import pressed
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Replay
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace

MEMCGS = 3
EVENTS = 3000


@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("stat_flush", [0, 1, 5, 3000])
def test_accesses_are_counted_whatever_flushes(tmp_path: Path, stat_flush: int, nodes: int) -> None:
    made = TraceBuilder()
    for memcg in range(MEMCGS):
        made.memcg_create(f"/{memcg}")
    counted: Counter[tuple[int, int]] = Counter()
    for turn in range(EVENTS):
        memcg, page = turn * turn % MEMCGS, turn * 7 % 211
        made.write(f"/{memcg}", page, content=page, node=page % nodes)
        counted[memcg, page % nodes] += 1
    made.memcg_reclaim("/0", "64k")
    path = str(tmp_path / "trace.parquet")
    made.save(tmp_path / "trace.parquet")
    running = Replay(open_trace(path), path, pressed(tmp_path, "6.12", nodes, stat_flush), ignore)
    result = running.result(0, None, ignore)
    machine = running.machine
    for memcg in range(MEMCGS):
        index = machine.paths.memcg_of(memcg + 1)
        for nid in range(nodes):
            assert counted[memcg, nid] == machine.memcgs.uses.accesses_of(index, nid)
    assert EVENTS == result.end.replay["accesses"]
    assert not any("nothing was replayed" in warning for warning in result.warnings)
