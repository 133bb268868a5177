"""What a result is marked with wherever it is shown: reasons not to take its settings for good ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, Literal

from zswap_replay.result.by_name import CounterName, value_of
from zswap_replay.result.result import Result

Mark = Literal["oom", "swap_full", "stored_nothing"]

KILLS: Final[tuple[Mark, ...]] = ("oom", "swap_full")
"""Marks of settings under which a kernel is short of memory: it kills programs, or finds no room in swap for them."""

MEANING: Final[dict[Mark, str]] = {
    "oom": "pages were charged over a limit: a kernel would have killed programs",
    "swap_full": "reclaim found a memory.swap.max reached, and kept pages in memory",
    "stored_nothing": "nothing was stored in zswap",
}


def marks(value: Callable[[str], object]) -> tuple[Mark, ...]:
    """List the marks of a result; ``value`` gives its counters at the end by name, None for one that it lacks."""
    found: list[Mark] = []
    if value("replay.oom"):
        found.append("oom")
    if value("replay.swap_full"):
        found.append("swap_full")
    in_zram = value("zram.orig_data_size") is not None and value("vmstat.pswpout")
    if value("vmstat.zswpout") == 0 and not value("zswap.stored_pages") and not in_zram:
        found.append("stored_nothing")
    return tuple(found)


def marks_of(result: Result) -> tuple[Mark, ...]:
    """List the marks of a result."""

    def value(name: str) -> object:
        parsed = CounterName.parse(name)
        return None if parsed is None else value_of(result.end, parsed)

    found = marks(value)
    # a disk alone is there to store nothing
    without = result.manifest.settings.get("tier") == "disk"
    return tuple(mark for mark in found if mark != "stored_nothing" or not without)


def may_be_best(found: Collection[Mark], *, allow_oom: bool = False) -> bool:
    """Tell whether a result with some marks may be called the best of several.

    With ``allow_oom`` one may under which a kernel would have killed programs; never one that stored nothing.
    """
    return not any(mark not in KILLS or not allow_oom for mark in found)
