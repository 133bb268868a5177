"""How far a replay of ordinary accesses under memory.max is from the kernel.

The kernel picks the pages that go out, so its counters are not to be met to the last page: each is a range, from the
lowest to the highest of the recorded runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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


WITH_A_LIMIT = ("B", "H", "T")
"""How the names of cases with a memory.zswap.max begin."""


def tolerance(case: AccessCase, counter: str, reclaim: str = "k") -> float:
    """How far a counter of a replay may be outside the kernel's range, as a share.

    Without a memory.zswap.max, in the cases whose name begins with A, the kernel's two lists go by statistics that are
    old, and only somebody's reading says how old. Under MGLRU it misses accesses that the processor has in its TLB,
    which shows in zswpin most where the working set moves or is scanned past; and what is written back in a scan
    depends on where the mapping begins in its page table.
    """
    if reclaim == "mglru" and case.name.startswith("B_scan") and counter in ("zswpin", "zswpwb"):
        return 0.20
    moves = "_phase" in case.name or "_hotscan" in case.name
    if reclaim == "mglru" and counter == "zswpin" and moves and case.name.startswith(WITH_A_LIMIT):
        return 0.15
    return 0.10 if case.name.startswith("A") else 0.05


def ended(
    case: AccessCase,
    folder: Path,
    *,
    reclaim: str = "k",
    pool_percent: int | None = None,
    **others: Any,
) -> Snapshot:
    """Replay a case, with its files unpacked into a folder and other settings by name; its last snapshot.

    ``pool_percent`` makes the pool as small as that, whatever the trace says.
    """
    settings = replace(case.settings(case.write_lengths(folder)), reclaim=reclaim, **others)
    if pool_percent is not None:
        settings = replace(settings, max_pool_percent=pool_percent, fixed=frozenset({"max_pool_percent"}))
    return replay(str(case.write_trace(folder)), settings).end


def measure(case: AccessCase, folder: Path, reclaim: str) -> list[Measured]:
    """Every counter that the kernel had any of, beside what a replay has."""
    counted = ended(case, folder, reclaim=reclaim).vmstat
    ranges = case.mglru_ranges if reclaim == "mglru" else case.ranges
    return [
        Measured(name, lowest, highest, counted[name])
        for name, (lowest, highest) in ranges.items()
        if highest > 0
    ]
