"""Whether a capture is whole: the sums of its events against the growth of the kernel's counters.

Tools lose events, and one of them without a word: bpftrace drops what it has not read yet when it is interrupted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from zswap_replay.trace.capture.books import pages_of
from zswap_replay.trace.capture.saved import SavedSnapshot
from zswap_replay.trace.capture.text import Record

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


def compare_sums(records: Sequence[Record], kinds: set[str], saved: Sequence[SavedSnapshot]) -> list[Sum]:
    """Compare the events of a capture with the saved counters; return nothing where there are not two of them."""
    if len(saved) < 2:
        return []
    sums = _sums(records, saved)
    return [
        Sum(
            counter,
            event,
            sums[counter],
            saved[-1].vmstat.get(counter, 0) - saved[0].vmstat.get(counter, 0),
            event in kinds,
        )
        for counter, event in COUNTED.items()
        if counter in saved[-1].vmstat
    ]


def _sums(records: Sequence[Record], saved: Sequence[SavedSnapshot]) -> Counter[str]:
    """Sum the events between the marks of the first label and the last, as far as they are there."""
    sums: Counter[str] = Counter()
    pages: dict[tuple[int, int], int] = {}
    for record in records:
        event, numbers = record.event, record.numbers
        if event == "mark":
            if record.texts["label"] == saved[0].label:
                sums.clear()
            elif record.texts["label"] == saved[-1].label:
                break
        elif event == "store":
            sums["zswpout"] += pages_of(record) if numbers["ret"] else 0
            pages[record.task, numbers["swp"]] = pages_of(record)
        elif event == "load":
            sums["zswpin"] += numbers["ret"]
        elif event == "wb":
            sums["zswpwb"] += numbers["ret"] == 0
        elif event == "disk":
            sums["pswpout"] += pages.pop((record.task, numbers["swp"]), 1)
    return sums
