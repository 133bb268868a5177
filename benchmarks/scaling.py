"""Ten times the events: the time and the memory that a replay takes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.accesses import FAST, accesses, write_lengths_of, write_trace
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import settings
from benchmarks.measure import command, ratios, take_turns
from benchmarks.memory import memory_line
from benchmarks.sizes import Scale

TEN_TIMES = Target(10.5)
CONTENTS = 4096

_HOW = (
    "`zswap-replay run TRACE --lengths FILE --format json` as a process: the seconds that it says the replay took, "
    "reading included, and the peak of its resident memory (`ru_maxrss`). The pattern is `scan`. Once the events grow "
    "over the same pages, once the pages grow with them, up to a tenth of the events; caches of the processor then "
    "hold less and less of what is needed. With known lengths no bytes are kept, so the bound of memory is 150 MiB and "
    "64 bytes for each distinct page."
)


@dataclass
class _Step:
    """One trace, and the peaks of the processes that replayed it."""

    trace: Path
    arguments: list[str]
    touched: int
    peaks: list[int] = field(default_factory=list)

    def run(self) -> float:
        ended = command("run", str(self.trace), *self.arguments, "--format", "json")
        self.peaks.append(ended.peak)
        return float(json.loads(ended.output)["timing"]["total"])


def section(scale: Scale, folder: Path) -> Section:
    """Measure the section; each series of traces is deleted once it was replayed."""
    shown = Section("Ten times the events", _HOW)
    lengths = folder / "scaling-lengths.parquet"
    write_lengths_of(lengths, CONTENTS)
    growing = [min(events // 10, scale.most_pages) for events in scale.steps]
    for series, pages in (
        ("same pages", [scale.few_pages] * len(scale.steps)),
        ("growing pages", growing),
    ):
        steps = {
            events: _step(folder, lengths, events, number)
            for events, number in zip(scale.steps, pages, strict=True)
        }
        seconds = take_turns(scale.rounds, {str(events): partial(step.run) for events, step in steps.items()})
        for less, more in zip(scale.steps, scale.steps[1:], strict=False):
            what = f"{series}: {more:,} events ({steps[more].touched:,} pages) against {less:,}"
            shown.lines.append(Line(what, ratios(seconds[str(more)], seconds[str(less)]), TEN_TIMES))
        for events, step in steps.items():
            what = f"{series}: {events:,} events, peak memory"
            shown.lines.append(memory_line(what, max(step.peaks), step.touched, 0))
            step.trace.unlink()
    return shown


def _step(folder: Path, lengths: Path, events: int, pages: int) -> _Step:
    trace = folder / f"scaling-{events}.parquet"
    touched = write_trace(trace, accesses("scan", pages, events), CONTENTS, encoding=FAST)
    chosen = settings(touched, "patch-v4")
    arguments = ["--lengths", str(lengths), "-c", chosen.compressor, "--kernel", chosen.kernel]
    arguments += ["--totalram", str(chosen.totalram), "--max-pool-percent", str(chosen.max_pool_percent)]
    return _Step(trace, [*arguments, "--set", str(chosen.knobs[0])], touched)
