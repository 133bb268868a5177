"""Copies the counters out of a machine, under the names that its release has."""

from __future__ import annotations

from collections.abc import Sequence

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.releases import Release
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE


def take_snapshot(
    machine: Machine, paths: Sequence[str | None], label: str, time_ns: int, mismatches: int
) -> Snapshot:
    """All counters of a machine now; ``paths`` has the path of each memcg, None for one that was removed."""
    params: dict[str, int | str] = {
        "compressor": machine.zswap.pools.current.compressor,
        "zpool": machine.zswap.pools.current.zpool_type,
    }
    for param in machine.release.params:
        if param not in params:
            params[param] = int(getattr(machine.zswap, param))
    zswap, pools, page_io, memory, vmscan, memcgs = (
        machine.zswap,
        machine.zswap.pools,
        machine.page_io,
        machine.memory,
        machine.vmscan,
        machine.memcgs,
    )
    totals = memcgs.event_totals()
    everywhere = totals[0]
    values: dict[Group, dict[str, int]] = {
        "zswap": {
            "pool_limit_hit": pools.pool_limit_hit,
            "reject_reclaim_fail": zswap.reject_reclaim_fail,
            "reject_alloc_fail": 0,
            "reject_kmemcache_fail": 0,
            "reject_compress_fail": zswap.reject_compress_fail,
            "reject_compress_poor": zswap.reject_compress_poor,
            "decompress_fail": mismatches,
            "written_back_pages": zswap.written_back_pages,
            "duplicate_entry": zswap.duplicate_entry,
            "pool_total_size": pools.total_pages * PAGE_SIZE,
            "stored_pages": zswap.stored_pages,
            "stored_incompressible_pages": zswap.stored_incompressible_pages,
            "same_filled_pages": zswap.same_filled_pages,
        },
        "vmstat": {
            "pswpin": page_io.pswpin,
            "pswpout": page_io.pswpout + zswap.pswpout_writeback,
            "swpin_zero": page_io.swpin_zero,
            "swpout_zero": page_io.swpout_zero,
            "zswpin": zswap.zswpin,
            "zswpout": zswap.zswpout,
            "zswpwb": zswap.written_back_pages,
            "pgmajfault": everywhere["pgmajfault"],
            "pgsteal_anon": everywhere["pgsteal"],
            "workingset_refault_anon": everywhere["workingset_refault_anon"],
            "workingset_activate_anon": everywhere["workingset_activate_anon"],
        },
        "replay": {
            "accesses": everywhere["accesses"],
            "first_touches": memory.first_touches,
            "resident_pages": memcgs.resident[0],
            "compressed_bytes": zswap.compressed_bytes,
            "clean_drops": vmscan.clean_drops,
            "memcg_limit_reject": zswap.memcg_limit_reject,
            "pool_limit_reject": zswap.pool_limit_reject,
            "compress_reject": zswap.compress_reject,
            "disabled_reject": zswap.disabled_reject,
            "memcg_shrinks": zswap.memcg_shrinks,
            "shrink_worker_runs": zswap.worker.shrink_worker_runs,
            "shrink_worker_steps": zswap.worker.shrink_worker_steps,
            "swap_full": vmscan.swap_full,
            "oom": machine.limits.oom,
            "mismatches": mismatches,
        },
    }
    memcg: dict[str, dict[str, int]] = {}
    ours: dict[str, dict[str, int]] = {}
    limits: dict[str, dict[str, int]] = {}
    nodes: dict[str, tuple[dict[str, int], ...]] = {}
    by_node = memcgs.node_totals()
    for index, path in enumerate(paths):
        if path is None:
            continue
        files = {}
        if index:  # the root has no files of this kind
            files = {
                "memory.current": memcgs.memory_usage(index) * PAGE_SIZE,
                "memory.swap.current": memcgs.swap[index] * PAGE_SIZE,
                "memory.zswap.current": memcgs.zswap_bytes[index],
            }
            limits[path] = memcgs.limits(index)
        lines = {"zswap": memcgs.zswap_bytes[index], "zswapped": memcgs.zswapped[index] * PAGE_SIZE}
        memcg[path] = _shown("memcg", files | lines | totals[index], machine.release)
        gauges = {"resident_pages": memcgs.resident[index], "stored_pages": memcgs.zswapped[index]}
        ours[path] = {name: (gauges | totals[index])[name] for name in COUNTERS["replay.memcg"]}
        nodes[path] = tuple({name: node[name] for name in COUNTERS["node"]} for node in by_node[index])
    return Snapshot(
        label=label,
        time_ns=time_ns,
        zswap=_shown("zswap", values["zswap"], machine.release),
        vmstat=_shown("vmstat", values["vmstat"], machine.release),
        memcg=memcg,
        replay={name: values["replay"][name] for name in COUNTERS["replay"]},
        replay_memcg=ours,
        limits=limits,
        params=params,
        nodes=nodes,
    )


def _shown(group: Group, values: dict[str, int], release: Release) -> dict[str, int]:
    """The counters of a group that the release has, in the group's order."""
    return {
        name: values[name]
        for name in COUNTERS[group]
        if name in values and name not in release.absent and f"{group}.{name}" not in release.absent
    }
