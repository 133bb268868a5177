"""What changed from one kernel release to the next, rule by rule: the releases between those that were recorded.

The recorded releases stand in ``mm.releases``. A release between two of them has the rules of the older one and the
changes that came up to it. All changes between two recorded releases, one after the other, make the newer of them:
tests hold the two tables against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from zswap_replay.mm import rules
from zswap_replay.mm.releases import NEW_PARAMS, OLD_PARAMS, RELEASES, Release

Version = tuple[int, int]
"""Major and minor number of a release of Linus Torvalds: 6.12 is (6, 12)."""


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that a release changed."""

    since: str
    """The first release with it."""
    flag: str
    """The field of ``Release``."""
    value: object
    what: str
    """What changed, for people."""
    source: str
    """The kernel's function or file."""
    read: bool
    """Whether sources from before and after the change were read.

    Else that the rule changed is known from the recorded releases around it, and the release in which it did from the
    date of the change alone.
    """


_ABSENT_6_7: Final = RELEASES["6.6"].absent - {"reject_compress_fail"}
_ABSENT_6_9: Final = RELEASES["6.8"].absent | {"duplicate_entry"}
_ABSENT_6_12: Final = RELEASES["6.12"].absent
_PARAMS_6_9: Final = (*(param for param in OLD_PARAMS if param != "exclusive_loads"), "shrinker_enabled")

CHANGES: Final = (
    Change("6.7", "counts_compress_fail", True, "reject_compress_fail exists", "zswap_store()", read=False),
    Change("6.7", "absent", _ABSENT_6_7, "the file reject_compress_fail", "zswap_debugfs_init()", read=False),
    Change("6.8", "lru_per_memcg", True, "one LRU per memcg and node", "zswap_lru_add()", read=True),
    Change(
        "6.8",
        "memcg_limit_shrinks",
        True,
        "a store at a memcg limit shrinks that memcg",
        "zswap_store(), shrink_memcg()",
        read=True,
    ),
    Change("6.8", "worker", "online", "the worker takes online memcgs in turn", "shrink_worker()", read=True),
    Change(
        "6.8",
        "cursor_released_offline",
        True,
        "the worker's cursor moves on from a memcg that goes offline",
        "zswap_memcg_offline_cleanup()",
        read=True,
    ),
    Change(
        "6.8",
        "writeback_switch",
        "own",
        "memory.zswap.writeback exists",
        "mem_cgroup_zswap_writeback_enabled()",
        read=True,
    ),
    Change(
        "6.8", "shrinker", "protected size", "shrinker_enabled exists", "zswap_shrinker_count()", read=True
    ),
    Change(
        "6.8",
        "params",
        (*OLD_PARAMS, "shrinker_enabled"),
        "the parameter shrinker_enabled",
        "mm/zswap.c",
        read=True,
    ),
    Change(
        "6.8", "absent", RELEASES["6.8"].absent, "zswpwb in memory.stat", "zswap_writeback_entry()", read=True
    ),
    Change("6.9", "lru_per_pool", False, "all pools share one LRU", "zswap_list_lru", read=True),
    Change(
        "6.9",
        "exclusive_loads",
        "always",
        "a load frees the entry, always",
        "zswap_load()",
        read=True,
    ),
    Change(
        "6.9",
        "slots_freed_in_batches",
        False,
        "a freed swap slot drops its entry at once",
        "free_swap_slot()",
        read=True,
    ),
    Change(
        "6.9",
        "enospc_is_poor",
        True,
        "a compressor's -ENOSPC (842) is reject_compress_poor",
        "zswap_compress()",
        read=True,
    ),
    Change(
        "6.9",
        "quarters_of_memory_reclaim",
        True,
        "memory.reclaim asks for a quarter of what is left at a time",
        "memory_reclaim()",
        read=True,
    ),
    Change("6.9", "params", _PARAMS_6_9, "the parameter exclusive_loads is gone", "mm/zswap.c", read=True),
    Change(
        "6.9", "absent", _ABSENT_6_9, "the file duplicate_entry is gone", "zswap_debugfs_init()", read=True
    ),
    Change(
        "6.10",
        "pool_full_at_limit",
        True,
        "a pool of exactly its limit is full, one of exactly the threshold accepts",
        "zswap_check_limits()",
        read=True,
    ),
    Change(
        "6.10",
        "threshold_of_limit",
        True,
        "the threshold is a share of the limit in pages",
        "zswap_accept_thr_pages()",
        read=True,
    ),
    Change(
        "6.10",
        "memcg_refusal_queues_worker",
        True,
        "any refusal while the pool is full queues the worker",
        "zswap_store()",
        read=True,
    ),
    Change(
        "6.10",
        "params",
        NEW_PARAMS,
        "the parameters same_filled_pages_enabled and non_same_filled_pages_enabled are gone",
        "mm/zswap.c",
        read=True,
    ),
    Change(
        "6.11",
        "writeback_switch",
        "hierarchy",
        "memory.zswap.writeback of every ancestor counts",
        "mem_cgroup_zswap_writeback_enabled()",
        read=False,
    ),
    Change(
        "6.11",
        "reclaim_keys",
        ("swappiness",),
        "memory.reclaim takes swappiness=",
        "memory_reclaim()",
        read=False,
    ),
    Change(
        "6.12",
        "worker",
        "candidates",
        "the worker passes over memcgs that are empty or may not write back",
        "shrink_worker(), shrink_memcg()",
        read=True,
    ),
    Change(
        "6.12",
        "second_chance",
        True,
        "an entry that is looked at for the first time is rotated, not written back",
        "shrink_memcg_cb()",
        read=True,
    ),
    Change(
        "6.12",
        "zeromap",
        True,
        "zero pages are noted in the swap map, other same-filled pages are compressed",
        "swap_writepage()",
        read=True,
    ),
    Change(
        "6.12",
        "shrinker",
        "disk swapins",
        "shrinker_enabled spares as many entries as pages were read from the device",
        "zswap_shrinker_count(), zswap_folio_swapin()",
        read=True,
    ),
    Change(
        "6.12",
        "absent",
        _ABSENT_6_12,
        "swpin_zero and swpout_zero, pswpin and pswpout in memory.stat; the file same_filled_pages is gone",
        "zswap_debugfs_init(), memcg_vm_event_stat",
        read=True,
    ),
    Change(
        "6.14",
        "rotating_slots",
        "free clusters",
        "swap slots of a device that rotates are given out in clusters too, free ones first",
        "cluster_alloc_swap_entry()",
        read=True,
    ),
    Change(
        "6.15",
        "slots_cached",
        False,
        "a freed swap slot is given back at once",
        "mm/swap_slots.c, removed",
        read=True,
    ),
    Change(
        "6.15",
        "zstd",
        "1.5.7, unknown size",
        "zstd 1.5.7, with the parameters for an unknown size still",
        "zstd_params(), crypto/zstd.c",
        read=True,
    ),
    Change("6.15", "zpools", ("zsmalloc",), "zbud and z3fold are gone", "mm/zbud.c, mm/z3fold.c", read=False),
    Change(
        "6.15",
        "absent",
        _ABSENT_6_12 - {"decompress_fail"},
        "the file decompress_fail",
        "zswap_decompress()",
        read=False,
    ),
    Change(
        "6.16",
        "reclaim_keys",
        ("swappiness", "swappiness=max"),
        "memory.reclaim takes swappiness=max",
        "memory_reclaim()",
        read=False,
    ),
    Change(
        "6.17",
        "zstd",
        "1.5.7",
        "zstd is asked with the parameters for a page",
        "zstd_compress(), crypto/zstd.c",
        read=False,
    ),
    Change(
        "6.18",
        "rotating_slots",
        "used clusters",
        "of a device that rotates, clusters that are partly used come before free ones",
        "cluster_alloc_swap_entry()",
        read=True,
    ),
    Change(
        "6.18",
        "stores_incompressible",
        True,
        "a page that does not compress is stored as it is, where writeback is allowed",
        "zswap_compress()",
        read=True,
    ),
    Change(
        "6.18",
        "params",
        RELEASES["6.18"].params,
        "the parameter zpool is gone",
        "mm/zswap.c",
        read=True,
    ),
    Change(
        "6.18",
        "absent",
        RELEASES["6.18"].absent,
        "the file stored_incompressible_pages",
        "zswap_debugfs_init()",
        read=True,
    ),
    Change(
        "7.0",
        "cached_slots_kept",
        False,
        "a touch of a RAM disk's page in the swap cache gives its slot up",
        "do_swap_page(), should_try_to_free_swap()",
        read=False,
    ),
    Change(
        "7.1",
        "resident_pages_reparented",
        True,
        "a resident page of a removed memcg is its parent's at once",
        "memcg_reparent_objcgs(), folio_memcg()",
        read=True,
    ),
    Change(
        "7.1",
        "root_has_objcg",
        True,
        "the root's zswpin, zswpout and zswpwb count its own pages too",
        "get_obj_cgroup_from_folio()",
        read=True,
    ),
    Change(
        "7.1",
        "absent",
        RELEASES["7.1"].absent,
        "zswap_incomp in memory.stat",
        "obj_cgroup_charge_zswap()",
        read=True,
    ),
)
"""The changes, oldest first; those of one release in the order of ``Release``'s fields or nearly so."""

QUIET: Final = ("absent", "params", "reclaim_keys")
"""The fields that say which files, counters and parameters there are: left out where rules are listed in short."""

LAST_MINOR: Final = {3: 19, 4: 20, 5: 19, 6: 19}
"""The last minor number of each major number that has ended."""

MAINLINE: Final = tuple(name for name in RELEASES if name[0].isdigit())
"""The recorded releases that are Linus Torvalds' own."""


def version_of(name: str) -> Version:
    """Return the numbers of a release's name, as 6.12 has them."""
    major, _, minor = name.partition(".")
    return int(major), int(minor)


def changes_between(older: Version, newer: Version) -> tuple[Change, ...]:
    """Return the changes after one release up to another."""
    return tuple(change for change in CHANGES if older < version_of(change.since) <= newer)


def recorded_before(version: Version) -> str:
    """Return the newest recorded release that is not newer than a version, or the oldest of all."""
    older = [name for name in MAINLINE if version_of(name) <= version]
    return older[-1] if older else MAINLINE[0]


def is_between(version: Version) -> bool:
    """Tell whether a version lies between two recorded releases, and is none of them."""
    first, last = version_of(MAINLINE[0]), version_of(MAINLINE[-1])
    exists = version[1] <= LAST_MINOR.get(version[0], version[1])
    return first < version < last and exists and ".".join(map(str, version)) not in RELEASES


@cache
def _between(version: Version) -> Release:
    base = recorded_before(version)
    changed = changes_between(version_of(base), version)
    values = {change.flag: change.value for change in changed}
    return replace(
        RELEASES[base],
        **values,  # type: ignore[arg-type]  # each value is of its field's type, which tests show
        name=f"{version[0]}.{version[1]}",
        summary=f"rules of {base}" + (f"; changed since: {told(changed)}" if changed else ", none changed"),
        recorded="",
    )


def told(changes: tuple[Change, ...]) -> str:
    """Tell which rules changed and in which release, in one line: those that were read, and those placed by a date."""
    latest = {change.flag: change for change in changes if change.flag not in QUIET}
    read = ", ".join(f"{change.flag} ({change.since})" for change in latest.values() if change.read)
    dated = ", ".join(f"{change.flag} ({change.since})" for change in latest.values() if not change.read)
    parts = (
        f"{read}, read in the sources" * bool(read),
        f"{dated}, not read: by the date alone" * bool(dated),
    )
    return "; ".join(part for part in parts if part) or "counters or parameters alone"


def release_of(name: str) -> Release:
    """Return the rules of a release by the name that ``resolve()`` gave it: a recorded one, or one between two.

    Either may have rules overridden (``6.12+second_chance=off``). Raises KeyError: the name is none of these.
    """
    if name in RELEASES:
        return RELEASES[name]
    if rules.split(name)[1]:
        return _overridden(name)
    if not is_release(name):
        raise KeyError(name)
    return _between(version_of(name))


def is_release(name: str) -> bool:
    """Tell whether a name is one that ``release_of()`` knows."""
    if name in RELEASES:
        return True
    if rules.split(name)[1]:
        return _is_overridden(name)
    major, dot, minor = name.partition(".")
    numbers = bool(dot) and all(
        part.isascii() and part.isdigit() and len(part) < 4 for part in (major, minor)
    )
    return numbers and is_between((int(major), int(minor))) and f"{int(major)}.{int(minor)}" == name


@cache
def _overridden(name: str) -> Release:
    try:
        return rules.overridden(name, release_of)
    except rules.RuleError:
        raise KeyError(name) from None


def _is_overridden(name: str) -> bool:
    try:
        _overridden(name)
    except KeyError:
        return False
    return True


BETWEEN: Final = tuple(
    name
    for major in (6, 7)
    for minor in range(LAST_MINOR[6] + 1)
    if is_release(name := f"{major}.{minor}") and name not in RELEASES
)
"""The releases between recorded ones, oldest first."""
