"""Replays of columns in memory by a Machine itself, without ``replay()``; nothing else here uses the model directly."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from benchmarks.accesses import MEMCG, STEP_NS, Accesses, lengths
from zswap_replay.lib.length_index import Lengths
from zswap_replay.machine.events import Events
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.counter_sources import CounterReader
from zswap_replay.replay.page_data import UnknownContents
from zswap_replay.replay.settings_check import WRITTEN_PARAMS
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.units import PAGE_SIZE

MEMORY_SHARE = 0.72
"""Share of the pages that fit into memory: the hit rates are about those of a plain LRU for half of the pages."""

COMPRESSOR = "lz4"
_MEMCG_ID = 1


def settings(
    pages: int, kernel: str, lengths_file: str | None = None, memcgs: Sequence[str] = (MEMCG,)
) -> Settings:
    """Make settings in which limits of memory are the only pressure, and the pool takes all pages."""
    limit = int(pages * MEMORY_SHARE / len(memcgs)) * PAGE_SIZE
    return Settings(
        kernel=kernel,
        compressor=COMPRESSOR,
        totalram=pages * 4 * PAGE_SIZE,
        max_pool_percent=100,
        lengths=lengths_file,
        knobs=tuple(KnobWrite(memcg, "memory.max", limit) for memcg in memcgs),
    )


class InMemory:
    """The accesses as columns of events, and the lengths of all contents; contents are page numbers."""

    def __init__(self, all_: Accesses, pages: int) -> None:
        size = len(all_)
        self._columns = (
            np.arange(size, dtype=np.uint64) * np.uint64(STEP_NS),
            all_.write.astype(np.uint8),
            np.full(size, _MEMCG_ID, np.int32),
            all_.page,
            np.ones(size, np.uint32),
            np.zeros(size, np.uint8),
            all_.page.copy(),
            all_.given.astype(np.uint8),
        )
        self._pages = pages
        self.end: dict[str, Snapshot] = {}
        """The counters at the end of the last replay, by kernel."""

    def beside(self, kernel: str, count: int) -> float:
        """Time so many new machines on all events, each in a thread of its own, in seconds."""
        machines = [self._machine(settings(self._pages, kernel)) for _ in range(count)]
        events = Events(*(column.data for column in self._columns))
        with ThreadPoolExecutor(count) as threads:
            start = perf_counter()
            done = list(threads.map(lambda machine: machine.run(events, 0, events.size), machines))
            seconds = perf_counter() - start
        assert done == [events.size] * count
        for machine in machines:
            counted = CounterReader(machine).snapshot(["/", MEMCG], "end", 0, 0)
            assert counted.vmstat == self.end[kernel].vmstat, "a machine counts otherwise beside another"
        return seconds

    def replay(self, kernel: str) -> float:
        """Time a new machine on all events, in seconds."""
        machine = self._machine(settings(self._pages, kernel))
        events = Events(*(column.data for column in self._columns))
        start = perf_counter()
        done = machine.run(events, 0, events.size)
        seconds = perf_counter() - start
        assert done == events.size, f"the machine halted at event {done}"
        self.end[kernel] = CounterReader(machine).snapshot(["/", MEMCG], "end", 0, 0)
        return seconds

    def _machine(self, chosen: Settings) -> Machine:
        assert chosen.totalram is not None
        machine = Machine(
            RELEASES[chosen.kernel],
            chosen.totalram // PAGE_SIZE,
            1,
            chosen.writeback_ns,
            synchronous_swap=False,
            reclaim=chosen.reclaim,
            shrink_delay=chosen.shrink_delay,
            stat_flush=chosen.stat_flush,
            page_cluster=chosen.page_cluster,
        )
        known = Lengths()
        kinds = np.zeros(self._pages, np.uint8)
        known.add_all(np.arange(self._pages, dtype=np.uint64).data, lengths(self._pages).data, kinds.data)
        machine.set_pool(chosen.zpool, chosen.compressor, UnknownContents("columns in memory"), known, None)
        for param in WRITTEN_PARAMS:
            machine.set_param(param, int(getattr(chosen, param)))
        machine.memcg_create(_MEMCG_ID, 0, 0, 0)
        for write in chosen.knobs:
            machine.memcg_set(_MEMCG_ID, write.key, write.bytes)
        return machine


def hit_rate(end: Snapshot) -> float:
    """Return the share of accesses that found their page in memory, 0 to 1."""
    missed = end.vmstat["pgmajfault"] + end.replay["first_touches"]
    return 1 - missed / end.replay["accesses"]
