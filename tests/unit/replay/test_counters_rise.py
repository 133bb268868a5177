"""Every counter of the table is moved by some replay: one whose rise was forgotten is named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from tests.bench import FULL, HALF, REFUSED, SAME, Bench, stored
from tests.paths import TRACES
from tests.pressure import any_events, lived, save, tight
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import replay
from zswap_replay.result.counters import COUNTERS
from zswap_replay.result.long_format import rows
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder

AT_REST = {
    "zswap.reject_alloc_fail": "the machine has memory enough",
    "zswap.reject_kmemcache_fail": "the machine has memory enough",
    "zswap.decompress_fail": "a fault of the model, tried in test_loop.py",
    "replay.mismatches": "a fault of the model, tried in test_loop.py",
    "zram.failed_reads": "the backing device never fails",
    "zram.invalid_io": "the kernel prints a constant",
}
"""Counters that no good replay moves, and why."""


def results(bench: Bench, folder: Path) -> Iterator[Result]:
    """Replays that between them do all that the model counts."""
    events = lived(islice(any_events(Random(1)), 1500))
    under_pressure = save(
        str(folder), [{"time_ns": 150_000 * number, **row} for number, row in enumerate(events)]
    )
    for kernel in RELEASES:
        yield replay(str(TRACES / "story.parquet"), Settings(kernel=kernel))
        yield replay(under_pressure, tight(kernel))
    again = stored("/a", 0, 4).read("/a", 0, count=4).pageout("/a", 0, count=4)
    yield bench.replay(again, kernel="6.6")
    yield bench.replay(stored("/a", 0, 4, REFUSED), kernel="7.1")
    yield bench.replay(stored("/a", 0, 4, FULL), kernel="6.6", zpool="zbud")
    asked = stored("/a", 0, 4).memcg_reclaim("/a", "4K source=zswap")
    yield bench.replay(asked, kernel="7.1+proactive_writeback=on")
    yield bench.replay(zram_device(), tier="zram", kernel="6.12", backing_dev=1 << 20)


def zram_device() -> TraceBuilder:
    """A trace in which a zram device is written to, compacted, full, and written back from."""
    trace = TraceBuilder().param("zram.disksize", "4M").param("zram.swapon", "")
    trace.write("/a", 0, count=600, content=HALF).write("/a", 600, count=50, content=FULL)
    trace.write("/a", 650, count=20, content=SAME).pageout("/a", 0, count=670)
    trace.param("zram.writeback_limit", 7).param("zram.writeback_limit_enable", 1).snapshot("out").param(
        "zram.idle", "all"
    ).param("zram.writeback", "huge")
    for page in range(0, 660, 2):
        trace.read("/a", page)
    trace.param("zram.compact", "1").param("zram.mem_limit", "4096").snapshot("written")
    trace.pageout("/a", 0, count=20).memcg_set("/a", "memory.swap.max", 0).pageout("/a", 20, count=9)
    return trace


def test_every_counter_rises_in_some_replay(bench: Bench, tmp_path: Path) -> None:
    names = [f"{group}.{name}" for group, counters in COUNTERS.items() for name in counters]
    moved = {
        f"{row.group}.{row.counter}"
        for result in results(bench, tmp_path)
        for snapshot in result.snapshots
        for row in rows(snapshot)
        if row.value
    }
    faults = [f"{name} never rises" for name in names if name not in moved and name not in AT_REST]
    assert not faults, "; ".join(faults)
    assert set() == AT_REST.keys() & moved
    assert AT_REST.keys() <= set(names)
