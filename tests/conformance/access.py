"""How far a replay of ordinary accesses under memory.max is from the kernel.

The kernel picks the pages that go out, so its counters are not to be met to the last page: each is a range, from the
lowest to the highest of the recorded runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.conformance.cases import AccessCase
from zswap_replay.replay.loop import replay
from zswap_replay.result.snapshot import Snapshot

COUNTED = 1000
"""A counter below it is not compared: a dozen pages more are a percent."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One counter of a replay beside the kernel's range."""

    name: str
    lowest: int
    highest: int
    replayed: int

    @property
    def error(self) -> float:
        """How far it is outside the range, as a share of the nearer end; 0 inside."""
        if self.replayed > self.highest:
            return self.replayed / self.highest - 1
        if self.replayed < self.lowest:
            return self.replayed / self.lowest - 1
        return 0.0

    @property
    def compared(self) -> bool:
        """Whether there is enough of it."""
        return self.lowest > COUNTED

    def __str__(self) -> str:
        return f"{self.name} {self.replayed} ({self.error:+.1%}), the kernel's {self.kernel}"

    @property
    def kernel(self) -> str:
        """The kernel's range, as people read it."""
        if self.lowest == self.highest:
            return f"{self.lowest:,}"
        return f"{self.lowest:,}..{self.highest:,}"


def tolerance(case: AccessCase) -> float:
    """How far a replay may be outside the kernel's range, as a share.

    Without a memory.zswap.max, in the cases whose name begins with A, the kernel reclaims by statistics that are up to
    two seconds old, and a replay by exact ones.
    """
    return 0.10 if case.name.startswith("A") else 0.05


def ended(
    case: AccessCase,
    folder: Path,
    *,
    reclaim: str = "k",
    pool_percent: int | None = None,
    shrink_delay: int = 4,
) -> Snapshot:
    """Replay a case, with its files unpacked into a folder; its last snapshot.

    ``pool_percent`` makes the pool as small as that, whatever the trace says.
    """
    settings = replace(case.settings(case.write_lengths(folder)), reclaim=reclaim, shrink_delay=shrink_delay)
    if pool_percent is not None:
        settings = replace(settings, max_pool_percent=pool_percent, fixed=frozenset({"max_pool_percent"}))
    return replay(str(case.write_trace(folder)), settings).end


def measure(case: AccessCase, folder: Path, reclaim: str) -> list[Measured]:
    """Every counter that the kernel had any of, beside what a replay has."""
    counted = ended(case, folder, reclaim=reclaim).vmstat
    return [
        Measured(name, lowest, highest, counted[name])
        for name, (lowest, highest) in case.ranges.items()
        if highest > 0
    ]
