"""What a replay costs: from counters and a cost profile to time and wear, in whole nanoseconds.

A figure of time is a sum of products: how often something was done, times what the profile says that it takes. What
is counted stands in ``OPERATIONS``, what it is priced with in ``TERMS``; a figure's row in derived.py says what is
assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zswap_replay.result.cost_profile import PARTS, CostProfile
from zswap_replay.result.counters import Group
from zswap_replay.result.derived import DERIVED, OF_MEMCG, PRICED
from zswap_replay.result.over_time import SAVED, Number, share
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE

_DAY_NS: Final = 86_400 * 10**9
_DAYS_A_YEAR: Final = 365

SAVED_BY_MEMCG: Final = tuple(f"memcg {name}" for name in SAVED)
"""Where the basis says of these figures of memcgs that they are exact."""
_COUNTED: Final = (
    "counted: exact, over the time of the trace; entries in zswap less their compressed bytes: zero pages and what the "
    "pool takes beyond those bytes are no memcg's"
)
UNKNOWN: Final = "not known: an earlier version wrote the result, which saw it at snapshots alone"
"""What the basis says of these figures where they are not known."""

Counter = tuple[Group, str]
OverTime = Mapping[str, Number | None]


@dataclass(frozen=True, slots=True)
class Compressors:
    """The compressors by whose prices a replay is reckoned, as specs."""

    zswap: str
    zram: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Compressors:
        """Read them from settings as a manifest has them: zram takes zswap's where it has none of its own."""
        compressor = str(settings["compressor"])
        return cls(compressor, str(settings.get("comp_algorithm") or compressor))


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that takes time: the counters that count it, of the machine and of a memcg by NUMA node."""

    machine: tuple[Counter, ...]
    """The counters to be added up; one that a release lacks counts nothing."""
    memcg: tuple[str, ...]
    """The same for a memcg, in the group ``node``, which has all of them under every release."""


OPERATIONS: Final = {
    "faults": Operation((("vmstat", "pgmajfault"),), ("pgmajfault",)),
    "loads": Operation((("vmstat", "zswpin"),), ("zswpin",)),
    "reads": Operation((("vmstat", "pswpin"),), ("pswpin",)),
    "writes": Operation((("vmstat", "pswpout"),), ("pswpout",)),
    "compressions": Operation(
        (("vmstat", "zswpout"), ("replay", "compress_reject")), ("zswpout", "compress_reject")
    ),
    "writebacks": Operation((("zswap", "written_back_pages"),), ("written_back_pages",)),
}
"""What is counted, by name; with a zram device also what that does, "device loads" and "device compressions"."""


@dataclass(frozen=True, slots=True)
class Term:
    """A product in the sum that a figure is: an operation of ``OPERATIONS`` and its price in ns."""

    figure: str
    operation: str
    price: str


TERMS: Final = (
    Term("stall_ns", "faults", "fault_ns"),
    Term("stall_ns", "loads", "decompress_ns"),
    Term("stall_ns", "device loads", "device_decompress_ns"),
    Term("stall_ns", "reads waited for", "read_ns"),
    Term("compress_ns", "compressions", "compress_ns"),
    Term("compress_ns", "device compressions", "device_compress_ns"),
    Term("reclaim_ns", "compressions", "compress_ns"),
    Term("reclaim_ns", "device compressions", "device_compress_ns"),
    Term("reclaim_ns", "writebacks", "decompress_ns"),
    Term("reclaim_ns", "writes", "write_ns"),
)
"""All products of all figures of time."""


def reckon(
    counts: Mapping[str, int], profile: CostProfile, compressors: Compressors, duration_ns: int | None
) -> dict[str, Number | None]:
    """Compute the figures of ``derived.PRICED``, by name, from the numbers of the ``OPERATIONS``.

    A figure is None that needs the price of one that the profile lacks. ``duration_ns`` is
    the trace's time in which the operations were counted; where it is None or 0 there is no rate, and where the profile
    has no TBW no share of it.
    """
    counts = {**counts, "reads waited for": min(counts["reads"], counts["faults"])}
    prices = _prices(profile, compressors)
    found: dict[str, Number | None] = dict.fromkeys(PRICED)
    for name in dict.fromkeys(term.figure for term in TERMS):
        total = 0
        for term in TERMS:
            if term.figure == name and counts.get(term.operation):
                price = prices[term.price]
                if price is None:
                    break
                total += counts[term.operation] * price
        else:
            found[name] = total
    if duration_ns:
        written = counts["writes"] * PAGE_SIZE
        found["swap_write_bytes_per_day"] = written * _DAY_NS // duration_ns
        if profile.endurance_bytes is not None:
            found["endurance_per_year"] = share(
                written * _DAY_NS * _DAYS_A_YEAR, duration_ns * profile.endurance_bytes
            )
    return found


def _prices(profile: CostProfile, compressors: Compressors) -> dict[str, int | None]:
    codec, device = profile.codec(compressors.zswap), profile.codec(compressors.zram)
    return {
        "fault_ns": profile.fault_ns,
        "read_ns": profile.read_ns,
        "write_ns": profile.write_ns,
        "compress_ns": None if codec is None else codec.compress_ns,
        "decompress_ns": None if codec is None else codec.decompress_ns,
        "device_compress_ns": None if device is None else device.compress_ns,
        "device_decompress_ns": None if device is None else device.decompress_ns,
    }


def counts_of(now: Snapshot) -> dict[str, int]:
    """Count the operations of the whole machine at a snapshot, by name."""
    groups: dict[str, Mapping[str, int]] = {"zswap": now.zswap, "vmstat": now.vmstat, "replay": now.replay}
    counts = {
        name: sum(groups[group].get(counter, 0) for group, counter in operation.machine)
        for name, operation in OPERATIONS.items()
    }
    return _of_zram(counts, now.zram.get("bd_reads", 0), now.zram.get("bd_writes", 0)) if now.zram else counts


def _of_zram(counts: dict[str, int], reads: int, writes: int) -> dict[str, int]:
    """Turn what swap asks of zram into loads and compressions of its own; the disk is its backing device."""
    return {
        **counts,
        "device loads": counts["reads"] - reads,
        "device compressions": counts["writes"],
        "reads": reads,
        "writes": writes,
    }


def counts_of_memcg(now: Snapshot, path: str) -> dict[str, int]:
    """Count the operations of a memcg with its descendants at a snapshot, by name; the root's are the machine's."""
    if path == "/":
        return counts_of(now)
    counts = {
        name: sum(node.get(counter, 0) for node in now.nodes.get(path, ()) for counter in operation.memcg)
        for name, operation in OPERATIONS.items()
    }
    return _of_zram(counts, 0, 0) if now.zram else counts  # no memcg's share of the backing device is counted


def by_memcg(
    end: Snapshot,
    over_time: OverTime,
    below_root: Mapping[str, OverTime] | None,
    profile: CostProfile,
    compressors: Compressors,
    duration_ns: int | None,
) -> dict[str, dict[str, Number | None]]:
    """Compute the figures of ``derived.OF_MEMCG`` of each memcg at a snapshot, with its descendants, by path.

    ``over_time`` are the figures of what the machine held, ``below_root`` those of memcgs; what they lack is None.
    """
    saved = {"/": over_time, **(below_root or {})}
    idle = reckon(dict.fromkeys(counts_of(end), 0), profile, compressors, duration_ns)
    found = {}
    for path in end.nodes:
        counts = counts_of_memcg(end, path)
        figures = reckon(counts, profile, compressors, duration_ns) if any(counts.values()) else idle
        of_path = saved.get(path, {})
        found[path] = {**figures, **{name: of_path.get(name) for name in SAVED}}
    return found


def worth_showing(found: Mapping[str, OverTime]) -> tuple[str, ...]:
    """List the figures of ``by_memcg`` that say something: with zram, no memcg below the root saves anything."""
    saves = any(each[name] for path, each in found.items() if path != "/" for name in SAVED)
    return OF_MEMCG if saves else PRICED


def as_json(
    end: Snapshot,
    derived: OverTime,
    below_root: Mapping[str, OverTime] | None,
    profile: CostProfile,
    compressors: Compressors,
    duration_ns: int | None,
) -> dict[str, Any]:
    """Make the block ``cost`` of the JSON output: figures of the machine and of each memcg, and their basis.

    ``below_root`` is what memcgs saved, by path; None where that is not known.
    """
    return {
        "profile": profile.as_json(),
        "compressor": compressors.zswap,
        **({"comp_algorithm": compressors.zram} if end.zram else {}),
        "duration_ns": duration_ns,
        **{name: derived[name] for name in OF_MEMCG},
        "basis": basis(profile, counted=below_root is not None),
        "memcg": by_memcg(end, derived, below_root, profile, compressors, duration_ns),
    }


def basis(profile: CostProfile, *, counted: bool) -> dict[str, str]:
    """Explain what in each figure is counted, modelled and assumed, and where each part of the profile comes from."""
    return {
        **{name: DERIVED[name].basis for name in PRICED},
        **dict.fromkeys(SAVED, "counted: exact, over the time of the trace"),
        **dict.fromkeys(SAVED_BY_MEMCG, _COUNTED if counted else UNKNOWN),
        **{f"profile {part}": profile.source(part) for part in PARTS},
    }
