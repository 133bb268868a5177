"""Where each counter is read: the sources of COUNTERS in a machine, and the snapshot that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.memcontrol import NODE_NAMES, MemCgroups
from zswap_replay.mm.swap_slots import DeviceSlots
from zswap_replay.result.counters import COUNTERS, MACHINE, Group, shown
from zswap_replay.result.numbers import OF_MACHINE, Layout, Numbers
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE

Columns = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """What counters of the whole machine are read from."""

    machine: Machine
    everywhere: Mapping[str, int]
    """Events of all memcgs, by name."""
    mismatches: int
    """Decompressed pages that were not what went in."""
    zram: Mapping[str, int] = field(default_factory=dict)
    """The counters of the zram device, if there is one, by name."""


@dataclass(frozen=True, slots=True)
class MemcgReading:
    """What counters of memcgs are read from, descendants included: of several memcgs at once, in one order."""

    memcgs: MemCgroups
    indices: npt.NDArray[np.int64]
    """Those of the memcgs, in the machine."""
    counts: Mapping[str, Columns]
    """By the names of memcontrol.EVENT_NAMES; of NUMA nodes, those of NODE_NAMES as [memcg, node]."""
    swapcached: Columns | None = None
    """Pages in the swap cache, of all memcgs of the machine, where there is a zram device."""

    def of(self, column: object) -> Columns:
        """Pick the memcgs' items of a column of MemCgroups."""
        return np.asarray(column)[self.indices]


MachineSource = Callable[[Reading], int]
MemcgSource = Callable[[MemcgReading], Columns]


def _of_zram(name: str) -> MachineSource:
    return lambda now: now.zram[name]


def _slots(machine: Machine) -> DeviceSlots:
    assert machine.slots is not None
    return machine.slots


PARTS: Final = ("zswap", "zswap.pools", "zswap.worker", "page_io", "vmscan", "limits", "memory")
"""The parts of a machine that keep counters, in the order in which they are asked for one."""

MACHINE_SOURCES: Final[dict[Group, dict[str, MachineSource]]] = {
    "zswap": {
        "reject_alloc_fail": lambda _: 0,  # the machine has memory enough for these two
        "reject_kmemcache_fail": lambda _: 0,
        "decompress_fail": lambda now: now.mismatches,
        "pool_total_size": lambda now: now.machine.zswap.pools.total_pages * PAGE_SIZE,
    },
    "zram": {name: _of_zram(name) for name in COUNTERS["zram"]},
    "meminfo": {"SwapFree": lambda now: _slots(now.machine).nr_swap_pages * PAGE_SIZE // 1024},
    "vmstat": {
        "pswpout": lambda now: now.machine.page_io.pswpout + now.machine.zswap.pswpout_writeback,
        "zswpwb": lambda now: now.machine.zswap.written_back_pages,
        "pgmajfault": lambda now: now.everywhere["pgmajfault"],
        "pgsteal_anon": lambda now: now.everywhere["pgsteal"],
        "workingset_refault_anon": lambda now: now.everywhere["workingset_refault_anon"],
        "workingset_activate_anon": lambda now: now.everywhere["workingset_activate_anon"],
    },
    "replay": {
        "accesses": lambda now: now.everywhere["accesses"],
        "resident_pages": lambda now: now.machine.memcgs.resident[0],
        "mismatches": lambda now: now.mismatches,
    },
}
"""By group and name, where a counter of the machine is read that is no attribute of that name of one of ``PARTS``."""

FILES: Final = (
    "memory.current",
    "memory.swap.current",
    "memory.zswap.current",
    "swap.events.max",
    "swap.events.fail",
)
"""The counters of a memcg that are files of its own, which the root does not have."""


def _memory_usage(now: MemcgReading) -> Columns:
    """Return what MemCgroups.memory_usage() does, of all memcgs."""
    compressed = now.of(now.memcgs.zswap_bytes) + now.of(now.memcgs.device_bytes)
    return now.of(now.memcgs.resident) - -compressed // PAGE_SIZE


MEMCG_SOURCES: Final[dict[Group, dict[str, MemcgSource]]] = {
    "memcg": {
        "memory.current": lambda now: _memory_usage(now) * PAGE_SIZE,
        "memory.swap.current": lambda now: now.of(now.memcgs.swap) * PAGE_SIZE,
        "memory.zswap.current": lambda now: now.of(now.memcgs.zswap_bytes),
        "zswap": lambda now: now.of(now.memcgs.zswap_bytes),
        "zswapped": lambda now: now.of(now.memcgs.zswapped) * PAGE_SIZE,
        "zswap_incomp": lambda now: now.of(now.memcgs.zswap_incomp) * PAGE_SIZE,
        "zswpwb_proactive_b": lambda now: now.of(now.memcgs.zswpwb_proactive_b),
        "swapcached": lambda now: now.of(now.swapcached) * PAGE_SIZE,
    },
    "replay.memcg": {
        "resident_pages": lambda now: now.of(now.memcgs.resident),
        "stored_pages": lambda now: now.of(now.memcgs.zswapped),
    },
    "node": {},
}
"""By group and name, where a counter of memcgs is read that is no count of that name, of a node or of all nodes."""


def machine_source(machine: Machine, group: Group, name: str) -> MachineSource:
    """Find where a counter of the machine is read: in MACHINE_SOURCES, or as an attribute of the same name.

    Raises LookupError: neither is there.
    """
    source = MACHINE_SOURCES[group].get(name)
    if source is not None:
        return source
    for part in PARTS:
        keeper = attrgetter(part)(machine)
        if hasattr(keeper, name):
            return lambda _: int(getattr(keeper, name))
    raise LookupError(f"{group}.{name}: no attribute of that name in {', '.join(PARTS)}, and no source")


def memcg_source(group: Group, name: str) -> MemcgSource:
    """Find where a counter of memcgs is read: in MEMCG_SOURCES, or as the count of the same name."""
    return MEMCG_SOURCES[group].get(name) or (lambda now: now.counts[name])


def limits_of(memcgs: MemCgroups, indices: npt.NDArray[np.int64]) -> Columns:
    """Return the limits of memcgs as [memcg, limit], in the order of ``numbers.LIMITS``; -1 where there is none.

    They are bytes, and 0 for a writeback switch that is off.
    """
    limits = (memcgs.memory_max, memcgs.memory_high, memcgs.swap_max, memcgs.zswap_max)
    pages = np.stack([np.asarray(limit)[indices] for limit in limits], axis=1)
    switch = -np.asarray(memcgs.zswap_writeback)[indices].astype(np.int64)
    return np.concatenate((np.where(pages < 0, -1, pages * PAGE_SIZE), switch[:, None]), axis=1)


class CounterReader:
    """Reads all counters of a machine, under the names that its release has."""

    def __init__(self, machine: Machine) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        absent, zram = machine.release.absent, machine.zram is not None
        self._machine = machine
        self._of_machine = {
            group: {name: machine_source(machine, group, name) for name in shown(group, absent, zram=zram)}
            for group in MACHINE
        }
        memcg_groups: tuple[Group, ...] = ("memcg", "replay.memcg", "node")
        self._of_memcgs = {
            group: {name: memcg_source(group, name) for name in shown(group, absent, zram=zram)}
            for group in memcg_groups
        }
        names = {group: tuple(sources) for group, sources in self._of_machine.items()}
        names |= {group: tuple(sources) for group, sources in self._of_memcgs.items()}
        self._layout = Layout(names, machine.memcgs.nr_nodes, FILES)

    def snapshot(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Snapshot:
        """Copy all counters as they are now, with their names; the arguments are those of ``numbers``."""
        return self.numbers(paths, label, time_ns, mismatches).snapshot()

    def numbers(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Numbers:
        """Copy all counters as they are now.

        ``paths`` has the path of each memcg by its index, None for one that was removed.
        """
        memcgs, zram = self._machine.memcgs, self._machine.zram
        counts = memcgs.node_totals()
        everywhere = dict(zip(NODE_NAMES, counts[0].sum(axis=0).tolist(), strict=True))
        whole = Reading(self._machine, everywhere, mismatches, zram.counters() if zram else {})
        values = [source(whole) for group in OF_MACHINE for source in self._of_machine[group].values()]
        indices = np.array([index for index, path in enumerate(paths) if path is not None], np.int64)
        counts = counts[indices]
        cached = np.array(self._machine.swapcached(), np.int64) if zram else None
        each = MemcgReading(memcgs, indices, _by_name(counts.sum(axis=1)), cached)
        nodes = self._columns("node", MemcgReading(memcgs, indices, _by_name(counts)))
        parts = (
            self._columns("memcg", each),
            self._columns("replay.memcg", each),
            # [memcg, node, counter]: one node after the other
            nodes.reshape(len(indices), -1),
            limits_of(memcgs, indices),
        )
        return Numbers(
            self._layout,
            label,
            time_ns,
            self._params(),
            np.array(values, np.int64),
            [path for path in paths if path is not None],
            indices,
            np.concatenate(parts, axis=1),
        )

    def _columns(self, group: Group, reading: MemcgReading) -> Columns:
        """Read the counters of a group, side by side."""
        sources = self._of_memcgs[group]
        return np.stack([source(reading) for source in sources.values()], axis=-1)

    def _params(self) -> dict[str, int | str]:
        """Return the module parameters in effect, those that choose the pool first."""
        zswap = self._machine.zswap
        pool = zswap.pools.current
        params: dict[str, int | str] = {"compressor": pool.compressor, "zpool": pool.zpool_type}
        for param in self._machine.release.params:
            if param not in params:
                params[param] = int(getattr(zswap, param))
        return params


def _by_name(counts: Columns) -> dict[str, Columns]:
    """Name the last axis of counts by node."""
    return {name: counts[..., place] for place, name in enumerate(NODE_NAMES)}
