"""What the loop drives: the core, which takes events, and what acts on it where an event is more than an access."""

from __future__ import annotations

from typing import Protocol

from zswap_replay.machine.events import Events
from zswap_replay.trace.batch import Control


class Core(Protocol):
    """What takes events: a machine.Machine, or what stands in for it."""

    def run(self, events: Events, start: int, stop: int) -> int:
        """Take the events ``start`` to ``stop`` - 1; return the number of the first one that is left to the caller."""

    def advance(self, now: int) -> None:
        """Let time pass until ``now``, in nanoseconds since the trace's first row."""


class ControlHandler(Protocol):
    """What acts on the machine: controls.Controls, or a part of it."""

    def ensure_memcg(self, path: int) -> None:
        """Make the memcg of a path where it is not there yet."""

    def control(self, control: Control) -> None:
        """Do what an event asks for that is more than an access."""
