"""Replays a case and finds the first thing that is not as the kernel had it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.conformance.recording import Found, Places, Recording
from tests.where import where
from zswap_replay.replay.loop import Replay
from zswap_replay.result.numbers import Numbers
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace


class Recorded(Protocol):
    """A run of a kernel: cases.Case, or zram_cases.ZramCase."""

    @property
    def deterministic(self) -> bool:
        """Whether the kernel repeats where pages are."""

    @property
    def recording(self) -> Recording:
        """What the kernel showed, in the order of the trace's snapshots."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that a replay got wrong: ``what`` is the counter, or the page whose place it is."""

    snapshot: int
    label: str
    what: str
    expected: int | str | None
    got: int | str | None

    def __str__(self) -> str:
        return (
            f"snapshot {self.snapshot} ({self.label}), {self.what}: expected {self.expected}, got {self.got}"
        )


class _DifferenceError(Exception):
    """Ends a replay at its first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


def first_difference(case: Recorded, trace: Path, settings: Settings) -> Difference | None:
    """Replay a case from its unpacked trace; the first value that differs from the kernel's, or None.

    Compared are all counters and places that the case has, at each of its snapshots; places are not where the kernel's
    own choice of pages decides them.
    """
    replay = Replay(open_trace(trace), str(trace), settings, _ignore)
    recording = case.recording
    seen = 0

    def watch(numbers: Numbers) -> None:
        nonlocal seen
        number, seen = seen, seen + 1
        wanted = recording.labels[number] if number < len(recording) else None
        if wanted != numbers.label:
            raise _DifferenceError(Difference(number, numbers.label, "label", wanted, numbers.label))
        found = recording.first(number, numbers)
        places = recording.places.get(number)
        if places and case.deterministic and not found:
            found = _misplaced(replay, places, probed=numbers.label.startswith("probe"))
        if found:
            raise _DifferenceError(Difference(number, numbers.label, *found))

    replay.watch = watch
    try:
        replay.result(0, None, _ignore)
    except _DifferenceError as stopped:
        return stopped.difference
    if seen != len(recording):
        return Difference(seen, "end", "snapshots", len(recording), seen)
    return None


def _ignore(*_: object) -> None:
    """Remarks and progress are not looked at."""


_SAME_PLACE = {"C": "CD", "D": "CD"}
"""When a copy leaves the swap cache is reclaim's business: there, and on the device, is one place."""
_SAME_STATE = {"C": "CD", "S": "Z0DC"}
"""A row taken without touching the pages tells less: swapped out, S, is zswap, the zero map or the device."""


def _misplaced(replay: Replay, places: Places, *, probed: bool) -> Found | None:
    """The first page that is somewhere else."""
    same = _SAME_PLACE if probed else _SAME_STATE
    found = where(replay, places.memcg, places.page, len(places.where))
    for offset, (expected, got) in enumerate(zip(places.where, found, strict=True)):
        if got not in same.get(expected, expected):
            return f"place of {places.memcg} page {places.page + offset}", expected, got
    return None
