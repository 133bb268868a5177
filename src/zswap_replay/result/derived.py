"""The derived figures: what follows from the counters of a snapshot, in one table that everything else reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from zswap_replay.result.counters import Better
from zswap_replay.result.over_time import SAVED, Number, share
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE

When = Literal["mean", "peak", "end"]

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
    of: Callable[[Snapshot], Number | None] | None = None
    """Its value; None where a share has nothing to be a share of. No function: no snapshot tells it, see OVER_TIME."""
    better: Better | None = None
    """Which way is better; None where that depends on the settings."""
    weight: int | None = None
    """Its place among the figures that decide between two results, 1 the first; None for one that does not."""
    chart_title: str = ""
    """For a chart that stands alone: ``Swap device reads``."""
    heading: str = ""
    """For a narrow column of a sweep's table; empty where it has none unless asked for."""
    when: When | None = None
    """Of what is held: over the trace's time, at its most, or at the end; None for what adds up."""
    whole: bool = True
    """Whether its values are integers."""
    basis: str = ""
    """For a figure that a cost profile prices (see cost.py): what in it is counted, and what is assumed."""
    alias: str = ""
    """Another name that is taken for it where figures are named: ``stall``."""

    @property
    def about(self) -> str:
        """The title without the time: ``memory saved``."""
        return self.title.partition(",")[0]


def _stored(now: Snapshot) -> int:
    """Return the pages held, compressed, in zswap and in zram; those on zram's backing device are not in RAM."""
    held = now.zram["orig_data_size"] // PAGE_SIZE - now.zram["bd_count"] if now.zram else 0
    return now.zswap["stored_pages"] + held


def _pool(now: Snapshot) -> int:
    """Return the bytes of the pools, zram's among them."""
    return now.zswap["pool_total_size"] + now.zram.get("mem_used_total", 0)


def _compressed(now: Snapshot) -> int:
    """Return what is in the pools, in bytes."""
    return now.replay["compressed_bytes"] + now.zram.get("compr_data_size", 0)


def _in_pool(now: Snapshot) -> int:
    """Return the bytes of the stored pages that take memory of the pool: same-filled ones do not."""
    same = now.zswap.get("same_filled_pages", 0) + now.zram.get("same_pages", 0)
    return (_stored(now) - same) * PAGE_SIZE


def _written(now: Snapshot) -> int:
    """Return the pages written to a disk: what goes to zram stays in RAM, but for its backing device."""
    return now.zram["bd_writes"] if now.zram else now.vmstat["pswpout"]


def _read(now: Snapshot) -> int:
    """Return the pages read from a disk, as for those written."""
    return now.zram["bd_reads"] if now.zram else now.vmstat["pswpin"]


def _rejects(now: Snapshot) -> int:
    return sum(now.replay[name] for name in REJECTS)


def _table(*figures: Figure) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


_SAVED: Final = "pages held, same-filled and zero pages too, less the pool's memory"
_POOL: Final = "memory of the pool"
_STORED: Final = "pages in zswap, same-filled ones too"
_RATIO: Final = "pages in the pool (same-filled ones have none of it) / compressed bytes"
_EFFICIENCY: Final = "the same pages / memory of the pool"

DERIVED: Final = _table(
    Figure(
        "swap_write_bytes",
        "bytes",
        "swap writes",
        "to the swap device: zswap writeback and pages that zswap did not take",
        lambda now: _written(now) * PAGE_SIZE,
        better="lower",
        weight=1,
        chart_title="Swap device writes",
        heading="swap writes",
    ),
    Figure(
        "swap_read_bytes",
        "bytes",
        "swap reads",
        "from the swap device",
        lambda now: _read(now) * PAGE_SIZE,
        better="lower",
        weight=2,
        chart_title="Swap device reads",
        heading="swap reads",
    ),
    Figure(
        "memory_saved_mean_bytes",
        "bytes",
        "memory saved, mean",
        _SAVED,
        better="higher",
        weight=3,
        when="mean",
        chart_title="Memory saved, mean over time",
        heading="memory saved",
    ),
    Figure(
        "memory_saved_peak_bytes",
        "bytes",
        "memory saved, peak",
        _SAVED,
        better="higher",
        when="peak",
        chart_title="Memory saved, peak",
    ),
    Figure(
        "memory_saved_end_bytes",
        "bytes",
        "memory saved, end",
        _SAVED,
        better="higher",
        when="end",
        chart_title="Memory saved at the end",
    ),
    Figure(
        "pool_size_mean_bytes",
        "bytes",
        "pool size, mean",
        _POOL,
        when="mean",
        chart_title="Pool size, mean over time",
        heading="pool size",
    ),
    Figure(
        "pool_size_peak_bytes",
        "bytes",
        "pool size, peak",
        _POOL,
        when="peak",
        chart_title="Pool size, peak",
        heading="pool peak",
    ),
    Figure(
        "pool_size_end_bytes",
        "bytes",
        "pool size, end",
        _POOL,
        _pool,
        when="end",
        chart_title="Pool size at the end",
    ),
    Figure(
        "stored_pages_mean",
        "pages",
        "stored pages, mean",
        _STORED,
        when="mean",
        whole=False,
        chart_title="Stored pages, mean over time",
    ),
    Figure(
        "stored_pages_peak",
        "pages",
        "stored pages, peak",
        _STORED,
        when="peak",
        chart_title="Stored pages, peak",
    ),
    Figure(
        "stored_pages_end",
        "pages",
        "stored pages, end",
        _STORED,
        _stored,
        when="end",
        chart_title="Stored pages at the end",
    ),
    Figure(
        "compression_ratio_mean",
        "ratio",
        "compression ratio, mean",
        _RATIO,
        better="higher",
        weight=5,
        when="mean",
        whole=False,
        chart_title="Compression ratio, mean over time",
        heading="ratio",
    ),
    Figure(
        "compression_ratio_peak",
        "ratio",
        "compression ratio, largest pool",
        _RATIO,
        better="higher",
        when="peak",
        whole=False,
        chart_title="Compression ratio of the largest pool",
    ),
    Figure(
        "compression_ratio",
        "ratio",
        "compression ratio, end",
        _RATIO,
        lambda now: share(_in_pool(now), _compressed(now)),
        better="higher",
        when="end",
        whole=False,
        chart_title="Compression ratio at the end",
    ),
    Figure(
        "pool_efficiency_mean",
        "ratio",
        "pool efficiency, mean",
        _EFFICIENCY,
        better="higher",
        weight=6,
        when="mean",
        whole=False,
        chart_title="Pool efficiency, mean over time",
    ),
    Figure(
        "pool_efficiency_peak",
        "ratio",
        "pool efficiency, largest pool",
        _EFFICIENCY,
        better="higher",
        when="peak",
        whole=False,
        chart_title="Pool efficiency of the largest pool",
    ),
    Figure(
        "pool_efficiency",
        "ratio",
        "pool efficiency, end",
        _EFFICIENCY,
        lambda now: share(_in_pool(now), _pool(now)),
        better="higher",
        when="end",
        whole=False,
        chart_title="Pool efficiency at the end",
    ),
    Figure(
        "rejects",
        "stores",
        "rejected stores",
        "memcg limit, pool limit, length",
        _rejects,
        better="lower",
        weight=4,
        chart_title="Rejected stores",
        heading="rejects",
    ),
    Figure(
        "reject_rate",
        "ratio",
        "reject rate",
        "of all stores tried",
        lambda now: share(_rejects(now), now.vmstat["zswpout"] + _rejects(now)),
        better="lower",
        whole=False,
        chart_title="Reject rate",
    ),
    Figure(
        "writeback_bytes",
        "bytes",
        "zswap writeback",
        "the part of swap writes that was in zswap before",
        lambda now: now.zswap["written_back_pages"] * PAGE_SIZE,
        better="lower",
        chart_title="Zswap writeback",
        heading="writeback",
    ),
    Figure(
        "stall_ns",
        "ns",
        "stall of faults",
        "loads from zswap and reads from the swap device that accesses waited for",
        better="lower",
        weight=7,
        chart_title="Stall of faults",
        heading="stall",
        basis="modelled: major faults, zswap loads and device reads, each counted, times what the profile says; every "
        "load is taken to be decompressed, and a fault to wait for one read at most",
        alias="stall",
    ),
    Figure(
        "compress_ns",
        "ns",
        "time compressing",
        "stores, and pages that were compressed and refused",
        better="lower",
        weight=8,
        chart_title="Time compressing",
        basis="modelled: stores and pages refused for their length, each counted, times what the profile says; a "
        "same-filled page is taken to cost as much as any other",
        alias="compress_time",
    ),
    Figure(
        "reclaim_ns",
        "ns",
        "time in reclaim",
        "compressing, decompressing for writeback, writing to the swap device",
        better="lower",
        chart_title="Time in reclaim",
        basis="modelled: the time compressing, writebacks and device writes, each counted, times what the profile "
        "says; assumed: each write is waited for, so that it is the most that reclaim takes",
        alias="reclaim_time",
    ),
    Figure(
        "swap_write_bytes_per_day",
        "bytes",
        "disk writes a day",
        "at the rate of the trace",
        better="lower",
        chart_title="Swap device writes a day",
        basis="counted over the time that the trace spans; assumed: a day goes on as the trace does",
        alias="swap_writes_per_day",
    ),
    Figure(
        "endurance_per_year",
        "ratio",
        "endurance used a year",
        "of what the drive endures to be written (TBW)",
        better="lower",
        weight=9,
        whole=False,
        chart_title="Endurance of the drive used a year",
        basis="disk writes a day for 365 days over the TBW of the profile; assumed: no write amplification beyond that "
        "of the rating",
        alias="endurance",
    ),
)
"""The figures by name, in the order in which they are printed."""

PRICED: Final = tuple(figure.name for figure in DERIVED.values() if figure.basis)
"""The figures that follow from counters and a cost profile, see cost.py."""

OF_MEMCG: Final = (*PRICED, *SAVED)
"""The figures that each memcg has of its own: what it costs, and what it saves."""

ALIASES: Final = {figure.alias: figure.name for figure in DERIVED.values() if figure.alias}
"""Other names of figures."""

OVER_TIME: Final = tuple(figure.name for figure in DERIVED.values() if figure.of is None and not figure.basis)
"""The figures that no snapshot tells: the replay sums them up, see over_time.py."""

DECIDING: Final = tuple(
    sorted((figure for figure in DERIVED.values() if figure.weight), key=lambda figure: figure.weight or 0)
)
"""The figures that decide between two results, the weightiest first."""


def derive(
    now: Snapshot,
    over_time: Mapping[str, Number | None],
    priced: Mapping[str, Number | None] = MappingProxyType({}),
) -> dict[str, Number | None]:
    """Compute all figures at the end of a replay, by name in their order.

    ``now`` is the last snapshot, ``over_time`` what the replay summed up, ``priced`` what a cost profile made of the
    counters; None for what is in neither.
    """
    given = {**over_time, **priced}
    return {
        name: given.get(name) if figure.of is None else figure.of(now) for name, figure in DERIVED.items()
    }
