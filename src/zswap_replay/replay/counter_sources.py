"""Where each counter is read: the sources of COUNTERS in a machine, and the snapshot that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.memcg_totals import (
    LIMITS_AND_CHARGES,
    NODE_NAMES,
    limits_and_charges,
    node_totals,
    swapcached,
)
from zswap_replay.mm.swap_slots import DeviceSlots
from zswap_replay.result.counters import COUNTERS, Group, shown
from zswap_replay.result.numbers import LIMITS, OF_MACHINE, Layout, Numbers
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


MachineSource = Callable[[Reading], int]
MemcgSource = tuple[str, int]
"""One of MEMCG_COLUMNS, and what it is multiplied by."""

SWAPCACHED: Final = "swapcached"
"""Pages in the swap cache, which are counted where there is a zram device."""


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


MEMCG_SOURCES: Final[dict[Group, dict[str, MemcgSource]]] = {
    "memcg": {
        "memory.current": ("usage", PAGE_SIZE),
        "memory.swap.current": ("swap", PAGE_SIZE),
        "memory.zswap.current": ("zswap_bytes", 1),
        "zswap": ("zswap_bytes", 1),
        "zswapped": ("zswapped", PAGE_SIZE),
        "zswap_incomp": ("zswap_incomp", PAGE_SIZE),
        "zswpwb_proactive_b": ("zswpwb_proactive_b", 1),
        "swapcached": (SWAPCACHED, PAGE_SIZE),
    },
    "replay.memcg": {
        "resident_pages": ("resident", 1),
        "stored_pages": ("zswapped", 1),
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


MEMCG_COLUMNS: Final = (*NODE_NAMES, *LIMITS_AND_CHARGES, SWAPCACHED)
"""What counters of memcgs are read from, in the order in which MemcgSources has it: counts of all nodes come first."""


def memcg_source(group: Group, name: str) -> MemcgSource:
    """Find where a counter of memcgs is read: in MEMCG_SOURCES, or as the count of the same name.

    Raises LookupError: neither is there.
    """
    source = MEMCG_SOURCES[group].get(name)
    if source is not None:
        return source
    if name not in NODE_NAMES:
        raise LookupError(f"{group}.{name}: no count of that name, and no source")
    return name, 1


class MemcgSources:
    """Where the counters of memcgs and their limits are read: all are columns of one table, times a factor."""

    def __init__(self, layout: Layout) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        own: tuple[Group, ...] = ("memcg", "replay.memcg")
        sources = [memcg_source(group, name) for group in own for name in layout.names[group]]
        found = [(MEMCG_COLUMNS.index(name), factor) for name, factor in sources]
        node = [NODE_NAMES.index(memcg_source("node", name)[0]) for name in layout.names["node"]]
        for number in range(layout.nr_nodes):
            found += [(len(MEMCG_COLUMNS) + number * len(NODE_NAMES) + place, 1) for place in node]
        limits = MEMCG_COLUMNS.index("memory_max")
        found += [(limits + place, 1) for place in range(len(LIMITS))]
        self._columns = np.array([column for column, _ in found], np.intp)
        self._factors = np.array([factor for _, factor in found], np.int64)

    def table(self, machine: Machine) -> Columns:
        """Return [memcg, column] of all memcgs: those of MEMCG_COLUMNS, then the counts of each node."""
        counts = node_totals(machine.memcgs)
        cached = np.zeros(len(counts), np.int64)
        if machine.zram is not None:
            cached = swapcached(machine.pages, machine.memcgs)
        parts = (
            counts.sum(axis=1),
            limits_and_charges(machine.memcgs),
            cached[:, None],
            counts.reshape(len(counts), -1),
        )
        return np.concatenate(parts, axis=1)

    def read(self, table: Columns, indices: npt.NDArray[np.int64], into: Columns) -> None:
        """Read the counters and limits of the memcgs at ``indices`` as [memcg, value]."""
        np.multiply(table.take(indices, 0).take(self._columns, 1), self._factors, out=into)


class CounterReader:
    """Reads all counters of a machine, under the names that its release has."""

    def __init__(self, machine: Machine) -> None:
        """Find the source of each counter. Raises LookupError: one has none."""
        absent, zram = machine.release.absent, machine.zram is not None
        self._machine = machine
        names = {group: tuple(shown(group, absent, zram=zram)) for group in COUNTERS}
        self._of_machine = MachineSources(machine, names)
        self._layout = Layout(names, machine.memcgs.nr_nodes, FILES)
        self._of_memcgs = MemcgSources(self._layout)

    def snapshot(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Snapshot:
        """Copy all counters as they are now, with their names; the arguments are those of ``numbers``."""
        return self.numbers(paths, label, time_ns, mismatches).snapshot()

    def numbers(self, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int) -> Numbers:
        """Copy all counters as they are now.

        ``paths`` has the path of each memcg by its index, None for one that was removed.
        """
        zram = self._machine.zram
        table = self._of_memcgs.table(self._machine)
        everywhere = dict(zip(NODE_NAMES, table[0].tolist(), strict=False))
        whole = Reading(self._machine, everywhere, mismatches, zram.counters() if zram else {})
        indices = np.array([index for index, path in enumerate(paths) if path is not None], np.int64)
        here = [path for path in paths if path is not None]
        numbers = Numbers.empty(self._layout, label, time_ns, self._params(), here, indices)
        self._of_machine.read(whole, numbers.machine)
        self._of_memcgs.read(table, indices, numbers.memcgs)
        return numbers

    def _params(self) -> dict[str, int | str]:
        """Return the module parameters in effect, those that choose the pool first."""
        zswap = self._machine.zswap
        pool = zswap.pools.current
        params: dict[str, int | str] = {"compressor": pool.compressor, "zpool": pool.zpool_type}
        for param in self._machine.release.params:
            if param not in params:
                params[param] = int(getattr(zswap, param))
        return params
