"""Whether a capture is whole: the sums of its events against the growth of the kernel's counters.

Tools lose events, and one of them without a word: bpftrace drops what it has not read yet when it is interrupted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from zswap_replay.trace.capture.books import pages_of
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.saved import SavedSnapshot

COUNTED = {"zswpout": "store", "zswpin": "load", "zswpwb": "wb", "pswpout": "disk"}
"""By counter of vmstat, the event whose successes it counts."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What was captured of one counter, and what the kernel counted from the first saved label to the last."""

    counter: str
    event: str
    captured: int
    kernel: int
    probed: bool
    """Whether the capture has the event at all."""

    @property
    def missing(self) -> int:
        """Events that the kernel counted and the capture has not; below 0 where it has more."""
        return self.kernel - self.captured


class Sums:
    """Sums the events between the marks of the first saved label and the last, as far as they are there."""

    def __init__(self, saved: Sequence[SavedSnapshot]) -> None:
        """Take the saved counters; fewer than two of them tell nothing."""
        self._saved = saved
        self._labels = (saved[0].label, saved[-1].label) if len(saved) > 1 else None
        self._over = False
        self._sums: Counter[str] = Counter()
        # by task and slot: the pages of a large folio
        self._large: dict[tuple[int, int], int] = {}

    def see(self, record: Record) -> None:
        """Take the next event."""
        if self._labels is None or self._over:
            return
        event, numbers, sums = record.event, record.numbers, self._sums
        if event == "mark":
            if record.texts["label"] == self._labels[0]:
                sums.clear()
            elif record.texts["label"] == self._labels[1]:
                self._over = True
        elif event == "store":
            pages = pages_of(record)
            sums["zswpout"] += pages if numbers["ret"] else 0
            if pages > 1:
                self._large[record.task, numbers["swp"]] = pages
            else:
                self._large.pop((record.task, numbers["swp"]), None)
        elif event == "load":
            sums["zswpin"] += numbers["ret"]
        elif event == "wb":
            sums["zswpwb"] += numbers["ret"] == 0
        elif event == "disk":
            sums["pswpout"] += self._large.pop((record.task, numbers["swp"]), 1)

    def compared(self, kinds: set[str]) -> list[Sum]:
        """Compare them with the growth of the saved counters; ``kinds`` are the events that the capture has."""
        if self._labels is None:
            return []
        first, last = self._saved[0].vmstat, self._saved[-1].vmstat
        return [
            Sum(counter, event, self._sums[counter], last[counter] - first.get(counter, 0), event in kinds)
            for counter, event in COUNTED.items()
            if counter in last
        ]
