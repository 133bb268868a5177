"""What an import of a capture came to: figures, remarks, and what is missing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from zswap_replay.trace.capture.saved import Environment, SavedSnapshot
from zswap_replay.trace.capture.sums import Sum
from zswap_replay.trace.capture.text import CaptureText

_MOST_SHOWN = 8
"""Cgroups that one remark names."""


@dataclass(slots=True)
class ImportedCapture:
    """A capture as a trace, with what a comparison needs and what people should know of it."""

    text: CaptureText
    environment: Environment
    saved: list[SavedSnapshot]
    sums: list[Sum]
    lost: int
    """Events that are known to be lost, by the text or by the ring buffers."""
    missed: int = 0
    """Calls that probes missed, because too many of them were under way."""
    finished: bool = True
    """Whether the capture came to its end, and was not killed."""
    besides: Mapping[str, int] = field(default_factory=dict)
    """By path of a cgroup, the bytes that it was charged besides its pages, as far as the saved counters tell."""
    rows: int = 0
    pages: int = 0
    contents: int = 0
    unknown_lengths: int = 0
    worker_runs: int = 0
    prologue_pages: int = 0
    snapshots: int = 0
    events: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """By label of a snapshot in the trace, the name of each cgroup's path there."""

    def figures(self) -> dict[str, int]:
        """Give the counts of the import, each with its name."""
        text = self.text
        return {
            "lines": text.lines,
            "events": text.records,
            "stores": self.contents,
            "unknown lengths": self.unknown_lengths,
            "pages": self.pages,
            "from before": self.prologue_pages,
            "worker runs": self.worker_runs,
            "snapshots": self.snapshots,
            "rows": self.rows,
        }

    def remarks(self) -> list[str]:
        """Say what people should know of it that is no loss, a line each."""
        text, found = self.text, []
        if text.out_of_order:
            found.append(f"{text.out_of_order:,} lines stood behind later ones, and were put in order")
        if text.cut_off:
            found.append("the text ends in the middle of a line, which was dropped")
        if self.besides:
            each = [f"{path}:file={size // 1024}K" for path, size in self.besides.items()]
            more = f" and {len(each) - _MOST_SHOWN:,} more" if len(each) > _MOST_SHOWN else ""
            found.append(f"charged besides these pages: {', '.join(each[:_MOST_SHOWN])}{more}")
        if not self.saved:
            found.append("no saved counters beside the text: nothing tells whether the capture is whole")
        if self.environment.totalram_pages is None:
            found.append("nothing tells the machine's memory (NAME.env.txt): give --totalram to a replay")
        return found

    @property
    def whole(self) -> bool:
        """Tell whether nothing is known to be missing."""
        return self.finished and not (self.lost or self.missed or self.text.lost_marks or self.short)

    @property
    def short(self) -> list[Sum]:
        """Give the counters whose events are not all there; a probe that was not made is no loss while others are."""
        off = [each for each in self.sums if each.missing]
        return off if any(each.probed for each in off) else []


def missing_text(imported: ImportedCapture) -> list[str]:
    """Say what is missing of a capture, a line each; nothing where it is whole."""
    lines = []
    text = imported.text
    if not imported.finished:
        lines.append("the capture was killed: what came last is missing, and so are the counters of its end")
    if text.lost_marks or imported.lost:
        where = "lines of the text" if text.lost_marks else "the ring buffers"
        lines.append(
            f"{imported.lost:,} events were lost, as {where} say: after a loss no slot is known for certain"
        )
    if imported.missed:
        lines.append(f"{imported.missed:,} calls were missed by the probes, of which too many were under way")
    for each in imported.short:
        if each.missing > 0:
            what = f"{each.missing:,} of {each.kernel:,} are missing"
        else:
            what = f"{-each.missing:,} are too many"
        lines.append(
            f"{each.counter}: the kernel counted {each.kernel:,}, {each.captured:,} were captured: {what}"
        )
    return lines
