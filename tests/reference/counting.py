"""Every counter of the model, under the names by which the package prints them."""

from __future__ import annotations

from collections import Counter

from tests.reference.allocators import PAGE
from tests.reference.machine import Machine
from tests.reference.objects import Memcg

Groups = dict[str, dict[str, int]]

OF_RECLAIM = {
    "vmstat.pgsteal_anon",
    "vmstat.workingset_refault_anon",
    "vmstat.workingset_activate_anon",
    "memcg.pgsteal",
    "memcg.workingset_refault_anon",
    "memcg.workingset_activate_anon",
    "replay.oom",
    "replay.memcg.oom",
    "replay.mismatches",
}
"""Counters that only reclaim or a codec moves, and that are no part of the model."""


def machine_counters(machine: Machine) -> Groups:
    """The counters of the whole machine by group."""
    zswap, worker = machine.zswap, machine.worker
    counts = zswap.counts + machine.counts
    everywhere = machine_totals(machine.root)
    groups = {
        "zswap": {
            **{
                name: counts[name]
                for name in (
                    "pool_limit_hit",
                    "reject_reclaim_fail",
                    "reject_compress_fail",
                    "reject_compress_poor",
                    "written_back_pages",
                    "duplicate_entry",
                )
            },
            "reject_alloc_fail": 0,
            "reject_kmemcache_fail": 0,
            "decompress_fail": 0,
            "pool_total_size": zswap.pool_pages * PAGE,
            "stored_pages": len(zswap.entries),
            "stored_incompressible_pages": sum(entry.raw for entry in zswap.entries),
            "same_filled_pages": sum(entry.length == 0 for entry in zswap.entries),
        },
        "vmstat": {
            **{
                name: counts[name]
                for name in ("pswpin", "pswpout", "swpin_zero", "swpout_zero", "zswpin", "zswpout")
            },
            "zswpwb": counts["written_back_pages"],
            "pgmajfault": everywhere["pgmajfault"],
        },
        "replay": {
            **{
                name: counts[name]
                for name in (
                    "accesses",
                    "first_touches",
                    "clean_drops",
                    "memcg_limit_reject",
                    "pool_limit_reject",
                    "compress_reject",
                    "disabled_reject",
                    "memcg_shrinks",
                    "swap_full",
                )
            },
            "resident_pages": machine.root.resident,
            "compressed_bytes": sum(entry.length for entry in zswap.entries),
            "shrink_worker_runs": worker.runs,
            "shrink_worker_steps": worker.steps,
        },
    }
    return {group: _shown(machine, group, values) for group, values in groups.items()}


def machine_totals(memcg: Memcg) -> Counter[str]:
    """What was counted at a memcg and below, on all nodes."""
    total: Counter[str] = Counter()
    for by_node in memcg.by_node.values():
        total.update(by_node)
    return total


def memcg_counters(machine: Machine, memcg: Memcg) -> Groups:
    """The counters of one memcg by group."""
    total = machine_totals(memcg)
    memory = memcg.resident + -(-memcg.zswap_bytes // PAGE)
    files = {
        "memory.current": memory * PAGE,
        "memory.swap.current": memcg.swap * PAGE,
        "memory.zswap.current": memcg.zswap_bytes,
    }
    groups = {
        "memcg": {
            **(files if memcg.parent else {}),
            "zswap": memcg.zswap_bytes,
            "zswapped": memcg.zswapped * PAGE,
            "zswap_incomp": memcg.raw * PAGE,
            **{
                name: total[name]
                for name in ("pswpin", "pswpout", "zswpin", "zswpout", "zswpwb", "pgmajfault")
            },
        },
        "replay.memcg": {
            "resident_pages": memcg.resident,
            "stored_pages": memcg.zswapped,
            **{
                name: total[name]
                for name in (
                    "accesses",
                    "memcg_limit_reject",
                    "pool_limit_reject",
                    "compress_reject",
                    "written_back_pages",
                    "pswpin",
                    "pswpout",
                )
            },
        },
    }
    return {group: _shown(machine, group, values) for group, values in groups.items()}


def node_counters(memcg: Memcg, node: int) -> dict[str, int]:
    """The counters of one memcg on one node."""
    here = memcg.by_node.get(node, Counter())
    return {
        name: here[name]
        for name in (
            "accesses",
            "pgmajfault",
            "pswpin",
            "pswpout",
            "zswpin",
            "zswpout",
            "written_back_pages",
            "memcg_limit_reject",
            "pool_limit_reject",
            "compress_reject",
            "stored_pages",
            "compressed_bytes",
        )
    }


def _shown(machine: Machine, group: str, values: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in values.items() if f"{group}.{name}" not in machine.rules.absent}
