"""The rules that differ between kernel releases: a release is a row of flags, and each flag is tested in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any


def _rule(rule: str, source: str, *, read: tuple[str, ...] = ()) -> Any:
    """Make a flag: what it decides, where the kernel does, and the releases of which no recorded run shows it."""
    return field(metadata={"rule": rule, "source": source, "read": read})


def _proposed(rule: str, source: str, thread: str) -> Any:
    """Make a flag that no release has: a rule that was proposed, the functions that it changes, and where."""
    return field(default=False, metadata={"proposed": rule, "source": source, "thread": thread})


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one kernel does where kernels differ.

    Each flag names the rule, and the kernel's function or the change behind it. A rule was verified against a running
    kernel: recorded runs in tests/conformance come out otherwise when it is broken. Not so in releases that ``read``
    names: there it stands on reading, or on runs that are not kept here.
    """

    name: str
    summary: str
    recorded: str
    """The stable version, or what was made of it, that ran when the recorded runs were made."""

    lru_per_memcg: bool = _rule(
        "one LRU per memcg and node, not one for all",
        'zswap_lru_add(); "zswap: make shrinking memcg-aware"',
    )
    lru_per_pool: bool = _rule(
        "each pool has LRUs of its own; later all share one",
        "struct zswap_pool.list_lru; zswap_list_lru from 6.9 on",
        read=("6.12", "6.18", "7.1"),
    )
    memcg_limit_shrinks: bool = _rule(
        "a store at a memcg limit shrinks that memcg, and goes on if a page was written back",
        "zswap_store(), shrink_memcg()",
    )
    second_chance: bool = _rule(
        "an entry that is looked at for the first time is rotated, not written back",
        "shrink_memcg_cb(), zswap_entry.referenced",
    )
    pool_full_at_limit: bool = _rule(
        "a pool of exactly its limit is full, one of exactly the threshold accepts",
        "zswap_check_limits(); before, zswap_is_full() and zswap_can_accept(), both strict",
    )
    threshold_of_limit: bool = _rule(
        "the threshold is a share of the limit in pages; before, total RAM was multiplied the other way round",
        "zswap_accept_thr_pages(); before, zswap_can_accept()",
        read=("6.12", "7.1"),
    )
    memcg_refusal_queues_worker: bool = _rule(
        "any refusal while the pool is full queues the worker, one by a memcg limit too",
        "zswap_store(), label reject",
        read=("6.12", "6.18"),
    )
    worker: str = _rule(
        "how the worker picks. lru: the oldest entry of all. iter: every memcg in turn, dead ones and the end of the "
        "tree too. online: online memcgs, with a failure for a dead one and for the end of a round. candidates: "
        "online memcgs that have entries and may write back, the others free of charge",
        "shrink_worker(), shrink_memcg()",
    )
    writeback_switch: str = _rule(
        "memory.zswap.writeback. own: the memcg's alone, copied from its parent at mkdir. hierarchy: every ancestor's",
        "mem_cgroup_zswap_writeback_enabled()",
        read=("6.12",),
    )
    cursor_released_offline: bool = _rule(
        "the worker's cursor moves on from a memcg that goes offline; before, it kept it alive",
        "zswap_memcg_offline_cleanup()",
        read=("6.8", "6.12", "6.18", "7.1"),
    )
    exclusive_loads: str = _rule(
        "whether a load frees the entry. knob: exclusive_loads, off by default",
        "zswap_load()",
    )
    slots_freed_in_batches: bool = _rule(
        "a freed swap slot drops its entry only when 64 slots are given back",
        "free_swap_slot(), swapcache_free_entries(); zswap_invalidate() in the former from 6.9 on",
    )
    slots_cached: bool = _rule(
        "a freed swap slot, with its charge and its hold on a dead memcg, is given back only when 64 of them are; "
        "later at once",
        "free_swap_slot(), mm/swap_slots.c, which 6.15 removed",
        read=("6.12", "6.18", "7.1"),
    )
    rotating_slots: str = _rule(
        "which slot a device that rotates gives out next. runs: 256 one behind the other, then the first 256 that are "
        "free. free clusters: those of an aligned cluster, then of one that is free. used clusters: then of the one "
        "that was partly used first, if there is any",
        "scan_swap_map_slots(); from 6.14 on cluster_alloc_swap_entry(), struct swap_info_struct.global_cluster",
        read=("6.6", "patch-v4", "6.8", "6.12", "6.18", "7.1"),
    )
    zeromap: bool = _rule(
        "zero pages are noted in the swap map; before, zswap kept same-filled pages as entries of length 0",
        "swap_writepage(), swap_zeromap_folio_set()",
    )
    stores_incompressible: bool = _rule(
        "a page that does not compress is stored as it is, where writeback is allowed",
        "zswap_compress()",
    )
    resident_pages_reparented: bool = _rule(
        "a resident page of a memcg that is removed is its parent's at once: the parent's limits and switches are "
        "asked, and its next swap slot names the parent; before, it stayed the dead memcg's",
        "memcg_reparent_objcgs(), lru_reparent_memcg(), folio_memcg()",
        read=("6.6", "patch-v4", "6.8", "6.12", "6.18"),
    )
    root_has_objcg: bool = _rule(
        "the root's zswpin, zswpout and zswpwb count its own pages too, and what pages of a removed top memcg take in "
        "zswap is charged to it",
        "get_obj_cgroup_from_folio(), obj_cgroup_charge_zswap()",
        read=("6.6", "patch-v4", "6.8", "6.12", "6.18"),
    )
    cached_slots_kept: bool = _rule(
        "a read of a page in the swap cache leaves it its slot, on a synchronous device too; later any touch there "
        "gives the slot up",
        "do_swap_page(), should_try_to_free_swap()",
        read=("6.6", "patch-v4", "6.8", "6.12", "6.18"),
    )
    counts_compress_fail: bool = _rule("reject_compress_fail exists", "zswap_compress()")
    enospc_is_poor: bool = _rule(
        "a compressor's -ENOSPC (842) is reject_compress_poor, not reject_compress_fail",
        "zswap_compress()",
        read=("6.18", "7.1"),
    )
    shrinker: str = _rule(
        "what shrinker_enabled spares. protected size: a number that grows with stores and swap-ins, and decays. "
        "disk swapins: as many entries as pages were read from the device",
        "zswap_shrinker_count(), zswap_shrinker_scan(), zswap_folio_swapin()",
        read=("6.8", "6.18", "7.1"),
    )
    quarters_of_memory_reclaim: bool = _rule(
        "memory.reclaim asks for a quarter of what is left at a time, not for 32 pages",
        "memory_reclaim()",
        read=("6.6", "patch-v4", "6.8", "6.12", "6.18", "7.1"),
    )
    zstd: str = _rule(
        "zstd of the kernel, and how it asks. 1.5.6: with the parameters for an unknown size (1.5.2 to 1.5.6 give the "
        "same lengths). 1.5.7: with those for a page",
        "zstd_compress(), crypto/zstd.c; lib/zstd",
        read=("6.18",),
    )
    batch_writeback: bool = _proposed(
        "the worker looks at up to 64 entries of a memcg a visit, each once, not at one a node; a store at a memcg "
        "limit at as many as there are nodes",
        "shrink_worker(), shrink_memcg()",
        "https://lkml.iu.edu/hypermail/linux/kernel/2606.3/08400.html",
    )
    proactive_writeback: bool = _proposed(
        "memory.reclaim takes source=zswap: entries of the memcg's subtree are written back, in turn and up to 64 a "
        "visit, until so many compressed bytes went",
        "user_proactive_reclaim(), zswap_proactive_writeback()",
        "https://lkml.iu.edu/hypermail/linux/kernel/2606.3/10085.html",
    )
    cursor_per_memcg: bool = _proposed(
        "source=zswap goes on below a memcg where it ended there before, not with that memcg itself; the root's cursor "
        "is the worker's",
        "struct zswap_wb_iter, zswap_mem_cgroup_iter()",
        "https://lkml.iu.edu/2605.3/01460.html",
    )
    zpools: tuple[str, ...] = _rule("allocators of the release that are modelled", "zpool_register_driver()")
    params: tuple[str, ...] = field(metadata={})
    """Module parameters of the release."""
    reclaim_keys: tuple[str, ...] = field(metadata={})
    """Keys of RECLAIM_KEYS that memory.reclaim takes behind the bytes."""
    absent: frozenset[str] = field(metadata={})
    """Counters of ours to show that this kernel does not have."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that differs between releases, for people."""

    name: str
    rule: str
    source: str
    read: tuple[str, ...]


RULES = tuple(
    Rule(flag.name, flag.metadata["rule"], flag.metadata["source"], flag.metadata["read"])
    for flag in fields(Release)
    if "rule" in flag.metadata
)
"""The rules, in the order of ``Release``."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that is under discussion and that no release has, for people."""

    name: str
    rule: str
    source: str
    thread: str
    """The address of the message that proposes it."""


PROPOSALS = tuple(
    Proposal(flag.name, flag.metadata["proposed"], flag.metadata["source"], flag.metadata["thread"])
    for flag in fields(Release)
    if "proposed" in flag.metadata
)
"""The proposed rules that can be switched on."""


RECLAIM_KEYS = {"swappiness": "6.11", "swappiness=max": "6.16"}
"""What memory.reclaim takes behind the bytes, and the release that it came with: memory_reclaim(), mm/memcontrol.c."""

PROACTIVE_BYTES = "zswpwb_proactive_b"
"""The counter that comes with ``proactive_writeback``: no release has it."""

OLD_PARAMS = (
    "enabled",
    "compressor",
    "zpool",
    "max_pool_percent",
    "accept_threshold_percent",
    "exclusive_loads",
    "same_filled_pages_enabled",
    "non_same_filled_pages_enabled",
)
NEW_PARAMS = (
    "enabled",
    "compressor",
    "zpool",
    "max_pool_percent",
    "accept_threshold_percent",
    "shrinker_enabled",
)

_V6_6 = Release(
    name="6.6",
    summary="one global LRU; a store at a memcg limit is refused",
    recorded="6.6.63",
    lru_per_memcg=False,
    lru_per_pool=True,
    memcg_limit_shrinks=False,
    second_chance=False,
    pool_full_at_limit=False,
    threshold_of_limit=False,
    memcg_refusal_queues_worker=False,
    worker="lru",
    writeback_switch="none",
    cursor_released_offline=False,
    exclusive_loads="knob",
    slots_freed_in_batches=True,
    slots_cached=True,
    rotating_slots="runs",
    zeromap=False,
    stores_incompressible=False,
    resident_pages_reparented=False,
    root_has_objcg=False,
    cached_slots_kept=True,
    counts_compress_fail=False,
    enospc_is_poor=False,
    shrinker="none",
    quarters_of_memory_reclaim=False,
    zstd="1.5.6",
    zpools=("zsmalloc", "zbud", "z3fold"),
    params=OLD_PARAMS,
    reclaim_keys=(),
    absent=frozenset(
        {
            "reject_compress_fail",
            "decompress_fail",
            "stored_incompressible_pages",
            "swpin_zero",
            "swpout_zero",
            "zswpwb",
            "memcg.pswpin",
            "memcg.pswpout",
            "zswap_incomp",
            PROACTIVE_BYTES,
        }
    ),
)
_PATCH_V4 = replace(
    _V6_6,
    name="patch-v4",
    summary='6.6 with "zswap: make shrinking memcg-aware", version 4',
    recorded="6.6.63 with the patch",
    lru_per_memcg=True,
    memcg_limit_shrinks=True,
    worker="iter",
)
_V6_8 = replace(
    _PATCH_V4,
    name="6.8",
    summary="the patch as it was merged: the worker keeps to online memcgs, writeback can be switched off",
    recorded="6.8.0",
    worker="online",
    shrinker="protected size",
    writeback_switch="own",
    cursor_released_offline=True,
    counts_compress_fail=True,
    params=(*OLD_PARAMS, "shrinker_enabled"),
    absent=_V6_6.absent - {"reject_compress_fail", "zswpwb"},
)
_V6_12 = replace(
    _V6_8,
    name="6.12",
    summary="second chance, exclusive loads, one LRU for all pools, a worker that passes over empty memcgs",
    recorded="6.12.117",
    lru_per_pool=False,
    second_chance=True,
    pool_full_at_limit=True,
    threshold_of_limit=True,
    memcg_refusal_queues_worker=True,
    worker="candidates",
    writeback_switch="hierarchy",
    exclusive_loads="always",
    slots_freed_in_batches=False,
    zeromap=True,
    enospc_is_poor=True,
    shrinker="disk swapins",
    quarters_of_memory_reclaim=True,
    params=NEW_PARAMS,
    reclaim_keys=("swappiness",),
    absent=frozenset(
        {
            "decompress_fail",
            "stored_incompressible_pages",
            "zswap_incomp",
            PROACTIVE_BYTES,
            "same_filled_pages",
            "duplicate_entry",
        }
    ),
)
_V6_18 = replace(
    _V6_12,
    name="6.18",
    summary="as 6.12; incompressible pages are stored as they are, by zsmalloc alone",
    recorded="6.18.2",
    slots_cached=False,
    rotating_slots="used clusters",
    stores_incompressible=True,
    zstd="1.5.7",
    zpools=("zsmalloc",),
    params=tuple(param for param in NEW_PARAMS if param != "zpool"),
    reclaim_keys=("swappiness", "swappiness=max"),
    absent=frozenset({"same_filled_pages", "duplicate_entry", "zswap_incomp", PROACTIVE_BYTES}),
)
_V7_1 = replace(
    _V6_18,
    name="7.1",
    summary="as 6.18; pages of a removed memcg are its parent's at once, a touch of a RAM disk's page frees its slot",
    recorded="7.1.5",
    resident_pages_reparented=True,
    root_has_objcg=True,
    cached_slots_kept=False,
    absent=frozenset({"same_filled_pages", "duplicate_entry", PROACTIVE_BYTES}),
)

RELEASES: dict[str, Release] = {
    release.name: release for release in (_V6_6, _PATCH_V4, _V6_8, _V6_12, _V6_18, _V7_1)
}
"""The releases by name, oldest first."""

DEFAULT_RELEASE = "patch-v4"
