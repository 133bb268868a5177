"""Every counter that a replay shows: its name, where the kernel shows it, its unit and when it rises.

The kernel's counters carry the kernel's names, and a release has those that its kernel has; a counter that a
release lacks is absent, not 0. Ours are kept apart, in the group ``replay``.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Literal

Group = Literal["zswap", "zram", "meminfo", "vmstat", "memcg", "replay", "replay.memcg", "node"]
Kind = Literal["counter", "gauge"]
Better = Literal["lower", "higher"]

MACHINE: Final[tuple[Group, ...]] = ("zswap", "zram", "meminfo", "vmstat", "replay")
"""The groups that count the whole machine."""
OF_ZRAM: Final[tuple[Group, ...]] = ("zram", "meminfo")
"""Of those, the ones that there are where the swap device is a zram device."""
KERNELS: Final[tuple[Group, ...]] = ("zswap", "zram", "meminfo", "vmstat", "memcg")
"""The groups that kernels show, each what its release has; the others are ours."""
PER_MEMCG: Final[tuple[Group, ...]] = ("memcg", "replay.memcg")
"""The groups that count a memcg with its descendants, on all nodes together."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter: ``name`` as the kernel spells it, its ``unit`` and what makes it rise."""

    name: str
    unit: str
    meaning: str
    kind: Kind = "counter"
    better: Better | None = None
    """Which way is better, whatever the settings; None where that depends on them."""
    weight: int | None = None
    """Its place among the counters that stand first in a memcg's section of a comparison, 1 the first."""


def _lower(name: str, unit: str, meaning: str, weight: int | None = None) -> Counter:
    """Make a counter of which fewer are better: writebacks, what the swap device has to do, rejects, faults."""
    return Counter(name, unit, meaning, better="lower", weight=weight)


def _table(*counters: Counter) -> dict[str, Counter]:
    return {counter.name: counter for counter in counters}


COUNTERS: dict[Group, dict[str, Counter]] = {
    # /sys/kernel/debug/zswap, in the order of mm/zswap.c
    "zswap": _table(
        Counter("pool_limit_hit", "stores", "the pool was at or over its limit when a store tested it"),
        Counter("reject_reclaim_fail", "writebacks", "an entry could not be written back"),
        _lower("reject_alloc_fail", "stores", "the allocator had no memory for the compressed page"),
        _lower("reject_kmemcache_fail", "stores", "no memory for the entry itself"),
        _lower(
            "reject_compress_fail", "stores", "the compressor failed, or the page does not fit 4096 bytes"
        ),
        _lower("reject_compress_poor", "stores", "the allocator takes no object of that length"),
        _lower("decompress_fail", "loads", "a stored page could not be decompressed"),
        _lower("written_back_pages", "pages", "an entry was written back to the swap device"),
        Counter("duplicate_entry", "stores", "a store found an older copy of its swap slot"),
        Counter("pool_total_size", "bytes", "pages that the pools hold", "gauge"),
        Counter("stored_pages", "pages", "entries in zswap", "gauge"),
        Counter("stored_incompressible_pages", "pages", "entries stored as they are", "gauge"),
        Counter(
            "same_filled_pages", "pages", "entries that are one repeated word, held without memory", "gauge"
        ),
    ),
    # /sys/block/zram0: mm_stat, io_stat and bd_stat, by the names of Documentation/admin-guide/blockdev/zram.rst
    "zram": _table(
        Counter("orig_data_size", "bytes", "pages stored, in RAM or on the backing device", "gauge"),
        Counter("compr_data_size", "bytes", "what they are compressed to in RAM, raw pages as 4096", "gauge"),
        Counter("mem_used_total", "bytes", "pages that the pool holds, charged to nobody", "gauge"),
        Counter("mem_limit", "bytes", "limit of the pool, 0 for none", "gauge"),
        Counter("mem_used_max", "bytes", "the most that the pool held, as a store found it", "gauge"),
        Counter(
            "same_pages", "pages", "pages stored that are one repeated word, held without memory", "gauge"
        ),
        Counter("pages_compacted", "pages", "compaction gave a page of the pool back"),
        Counter("huge_pages", "pages", "pages stored as they are", "gauge"),
        Counter("huge_pages_since", "pages", "a page was stored as it is"),
        _lower("failed_reads", "pages", "a read failed"),
        _lower("failed_writes", "pages", "a write was refused at mem_limit"),
        Counter("invalid_io", "calls", "a request was not of whole pages"),
        Counter("notify_free", "pages", "the swap slot of a page was given back or discarded"),
        Counter("bd_count", "pages", "pages on the backing device", "gauge"),
        _lower("bd_reads", "pages", "a page was read from the backing device"),
        _lower("bd_writes", "pages", "a page was written to the backing device"),
        Counter(
            "writeback_limit", "pages", "pages that may be written back still, where that is limited", "gauge"
        ),
    ),
    # /proc/meminfo
    "meminfo": _table(
        Counter(
            "SwapFree", "kilobytes", "swap slots that are neither in use nor in a cache of slots", "gauge"
        ),
    ),
    # /proc/vmstat
    "vmstat": _table(
        _lower("pswpin", "pages", "a page was read from the swap device"),
        _lower("pswpout", "pages", "a page was written to the swap device, by reclaim or by writeback"),
        Counter("swpin_zero", "pages", "a zero page came back without any read"),
        Counter("swpout_zero", "pages", "a zero page was noted in the swap map and written nowhere"),
        Counter("zswpin", "pages", "a page was loaded from zswap"),
        Counter("zswpout", "pages", "a page was stored in zswap"),
        _lower("zswpwb", "pages", "an entry was written back from zswap to the swap device"),
        _lower("pgmajfault", "pages", "an access found its page out, and zswap or the swap device served it"),
        Counter(
            "pgsteal_anon", "pages", "reclaim freed the memory of a page, or of a copy in the swap cache"
        ),
        Counter("workingset_refault_anon", "pages", "a page came back that reclaim had evicted"),
        Counter("workingset_activate_anon", "pages", "one came back so soon that it starts out active"),
    ),
    # memory.current, memory.zswap.current, memory.swap.current; the rest are lines of memory.stat. All of them
    # count a memcg with its descendants
    "memcg": _table(
        Counter("memory.current", "bytes", "resident pages and compressed bytes charged", "gauge"),
        Counter("memory.swap.current", "bytes", "swap slots charged", "gauge"),
        Counter("memory.zswap.current", "bytes", "compressed bytes charged", "gauge"),
        Counter("zswap", "bytes", "compressed bytes charged", "gauge"),
        Counter("zswapped", "bytes", "what the entries are when they are not compressed", "gauge"),
        Counter("zswap_incomp", "bytes", "entries stored as they are, charged", "gauge"),
        _lower("pswpin", "pages", "a page was read from the swap device", weight=3),
        _lower("pswpout", "pages", "a page was written to the swap device"),
        Counter("zswpin", "pages", "a page was loaded from zswap"),
        Counter("zswpout", "pages", "a page was stored in zswap"),
        _lower("zswpwb", "pages", "an entry was written back", weight=1),
        Counter(
            "zswpwb_proactive_b",
            "bytes",
            "an entry was written back for source=zswap in memory.reclaim, a proposal",
        ),
        _lower("pgmajfault", "pages", "an access found its page out"),
        Counter("pgsteal", "pages", "reclaim freed the memory of a page"),
        Counter("workingset_refault_anon", "pages", "a page came back that reclaim had evicted"),
        Counter("workingset_activate_anon", "pages", "one came back so soon that it starts out active"),
        _lower("swap.events.max", "pages", "a swap slot was refused at memory.swap.max"),
        _lower("swap.events.fail", "pages", "a page got no swap slot, there or as the device had none"),
        Counter("swapcached", "bytes", "pages in the swap cache, mapped or not", "gauge"),
    ),
    # what no kernel shows
    "replay": _table(
        Counter("accesses", "pages", "a page was read or written"),
        Counter("first_touches", "pages", "an access was the first of its page"),
        Counter("resident_pages", "pages", "pages in memory, copies in the swap cache included", "gauge"),
        Counter("compressed_bytes", "bytes", "sum of the lengths of the entries", "gauge"),
        Counter("clean_drops", "pages", "reclaim dropped a page whose copy outside was still good"),
        _lower("memcg_limit_reject", "stores", "refused at a memcg's memory.zswap.max"),
        _lower("pool_limit_reject", "stores", "refused while the pool was full"),
        _lower("compress_reject", "stores", "refused for its length, by the compressor or the allocator"),
        Counter("disabled_reject", "stores", "passed by while zswap was disabled"),
        Counter("memcg_shrinks", "calls", "a memcg was shrunk synchronously, for a store at its limit"),
        Counter("shrink_worker_runs", "runs", "the asynchronous worker was woken and ran"),
        Counter("shrink_worker_steps", "steps", "the worker looked at one memcg"),
        Counter("swap_full", "pages", "reclaim kept a page because memory.swap.max was reached"),
        _lower("oom", "pages", "a page was charged over memory.max since nothing more could be reclaimed"),
        _lower("mismatches", "pages", "a decompressed page was not what went in"),
    ),
    # the same kind for each memcg, with its descendants
    "replay.memcg": _table(
        Counter("accesses", "pages", "a page was read or written"),
        Counter("resident_pages", "pages", "pages in memory, charged", "gauge"),
        Counter("stored_pages", "pages", "entries in zswap, charged", "gauge"),
        _lower(
            "memcg_limit_reject", "stores", "refused at the limit of this memcg or of an ancestor", weight=4
        ),
        _lower("pool_limit_reject", "stores", "refused while the pool was full", weight=5),
        _lower("compress_reject", "stores", "refused for its length", weight=6),
        _lower("written_back_pages", "pages", "an entry was written back", weight=2),
        _lower("pswpin", "pages", "a page was read from the swap device", weight=3),
        _lower("pswpout", "pages", "a page was written to the swap device"),
        _lower("oom", "pages", "a page was charged over memory.max"),
    ),
    # for each memcg, with its descendants, and each NUMA node: the node is that of the page
    "node": _table(
        Counter("accesses", "pages", "a page was read or written"),
        _lower("pgmajfault", "pages", "an access found its page out"),
        _lower("pswpin", "pages", "a page was read from the swap device"),
        _lower("pswpout", "pages", "a page was written to the swap device"),
        Counter("zswpin", "pages", "a page was loaded from zswap"),
        Counter("zswpout", "pages", "a page was stored in zswap"),
        _lower("written_back_pages", "pages", "an entry was written back"),
        _lower("memcg_limit_reject", "stores", "refused at the limit of this memcg or of an ancestor"),
        _lower("pool_limit_reject", "stores", "refused while the pool was full"),
        _lower("compress_reject", "stores", "refused for its length"),
        Counter("stored_pages", "pages", "entries in zswap, charged", "gauge"),
        Counter("compressed_bytes", "bytes", "compressed bytes charged", "gauge"),
    ),
}
"""Counters by group, in the order in which they are printed."""


WITHOUT_ZRAM: Final = frozenset({"swap.events.max", "swap.events.fail", "swapcached"})
"""Counters of a memcg that are shown where the swap device is a zram device alone."""


def shown(group: Group, absent: Set[str], *, zram: bool = False) -> tuple[str, ...]:
    """List the counters of a group that a release shows, in their order.

    ``absent`` names those that its kernel lacks, ``zswpwb`` in all groups of the kernel's or ``vmstat.zswpwb`` in one.
    What no kernel shows, every release has. Without ``zram`` those are left out that a zram device has.
    """
    if not zram and group in OF_ZRAM:
        return ()
    if not zram:
        absent = absent | WITHOUT_ZRAM
    if group not in KERNELS:
        return tuple(COUNTERS[group])
    return tuple(name for name in COUNTERS[group] if absent.isdisjoint((name, f"{group}.{name}")))
