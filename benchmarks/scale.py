"""The sizes of the inputs: those of the targets, or small ones for a test."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Scale:
    """Sizes of inputs and numbers of rounds."""

    rounds: int = 5
    starts: int = 20
    """Rounds of processes that only start."""
    accesses: int = 5_000_000
    zipf_pages: int = 192_000
    scan_pages: int = 520_000
    codec_accesses: int = 1_000_000
    codec_pages: int = 50_000
    steps: tuple[int, ...] = (1_000_000, 10_000_000, 100_000_000)
    """Numbers of events, each ten times the one before."""
    few_pages: int = 100_000
    most_pages: int = 10_000_000
    soak_events: int = 100_000_000
    soak_memcgs: int = 10_000

    def pages(self, pattern: str) -> int:
        """Return the number of pages of a pattern."""
        return self.zipf_pages if pattern == "zipf" else self.scan_pages

    def without_large(self) -> Scale:
        """Return the same scale without the largest number of events."""
        return replace(self, steps=self.steps[:-1], soak_events=self.soak_events // 10)


FULL = Scale()
QUICK = Scale(
    rounds=1,
    starts=2,
    accesses=20_000,
    zipf_pages=2_000,
    scan_pages=5_000,
    codec_accesses=4_000,
    codec_pages=500,
    steps=(1_000, 10_000),
    few_pages=500,
    most_pages=1_000,
    soak_events=20_000,
    soak_memcgs=100,
)
