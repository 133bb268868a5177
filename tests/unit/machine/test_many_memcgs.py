"""Columns by memcg grow in the middle of a replay: the interpreted core has to count as the compiled one does."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench import FULL, HALF, Bench
from tests.environment import unmeasured
from tests.paths import ROOT
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.units import PAGE_SIZE

COUNTS = """
import json, sys
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.settings import Settings
lengths, *traces = sys.argv[1:]
ends = []
for kernel in RELEASES:
    for number, trace in enumerate(traces):
        nodes = number % 2 + 1
        settings = Settings(kernel=kernel, lengths=lengths, shrinker_enabled=number < 2, nodes=nodes)
        end = replay(trace, settings).end
        ends.append([kernel, nodes, end.zswap, end.vmstat, end.memcg, end.replay])
print(json.dumps(ends))
"""


def counts(*arguments: str, interpreted: bool) -> object:
    environment = unmeasured(ZSWAP_REPLAY_PURE=str(int(interpreted)))
    command = [sys.executable, "-c", COUNTS, *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return json.loads(done.stdout)


def twelve_memcgs(nodes: int) -> TraceBuilder:
    """A trace of twelve memcgs, the last one first, that store, load and are written back."""
    trace = TraceBuilder()
    for memcg in range(12):
        trace.memcg_create(f"/{memcg}").memcg_set(f"/{memcg}", "memory.zswap.max", 8192)
    for memcg in reversed(range(12)):
        path = f"/{memcg}"
        trace.write(path, 0, count=9, content=FULL, node=memcg % nodes).pageout(path, 0, count=9)
        trace.read(path, 0, count=5).pageout(path, 0, count=5).memcg_reclaim(path, "1M").read(path, 0)
    return trace


def below_one_limit(nodes: int) -> TraceBuilder:
    """A trace of more memcgs than a word of ReclaimOrder has bits, below one limit."""
    trace = TraceBuilder().memcg_create("/all").memcg_set("/all", "memory.max", 300 * PAGE_SIZE)
    for memcg in range(150):
        trace.memcg_create(f"/all/{memcg}")
    for turn in range(1200):
        memcg = turn * turn % 150
        trace.write(f"/all/{memcg}", turn % 17, content=HALF + turn, node=turn % nodes)
    return trace


def test_many_memcgs_are_counted_alike(bench: Bench) -> None:
    """In each release, and on one and two nodes, compiled and interpreted."""
    bench.settings()
    traces = [bench.save(made(nodes)) for made in (twelve_memcgs, below_one_limit) for nodes in (1, 2)]
    arguments = (str(bench.folder / "lengths.parquet"), *traces)
    interpreted = counts(*arguments, interpreted=True)
    assert interpreted == counts(*arguments, interpreted=False)
