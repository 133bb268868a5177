"""What differs between kernels: a column of the table of releases for each."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Rules:
    """One kernel, by what it does where kernels differ."""

    lru: str
    """pool: one list for each pool. memcg: each pool has one per memcg and node. shared: the same, for all pools."""
    sync_shrink: bool
    """A store at a memcg limit shrinks its memcg by one entry a node, and goes on if one was written back."""
    second_chance: bool
    at_limit_is_full: bool
    """Full at the limit itself and open at the threshold itself; before, past the one and below the other."""
    threshold_from_limit: bool
    any_refusal_wakes: bool
    """While the pool is full any refused store wakes the worker, not only one that the pool's limit refused."""
    worker: str
    """oldest, every, online or candidates: see worker.py."""
    switch: str
    """memory.zswap.writeback: none, own (copied at mkdir) or ancestors."""
    cursor_moves_on: bool
    exclusive: bool
    """Loads always free the entry; otherwise the parameter exclusive_loads decides."""
    entries_wait_for_slots: bool
    """The entry of a freed slot stays until 64 slots are given back."""
    charges_wait_for_slots: bool
    """So does the slot's charge, and its claim on a dead memcg."""
    zero_map: bool
    """Zero pages go into the zero map; otherwise same-filled pages are entries of length 0."""
    stores_raw: bool
    pages_follow_objcg: bool
    """A page of a dead memcg is its parent's at once; root's own pages are counted as those of other memcgs."""
    picks_allocator: bool
    """The parameter zpool exists; later zsmalloc is the only one."""
    sync_device_uses_cache: bool
    """A synchronous device goes through the swap cache, and any touch gives its slot back."""
    absent: frozenset[str]
    """Counters that this kernel does not show, as GROUP.NAME."""


_OLD = Rules(
    lru="pool",
    sync_shrink=False,
    second_chance=False,
    at_limit_is_full=False,
    threshold_from_limit=False,
    any_refusal_wakes=False,
    worker="oldest",
    switch="none",
    cursor_moves_on=False,
    exclusive=False,
    entries_wait_for_slots=True,
    charges_wait_for_slots=True,
    zero_map=False,
    stores_raw=False,
    pages_follow_objcg=False,
    picks_allocator=True,
    sync_device_uses_cache=False,
    absent=frozenset(
        {
            "zswap.reject_compress_fail",
            "zswap.decompress_fail",
            "zswap.stored_incompressible_pages",
            "vmstat.swpin_zero",
            "vmstat.swpout_zero",
            "vmstat.zswpwb",
            "memcg.zswap_incomp",
            "memcg.zswpwb",
            "memcg.pswpin",
            "memcg.pswpout",
        }
    ),
)
_V4 = replace(_OLD, lru="memcg", sync_shrink=True, worker="every")
_V6_8 = replace(
    _V4,
    worker="online",
    switch="own",
    cursor_moves_on=True,
    absent=_OLD.absent - {"zswap.reject_compress_fail", "vmstat.zswpwb", "memcg.zswpwb"},
)
_V6_12 = replace(
    _V6_8,
    lru="shared",
    second_chance=True,
    at_limit_is_full=True,
    threshold_from_limit=True,
    any_refusal_wakes=True,
    worker="candidates",
    switch="ancestors",
    exclusive=True,
    entries_wait_for_slots=False,
    zero_map=True,
    absent=frozenset(
        {
            "zswap.decompress_fail",
            "zswap.stored_incompressible_pages",
            "zswap.same_filled_pages",
            "zswap.duplicate_entry",
            "memcg.zswap_incomp",
        }
    ),
)
_V6_18 = replace(
    _V6_12,
    charges_wait_for_slots=False,
    stores_raw=True,
    picks_allocator=False,
    absent=frozenset({"zswap.same_filled_pages", "zswap.duplicate_entry", "memcg.zswap_incomp"}),
)
_V7_1 = replace(
    _V6_18,
    pages_follow_objcg=True,
    sync_device_uses_cache=True,
    absent=_V6_18.absent - {"memcg.zswap_incomp"},
)

RULES = {"6.6": _OLD, "patch-v4": _V4, "6.8": _V6_8, "6.12": _V6_12, "6.18": _V6_18, "7.1": _V7_1}
"""The kernels by name. A kernel more is a row more; what is new in it is a flag more."""
