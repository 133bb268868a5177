"""What a replay held out of memory: the mean over the trace's time, the peak and the end, from exact sums."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from zswap_replay.units import PAGE_SIZE

Number = int | float

SAVED: Final = ("memory_saved_mean_bytes", "memory_saved_peak_bytes")
"""The figures that are known of each memcg too."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is held at one time, or the sum of that over some time, in ns."""

    pool_pages: int
    """Pages that the pools hold."""
    stored: int
    """Entries of zswap, with or without memory in a pool."""
    same_filled: int
    """Entries without memory in a pool."""
    zero: int
    """Pages noted in the zero map, which have no entry."""
    compressed_bytes: int
    """Bytes of all entries."""

    @property
    def in_pool(self) -> int:
        """Entries with memory in a pool."""
        return self.stored - self.same_filled

    @property
    def saved_pages(self) -> int:
        """Pages held outside of memory, less those of the pools."""
        return self.stored + self.zero - self.pool_pages


@dataclass(frozen=True, slots=True)
class Peaks:
    """The most that was held at any time; the three amounts were not reached together."""

    pool_pages: int
    stored: int
    saved_pages: int
    in_pool: int
    """Entries with memory in a pool, while the pools were largest: the most of them."""
    compressed_bytes: int
    """The bytes of those."""


def over_time(duration_ns: int, sums: Amounts, peaks: Peaks, end: Amounts) -> dict[str, Number | None]:
    """Compute the figures that ``derived.OVER_TIME`` lists, by name.

    A mean is the sum over the duration; where all events are at one time, it is what is held at the end of them.
    A mean ratio is the ratio of the means: pages count as long as they stay. A ratio at the peak is that of the pools
    when they were largest.
    """
    of = sums if duration_ns else end
    by = duration_ns or 1
    return {
        "memory_saved_mean_bytes": _whole(Fraction(of.saved_pages * PAGE_SIZE, by)),
        "memory_saved_peak_bytes": peaks.saved_pages * PAGE_SIZE,
        "memory_saved_end_bytes": end.saved_pages * PAGE_SIZE,
        "pool_size_mean_bytes": _whole(Fraction(of.pool_pages * PAGE_SIZE, by)),
        "pool_size_peak_bytes": peaks.pool_pages * PAGE_SIZE,
        "stored_pages_mean": _rounded(Fraction(of.stored, by)),
        "stored_pages_peak": peaks.stored,
        "compression_ratio_mean": share(of.in_pool * PAGE_SIZE, of.compressed_bytes),
        "compression_ratio_peak": share(peaks.in_pool * PAGE_SIZE, peaks.compressed_bytes),
        "pool_efficiency_mean": share(of.in_pool, of.pool_pages),
        "pool_efficiency_peak": share(peaks.in_pool, peaks.pool_pages),
    }


def saved_over_time(duration_ns: int, changes: int, peak: int, end: int) -> dict[str, Number | None]:
    """Compute the mean and the peak of what a memcg saved, in bytes, by name.

    ``changes`` is the sum of the changes of it, each times its time since the beginning, ``end`` what it saves at the
    end. The mean of a time without length is that.
    """
    mean = _whole(Fraction(end * duration_ns - changes, duration_ns)) if duration_ns else end
    return dict(zip(SAVED, (mean, peak), strict=True))


def share(part: int, whole: int) -> float | None:
    """Divide two numbers, to six digits behind the point; None where there is nothing to be a share of."""
    return _rounded(Fraction(part, whole)) if whole else None


def _whole(value: Fraction) -> int:
    return round(value)


def _rounded(value: Fraction) -> float:
    return float(round(value, 6))
