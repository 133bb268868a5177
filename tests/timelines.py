"""Hand-made results whose snapshots follow a trace through time."""

from __future__ import annotations

from dataclasses import replace

from tests.factories import make_result, make_snapshot
from zswap_replay.result.result import Result

LENGTHS = {1000: 40, 1500: 200, 2000: 500, 2050: 300, 3000: 120}
"""Pages by compressed length."""


def make_timeline(compressor: str = "zstd", *, scale: int = 1, steps: int = 8) -> Result:
    """A result with a snapshot for each of so many seconds; its counters rise by the same each time."""
    snapshots = tuple(
        replace(
            make_snapshot("end" if step == steps else f"interval {step}", step * scale),
            time_ns=step * 1_000_000_000,
        )
        for step in range(1, steps + 1)
    )
    return replace(make_result(compressor, snapshots=snapshots), compressed_lengths=LENGTHS)
