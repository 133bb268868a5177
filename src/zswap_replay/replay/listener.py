"""What the loop tells of a replay to those who look at its counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from zswap_replay.trace.batch import Batch


@dataclass(frozen=True, slots=True)
class Stop:
    """A row before which counters are looked at."""

    row: int
    label: str
    time_ns: int | None = None
    """When an interval ends; None where the warm-up does, at the time of the row before."""


class Listener(Protocol):
    """What looks at the machine: assemble.Snapshots, or nobody."""

    def stops(self, batch: Batch, rows: int) -> Sequence[Stop]:
        """Tell where in the first ``rows`` rows of a batch the loop has to stop, in order."""

    def reached(self, stop: Stop) -> None:
        """Look at the machine at a stop."""

    def snapshot(self, label: str, time_ns: int) -> None:
        """Look at the machine where the trace asks for it."""


class NoListener:
    """No-op listener: the loop stops nowhere, and nothing is looked at."""

    def stops(self, batch: Batch, rows: int) -> Sequence[Stop]:
        """Stop nowhere."""
        return ()

    def reached(self, stop: Stop) -> None:
        """Look at nothing."""

    def snapshot(self, label: str, time_ns: int) -> None:
        """Look at nothing."""
