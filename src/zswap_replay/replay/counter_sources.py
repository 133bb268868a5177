"""Where each counter is read: the sources of COUNTERS in a machine, and the snapshot that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.releases import Release
from zswap_replay.result.counters import COUNTERS, MACHINE, Group, shown
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Reading:
    """What counters of the whole machine are read from."""

    machine: Machine
    everywhere: Mapping[str, int]
    """Events of all memcgs, by name."""
    mismatches: int
    """Decompressed pages that were not what went in."""


@dataclass(frozen=True, slots=True)
class MemcgReading:
    """What counters of one memcg are read from, descendants included."""

    machine: Machine
    index: int
    events: Mapping[str, int]
    """By the names of memcontrol.EVENT_NAMES; of one NUMA node also what it has in zswap there."""


MachineSource = Callable[[Reading], int]
MemcgSource = Callable[[MemcgReading], int]

PARTS: Final = ("zswap", "zswap.pools", "zswap.worker", "page_io", "vmscan", "limits", "memory")
"""The parts of a machine that keep counters, in the order in which they are asked for one."""

MACHINE_SOURCES: Final[dict[Group, dict[str, MachineSource]]] = {
    "zswap": {
        "reject_alloc_fail": lambda _: 0,  # the machine has memory enough for these two
        "reject_kmemcache_fail": lambda _: 0,
        "decompress_fail": lambda now: now.mismatches,
        "pool_total_size": lambda now: now.machine.zswap.pools.total_pages * PAGE_SIZE,
    },
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

FILES: Final = ("memory.current", "memory.swap.current", "memory.zswap.current")
"""The counters of a memcg that are files of its own, which the root does not have."""

MEMCG_SOURCES: Final[dict[Group, dict[str, MemcgSource]]] = {
    "memcg": {
        "memory.current": lambda memcg: memcg.machine.memcgs.memory_usage(memcg.index) * PAGE_SIZE,
        "memory.swap.current": lambda memcg: memcg.machine.memcgs.swap[memcg.index] * PAGE_SIZE,
        "memory.zswap.current": lambda memcg: memcg.machine.memcgs.zswap_bytes[memcg.index],
        "zswap": lambda memcg: memcg.machine.memcgs.zswap_bytes[memcg.index],
        "zswapped": lambda memcg: memcg.machine.memcgs.zswapped[memcg.index] * PAGE_SIZE,
        "zswap_incomp": lambda memcg: memcg.machine.memcgs.zswap_incomp[memcg.index] * PAGE_SIZE,
    },
    "replay.memcg": {
        "resident_pages": lambda memcg: memcg.machine.memcgs.resident[memcg.index],
        "stored_pages": lambda memcg: memcg.machine.memcgs.zswapped[memcg.index],
    },
    "node": {},
}
"""By group and name, where a counter of a memcg is read that is no event of that name, of a node or of all nodes."""


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
    """Find where a counter of memcgs is read: in MEMCG_SOURCES, or as the event of the same name."""
    return MEMCG_SOURCES[group].get(name) or (lambda memcg: memcg.events[name])


def take_snapshot(
    machine: Machine, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int
) -> Snapshot:
    """Copy all counters of a machine as they are now, under the names that its release has.

    ``paths`` has the path of each memcg by its index, None for one that was removed.
    """
    release = machine.release
    totals = machine.memcgs.event_totals()
    whole = Reading(machine, totals[0], mismatches)
    values = {
        group: {name: machine_source(machine, group, name)(whole) for name in shown(group, release.absent)}
        for group in MACHINE
    }
    memcg: dict[str, dict[str, int]] = {}
    ours: dict[str, dict[str, int]] = {}
    limits: dict[str, dict[str, int]] = {}
    nodes: dict[str, tuple[dict[str, int], ...]] = {}
    by_node = machine.memcgs.node_totals()
    kernels = [(name, memcg_source("memcg", name)) for name in shown("memcg", release.absent)]
    of_root = [(name, source) for name, source in kernels if name not in FILES]
    others = _in_order("replay.memcg")
    of_node = _in_order("node")
    for index, path in enumerate(paths):
        if path is None:
            continue
        reading = MemcgReading(machine, index, totals[index])
        memcg[path] = {name: source(reading) for name, source in (kernels if index else of_root)}
        ours[path] = {name: source(reading) for name, source in others}
        if index:
            limits[path] = machine.memcgs.limits(index)
        on_nodes = (MemcgReading(machine, index, events) for events in by_node[index])
        nodes[path] = tuple({name: source(node) for name, source in of_node} for node in on_nodes)
    return Snapshot(
        label=label,
        time_ns=time_ns,
        zswap=values["zswap"],
        vmstat=values["vmstat"],
        memcg=memcg,
        replay=values["replay"],
        replay_memcg=ours,
        limits=limits,
        params=_params(machine, release),
        nodes=nodes,
    )


def _in_order(group: Group) -> list[tuple[str, MemcgSource]]:
    return [(name, memcg_source(group, name)) for name in COUNTERS[group]]


def _params(machine: Machine, release: Release) -> dict[str, int | str]:
    """Return the module parameters in effect, those that choose the pool first."""
    pool = machine.zswap.pools.current
    params: dict[str, int | str] = {"compressor": pool.compressor, "zpool": pool.zpool_type}
    for param in release.params:
        if param not in params:
            params[param] = int(getattr(machine.zswap, param))
    return params
