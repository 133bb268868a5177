"""The sizes of the inputs: those of the targets, smaller ones that take two minutes, or tiny ones for a test."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scale:
    """Sizes of inputs and numbers of rounds."""

    rounds: int = 5
    long_rounds: int = 3
    """Rounds of what takes a minute."""
    busy_rounds: int = 2
    """Rounds of each part while another process keeps a core busy; 0 for none."""
    busy_long_rounds: int = 1
    """The same of what takes a minute."""
    starts: int = 20
    """Rounds of processes that only start."""
    accesses: int = 5_000_000
    humble_accesses: int = 500_000
    """Accesses of caches that are written in Python."""
    zipf_pages: int = 192_000
    scan_pages: int = 520_000
    codec_accesses: int = 1_000_000
    codec_pages: int = 50_000
    memcgs: int = 5_000
    memcg_events: int = 1_000_000
    timeline_memcgs: int = 2_000
    timeline_snapshots: int = 10_000
    steps: tuple[int, ...] = (1_000_000, 10_000_000)
    """Numbers of events, each ten times the one before."""
    few_pages: int = 100_000
    most_pages: int = 10_000_000
    soak_events: int = 10_000_000
    soak_memcgs: int = 10_000

    def pages(self, pattern: str) -> int:
        """Return the number of pages of a pattern."""
        return self.zipf_pages if pattern == "zipf" else self.scan_pages

    def with_large(self) -> Scale:
        """Return the same scale with ten times the events where they are counted in steps, and in the soak."""
        return replace(self, steps=(*self.steps, self.steps[-1] * 10), soak_events=self.soak_events * 10)

    def with_rounds(self, rounds: int) -> Scale:
        """Return the same scale with a number of rounds for all."""
        found = replace(self, rounds=rounds, long_rounds=rounds, starts=rounds)
        return replace(found, busy_rounds=rounds, busy_long_rounds=rounds) if self.busy_rounds else found


FULL = Scale()
QUICK = Scale(
    rounds=3,
    long_rounds=1,
    busy_rounds=0,
    starts=5,
    accesses=1_000_000,
    humble_accesses=100_000,
    zipf_pages=38_400,
    scan_pages=104_000,
    codec_accesses=100_000,
    codec_pages=5_000,
    memcgs=1_000,
    memcg_events=100_000,
    timeline_snapshots=1_000,
    steps=(100_000, 1_000_000),
    few_pages=10_000,
    soak_events=1_000_000,
    soak_memcgs=1_000,
)
TINY = Scale(
    rounds=1,
    long_rounds=1,
    busy_rounds=0,
    starts=1,
    accesses=20_000,
    humble_accesses=2_000,
    zipf_pages=2_000,
    scan_pages=5_000,
    codec_accesses=4_000,
    codec_pages=500,
    memcgs=50,
    memcg_events=1_000,
    timeline_memcgs=5,
    timeline_snapshots=20,
    steps=(1_000, 10_000),
    few_pages=500,
    most_pages=1_000,
    soak_events=20_000,
    soak_memcgs=100,
)
