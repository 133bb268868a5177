"""Where each counter is read: the sources of COUNTERS in a machine, and the snapshot that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.memcg_totals import NODE_NAMES, node_totals, swapcached
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap_slots import DeviceSlots
from zswap_replay.result.counters import COUNTERS, Group, shown
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
    swapcached: Columns | None = None
    """Pages in the swap cache, of all memcgs of the machine, where there is a zram device."""

    def of(self, field: str) -> Columns:
        """Pick what the memcgs have in a field."""
        return np.asarray(self.memcgs.records.view(field))[self.indices]


MachineSource = Callable[[Reading], int]
MemcgSource = Callable[[MemcgReading], Columns]


def _of_zram(name: str) -> MachineSource:
    return lambda now: now.zram[name]


def _slots(machine: Machine) -> DeviceSlots:
    assert machine.slots is not None
    return machine.slots


PARTS: Final = (
    "zswap",
    "zswap.stock",
    "zswap.pools",
    "zswap.worker",
    "page_io",
    "vmscan",
    "limits",
    "memory",
)
"""The parts of a machine that keep counters, in the order in which they are asked for one."""

MACHINE_SOURCES: Final[dict[Group, dict[str, MachineSource]]] = {
    "zswap": {
        "reject_alloc_fail": lambda _: 0,  # the machine has memory enough for these two
        "reject_kmemcache_fail": lambda _: 0,
        "decompress_fail": lambda now: now.mismatches,
        "pool_total_size": lambda now: now.machine.zswap.stock.pool_pages * PAGE_SIZE,
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
        "resident_pages": lambda now: now.machine.memcgs.records.values("resident", 1)[0],
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
    compressed = now.of("zswap_bytes") + now.of("device_bytes")
    return now.of("resident") - -compressed // PAGE_SIZE


def _swapcached(now: MemcgReading) -> Columns:
    assert now.swapcached is not None
    return now.swapcached[now.indices]


MEMCG_SOURCES: Final[dict[Group, dict[str, MemcgSource]]] = {
    "memcg": {
        "memory.current": lambda now: _memory_usage(now) * PAGE_SIZE,
        "memory.swap.current": lambda now: now.of("swap") * PAGE_SIZE,
        "memory.zswap.current": lambda now: now.of("zswap_bytes"),
        "zswap": lambda now: now.of("zswap_bytes"),
        "zswapped": lambda now: now.of("zswapped") * PAGE_SIZE,
        "zswap_incomp": lambda now: now.of("zswap_incomp") * PAGE_SIZE,
        "zswpwb_proactive_b": lambda now: now.of("zswpwb_proactive_b"),
        "swapcached": lambda now: _swapcached(now) * PAGE_SIZE,
    },
    "replay.memcg": {
        "resident_pages": lambda now: now.of("resident"),
        "stored_pages": lambda now: now.of("zswapped"),
    },
    "node": {},
}
"""By group and name, where a counter of memcgs is read that is no count of that name, of a node or of all nodes."""


def machine_source(machine: Machine, group: Group, name: str) -> MachineSource | str:
    """Find where a counter of the machine is read: in MACHINE_SOURCES, or as an attribute of the same name, its path.

    Raises LookupError: neither is there.
    """
    source = MACHINE_SOURCES[group].get(name)
    if source is not None:
        return source
    for part in PARTS:
        if hasattr(attrgetter(part)(machine), name):
            return f"{part}.{name}"
    raise LookupError(f"{group}.{name}: no attribute of that name in {', '.join(PARTS)}, and no source")


class MachineSources:
    """Where the counters of the machine are read: most are attributes, which are taken all at once."""

    def __init__(self, machine: Machine, names: Mapping[Group, Sequence[str]]) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        found = [machine_source(machine, group, name) for group in OF_MACHINE for name in names[group]]
        attributes = [(place, path) for place, path in enumerate(found) if isinstance(path, str)]
        self._attributes = attrgetter(*(path for _, path in attributes))
        self._places = np.array([place for place, _ in attributes], np.intp)
        self._others = [(place, source) for place, source in enumerate(found) if not isinstance(source, str)]

    def read(self, now: Reading, into: Columns) -> None:
        """Read the counters."""
        into[self._places] = self._attributes(now.machine)
        for place, source in self._others:
            into[place] = source(now)


def read_limits(memcgs: MemCgroups, indices: npt.NDArray[np.int64], into: Columns) -> None:
    """Read the limits of memcgs as [memcg, limit], in the order of ``numbers.LIMITS``; -1 where there is none.

    They are bytes, and 0 for a writeback switch that is off.
    """
    for place, limit in enumerate(("memory_max", "memory_high", "swap_max", "zswap_max")):
        into[:, place] = memcgs.values(limit)[indices]
    into[:, :-1] *= PAGE_SIZE
    into[:, -1] = memcgs.values("zswap_writeback")[indices]
    np.maximum(into[:, :-1], -1, out=into[:, :-1])
    np.negative(into[:, -1], out=into[:, -1])


class MemcgSources:
    """Where the counters of a group of memcgs are read: in MEMCG_SOURCES, or as the count of the same name."""

    def __init__(self, group: Group, names: Sequence[str]) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        others = MEMCG_SOURCES[group]
        counted = [place for place, name in enumerate(names) if name not in others]
        for place in counted:
            if names[place] not in NODE_NAMES:
                raise LookupError(f"{group}.{names[place]}: no count of that name, and no source")
        self._counted = np.array(counted, np.intp)
        """The places of those that are counts, and which of NODE_NAMES each is."""
        self._counts = np.array([NODE_NAMES.index(names[place]) for place in counted], np.intp)
        self._others = [(place, others[name]) for place, name in enumerate(names) if name in others]

    def read(self, counts: Columns, now: MemcgReading, into: Columns) -> None:
        """Read the counters into the last axis of ``into``, whose other axes are those of ``counts``."""
        into[..., self._counted] = counts[..., self._counts]
        for place, source in self._others:
            into[..., place] = source(now)


class CounterReader:
    """Reads all counters of a machine, under the names that its release has."""

    def __init__(self, machine: Machine) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        absent, zram = machine.release.absent, machine.zram is not None
        self._machine = machine
        names = {group: tuple(shown(group, absent, zram=zram)) for group in COUNTERS}
        self._of_machine = MachineSources(machine, names)
        self._of_memcgs = {group: MemcgSources(group, names[group]) for group in MEMCG_SOURCES}
        self._layout = Layout(names, machine.memcgs.nr_nodes, FILES)

    def snapshot(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Snapshot:
        """Copy all counters as they are now, with their names; the arguments are those of ``numbers``."""
        return self.numbers(paths, label, time_ns, mismatches).snapshot()

    def numbers(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Numbers:
        """Copy all counters as they are now.

        ``paths`` has the path of each memcg by its index, None for one that was removed.
        """
        memcgs, zram = self._machine.memcgs, self._machine.zram
        counts = node_totals(memcgs)
        all_nodes = counts.sum(axis=1)
        everywhere = dict(zip(NODE_NAMES, all_nodes[0].tolist(), strict=True))
        whole = Reading(self._machine, everywhere, mismatches, zram.counters() if zram else {})
        indices = np.array([index for index, path in enumerate(paths) if path is not None], np.int64)
        here = [path for path in paths if path is not None]
        numbers = Numbers.empty(self._layout, label, time_ns, self._params(), here, indices)
        self._of_machine.read(whole, numbers.machine)
        cached = swapcached(self._machine.pages, memcgs) if zram else None
        now = MemcgReading(memcgs, indices, cached)
        self._read_memcgs(counts[indices], all_nodes[indices], now, numbers.memcgs)
        return numbers

    def _read_memcgs(self, counts: Columns, all_nodes: Columns, now: MemcgReading, into: Columns) -> None:
        """Read the counters of memcgs, whose ``counts`` are [memcg, node, count], and their limits."""
        replay, node, limits = self._layout.parts
        self._of_memcgs["memcg"].read(all_nodes, now, into[:, :replay])
        self._of_memcgs["replay.memcg"].read(all_nodes, now, into[:, replay:node])
        # [memcg, node, counter], a view: one node after the other
        by_node = into[:, node:limits].reshape(*counts.shape[:2], -1)
        self._of_memcgs["node"].read(counts, now, by_node)
        read_limits(now.memcgs, now.indices, into[:, limits:])

    def _params(self) -> dict[str, int | str]:
        """Return the module parameters in effect, those that choose the pool first."""
        zswap = self._machine.zswap
        pool = zswap.pools.current
        params: dict[str, int | str] = {"compressor": pool.compressor, "zpool": pool.zpool_type}
        for param in self._machine.release.params:
            if param not in params:
                params[param] = int(getattr(zswap, param))
        return params
