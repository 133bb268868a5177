"""The rules that differ between kernel releases: a release is a row of flags, and each flag is tested in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Release:
    """What one kernel does where kernels differ. The comments give the kernel function, and the change."""

    name: str
    summary: str

    lru_per_memcg: bool
    """One LRU per memcg and node, not one for all: zswap_lru_add(), "zswap: make shrinking memcg-aware"."""
    lru_per_pool: bool
    """Each pool has LRUs of its own; from 6.9 all share zswap_list_lru."""
    memcg_limit_shrinks: bool
    """zswap_store() shrinks a memcg at its limit and goes on; before, it refused."""
    second_chance: bool
    """shrink_memcg_cb() rotates a ``referenced`` entry once before it writes it back (6.12)."""
    pool_full_at_limit: bool
    """A pool of exactly its limit is full, and one of exactly the threshold accepts: zswap_check_limits() (6.10).
    Before: zswap_is_full() and zswap_can_accept(), each strict."""
    threshold_of_limit: bool
    """The threshold is a share of the limit in pages: zswap_accept_thr_pages(). Before, the percentages were
    applied to total RAM the other way round, which rounds otherwise."""
    memcg_refusal_queues_worker: bool
    """Any refusal while the pool is full queues the worker, one by the memcg limit included (6.9)."""
    worker: str
    """How shrink_worker() picks: ``lru`` the oldest entry of all; ``iter`` every memcg in turn, dead ones and the
    end of the tree too; ``online`` online memcgs, with a failure for the end of a round and a dead memcg;
    ``candidates`` online memcgs that have entries and may write back, the others free of charge (6.12)."""
    writeback_switch: str
    """memory.zswap.writeback: ``none``, ``own`` (the memcg's alone, copied from its parent at mkdir, 6.8) or
    ``hierarchy`` (every ancestor's too, 6.12)."""
    cursor_released_offline: bool
    """zswap_memcg_offline_cleanup() moves the cursor on from a memcg that goes offline (6.8)."""
    exclusive_loads: str
    """Whether a load frees the entry: ``knob`` (exclusive_loads, off by default) or ``always`` (6.9)."""
    slots_freed_in_batches: bool
    """A freed swap slot drops its entry only when 64 are given back: swapcache_free_entries(). From 6.9
    free_swap_slot() calls zswap_invalidate() itself."""
    zeromap: bool
    """Zero pages are noted in the swap map before zswap sees them: swap_writepage() (6.12). Before, zswap kept
    every same-filled page as an entry of length 0."""
    stores_incompressible: bool
    """A page that does not compress is stored as it is where writeback is allowed: zswap_compress() (6.18)."""
    counts_compress_fail: bool
    """reject_compress_fail exists (6.8)."""
    enospc_is_poor: bool
    """A compressor's -ENOSPC (842) counts as reject_compress_poor, not as reject_compress_fail (6.9)."""
    shrinker: str
    """What the dynamic shrinker (shrinker_enabled) spares: ``none``, there is no shrinker; ``protected size``, a number
    that grows with stores and swap-ins and decays (6.8); ``disk swapins``, as many entries as pages were read from
    the device (6.9 on), beside the second chance: zswap_shrinker_count()."""
    quarters_of_memory_reclaim: bool
    """memory.reclaim asks for a quarter of what is left at a time, not for 32 pages: memory_reclaim() (6.9)."""
    zpools: tuple[str, ...]
    """Allocators that we model and the release has."""
    params: tuple[str, ...]
    """Module parameters of the release."""
    absent: frozenset[str]
    """Counters of ours to show that this kernel does not have."""


_OLD_PARAMS = (
    "enabled",
    "compressor",
    "zpool",
    "max_pool_percent",
    "accept_threshold_percent",
    "exclusive_loads",
    "same_filled_pages_enabled",
    "non_same_filled_pages_enabled",
)
_NEW_PARAMS = (
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
    zeromap=False,
    stores_incompressible=False,
    counts_compress_fail=False,
    enospc_is_poor=False,
    shrinker="none",
    quarters_of_memory_reclaim=False,
    zpools=("zsmalloc", "zbud"),
    params=_OLD_PARAMS,
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
        }
    ),
)
_PATCH_V4 = replace(
    _V6_6,
    name="patch-v4",
    summary='6.6 with "zswap: make shrinking memcg-aware", version 4',
    lru_per_memcg=True,
    memcg_limit_shrinks=True,
    worker="iter",
)
_V6_8 = replace(
    _PATCH_V4,
    name="6.8",
    summary="the patch as it was merged: the worker keeps to online memcgs, writeback can be switched off",
    worker="online",
    shrinker="protected size",
    writeback_switch="own",
    cursor_released_offline=True,
    counts_compress_fail=True,
    params=(*_OLD_PARAMS, "shrinker_enabled"),
    absent=_V6_6.absent - {"reject_compress_fail", "zswpwb"},
)
_V6_12 = replace(
    _V6_8,
    name="6.12",
    summary="second chance, exclusive loads, one LRU for all pools, a worker that passes over empty memcgs",
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
    params=_NEW_PARAMS,
    absent=frozenset(
        {"decompress_fail", "stored_incompressible_pages", "same_filled_pages", "duplicate_entry"}
    ),
)
_V6_18 = replace(
    _V6_12,
    name="6.18",
    summary="as 6.12; pages that do not compress are stored as they are, zsmalloc alone is left",
    stores_incompressible=True,
    zpools=("zsmalloc",),
    params=tuple(param for param in _NEW_PARAMS if param != "zpool"),
    absent=frozenset({"same_filled_pages", "duplicate_entry"}),
)

RELEASES: dict[str, Release] = {
    release.name: release for release in (_V6_6, _PATCH_V4, _V6_8, _V6_12, _V6_18)
}
"""The releases by name, oldest first."""

DEFAULT_RELEASE = "patch-v4"
