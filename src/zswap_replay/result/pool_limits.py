"""The pool's limits in bytes, as a result's settings and the parameters in effect at a snapshot give them."""

from __future__ import annotations

from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE


def pool_limit(result: Result, now: Snapshot) -> int:
    """Return the bytes at which the pool is full: the ``max_pool_percent`` in effect, of the pages of RAM."""
    ram = result.manifest.settings.get("totalram")
    pages = ram // PAGE_SIZE if isinstance(ram, int) else 0
    return pages * percent_of(result, now, "max_pool_percent") // 100 * PAGE_SIZE


def pool_threshold(result: Result, now: Snapshot) -> int:
    """Return the bytes to which a full pool must shrink before it accepts pages, by ``accept_threshold_percent``."""
    pages = pool_limit(result, now) // PAGE_SIZE
    return pages * percent_of(result, now, "accept_threshold_percent") // 100 * PAGE_SIZE


def percent_of(result: Result, now: Snapshot, name: str) -> int:
    """Return a parameter of percent as it is in effect at a snapshot; 100 where the result does not tell."""
    value = now.params.get(name, result.manifest.settings.get(name))
    return value if isinstance(value, int) else 100
