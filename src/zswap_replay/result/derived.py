"""The derived figures: what follows from the counters of a snapshot, in one table that everything else reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from zswap_replay.result.counters import Better
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE

Number = int | float

REJECTS: Final = ("memcg_limit_reject", "pool_limit_reject", "compress_reject")
"""The counters of refused stores, by reason, of the groups ``replay``, ``replay.memcg`` and ``node``."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name and unit, the function of a snapshot that computes it, and how it is presented."""

    name: str
    unit: str
    title: str
    """For a line of a table: ``swap reads``."""
    meaning: str
    """What it is a share or a sum of, in a few words."""
    of: Callable[[Snapshot], Number | None]
    """Its value; None where a share has nothing to be a share of."""
    better: Better | None = None
    """Which way is better; None where that depends on the settings."""
    weight: int | None = None
    """Its place among the figures that decide between two results, 1 the first; None for one that does not."""
    chart_title: str = ""
    """For a chart that stands alone: ``Swap device reads``."""
    heading: str = ""
    """For a narrow column of a sweep's table; empty where it has none unless asked for."""


def _in_pool(now: Snapshot) -> int:
    """Return the bytes of the stored pages that take memory of the pool: same-filled ones do not."""
    return (now.zswap["stored_pages"] - now.zswap.get("same_filled_pages", 0)) * PAGE_SIZE


def _rejects(now: Snapshot) -> int:
    return sum(now.replay[name] for name in REJECTS)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _table(*figures: Figure) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


DERIVED: Final = _table(
    Figure(
        "compression_ratio",
        "ratio",
        "compression ratio",
        "stored pages / compressed bytes",
        lambda now: _share(_in_pool(now), now.replay["compressed_bytes"]),
        better="higher",
        weight=4,
        chart_title="Compression ratio",
        heading="ratio",
    ),
    Figure(
        "pool_efficiency",
        "ratio",
        "pool efficiency",
        "stored pages / memory of the pool",
        lambda now: _share(_in_pool(now), now.zswap["pool_total_size"]),
        better="higher",
        weight=5,
        chart_title="Pool efficiency",
    ),
    Figure(
        "writeback_bytes",
        "bytes",
        "zswap writeback",
        "from zswap to the swap device",
        lambda now: now.zswap["written_back_pages"] * PAGE_SIZE,
        better="lower",
        weight=1,
        chart_title="Zswap writeback",
        heading="writeback",
    ),
    Figure(
        "swap_write_bytes",
        "bytes",
        "swap writes",
        "to the swap device in all",
        lambda now: now.vmstat["pswpout"] * PAGE_SIZE,
        better="lower",
        chart_title="Swap device writes",
    ),
    Figure(
        "swap_read_bytes",
        "bytes",
        "swap reads",
        "from the swap device",
        lambda now: now.vmstat["pswpin"] * PAGE_SIZE,
        better="lower",
        weight=2,
        chart_title="Swap device reads",
    ),
    Figure(
        "rejects",
        "stores",
        "rejected stores",
        "memcg limit, pool limit, length",
        _rejects,
        better="lower",
        weight=3,
        chart_title="Rejected stores",
        heading="rejects",
    ),
    Figure(
        "reject_rate",
        "ratio",
        "reject rate",
        "of all stores tried",
        lambda now: _share(_rejects(now), now.vmstat["zswpout"] + _rejects(now)),
        better="lower",
        chart_title="Reject rate",
    ),
)
"""The figures by name, in the order in which they are printed."""

DECIDING: Final = tuple(
    sorted((figure for figure in DERIVED.values() if figure.weight), key=lambda figure: figure.weight or 0)
)
"""The figures that decide between two results, the weightiest first."""


def derive(now: Snapshot) -> dict[str, Number | None]:
    """Compute all figures of a snapshot, by name in their order."""
    return {name: figure.of(now) for name, figure in DERIVED.items()}
