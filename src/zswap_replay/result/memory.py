"""What tiers have in common: faults, disk reads and writes, their cost, and memory, inside memcgs and outside them.

zswap's compressed bytes are charged to memcgs, zram's to nobody: under one memory.max zram has more memory. Results
are held against each other at equal memory first, with zram's bytes charged too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from zswap_replay.result.result import Result

FIGURES: Final = {
    "pgmajfault": ("major faults", "pages"),
    "oom": ("charged over a limit", "pages"),
    "swap_read_bytes": ("read from a disk", "bytes"),
    "swap_write_bytes": ("written to a disk", "bytes"),
    "stall_ns": ("stall of faults", "ns"),
    "reclaim_ns": ("time in reclaim", "ns"),
    "memory_in_memcgs_bytes": ("memory in memcgs, end", "bytes"),
    "memory_outside_bytes": ("outside them, end", "bytes"),
    "memory_total_bytes": ("both", "bytes"),
}
"""The figures by name: their titles and units. A cost profile that lacks a compressor leaves out those of time."""


PRICED_HERE: Final = ("stall_ns", "reclaim_ns")
"""Those that a cost profile prices."""


def memory_figures(result: Result) -> dict[str, int]:
    """Compute the figures at the end of a replay, those of time by its cost profile."""
    end, derived = result.end, result.derived
    charged = end.memcg["/"].get("zswap", 0)
    inside = end.replay["resident_pages"] * PAGE_SIZE + charged
    outside = int(derived["pool_size_end_bytes"] or 0) - charged
    return {
        "pgmajfault": end.vmstat["pgmajfault"],
        "oom": end.replay["oom"],
        "swap_read_bytes": int(derived["swap_read_bytes"] or 0),
        "swap_write_bytes": int(derived["swap_write_bytes"] or 0),
        **{name: int(priced) for name in PRICED_HERE if (priced := derived[name]) is not None},
        "memory_in_memcgs_bytes": inside,
        "memory_outside_bytes": outside,
        "memory_total_bytes": inside + outside,
    }


def at_equal_memory(result: Result) -> dict[str, int]:
    """Return the figures at equal memory: those of the replay itself where nothing of it is charged to nobody."""
    return memory_figures(result) if result.at_equal_memory is None else result.at_equal_memory
