"""The cost of a sweep of 24 points against that of one run: wall clock, by turns, and the parts of it.

    python -m benchmarks.sweep_cost [ROUNDS]

Each round starts both as processes of their own: ``run`` of a bundled trace under the limits of traces/demo.sh, then
``sweep`` of it over 2 compressors, 2 kernels, 3 sizes of the pool and 2 limits of a memcg. The target: a sweep takes at
most 3 times a run and the time of its codecs, which is what it spent on making, compressing and checking pages. Where
other programs keep the machine busy, seconds of the processor tell more than the wall clock.

``sections`` is what `make bench` shows: sweeps of as many points over a long trace, with known lengths.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.accesses import FAST, MEMCG, PATTERNS, accesses, write_lengths_of, write_trace
from benchmarks.busy import conditions
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import COMPRESSOR
from benchmarks.measure import command, take_turns, timed
from benchmarks.sizes import Scale
from zswap_replay import open_trace, replay
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.location import locate
from zswap_replay.trace.reader import TraceReader
from zswap_replay.units import PAGE_SIZE

LONG = Target(1.15)
KERNELS = ("patch-v4", "6.12")
SHARES = tuple(percent / 100 for percent in range(65, 77))
"""Of the pages, those for which there is memory."""

_HOW = (
    "`zswap-replay sweep` of 24 points (2 kernels, 12 limits of a memcg) with a file of lengths, "
    "as a process, from its start to its end. It is held against 24 times the model's time for a point, by the number "
    "of cores, and one reading of the trace: the mean of the model's times of four points, replayed one after the "
    "other in one process from rows that were decoded before. Each looks up the pages of the events itself, as the "
    "replay of a `run` does; the points of a sweep share that. Less is better."
)

ROOT = Path(__file__).parents[1]
LIMITS = ["--totalram", "64M", "--set", "/build:memory.max=6M", "--set", "/db:memory.max=6M"]
RUN = ["run", "traces/two-tenants.parquet", *LIMITS, "--max-pool-percent", "5"]
RUN += ["--set", "/build:memory.zswap.max=1M", "--format", "json"]
SWEEP = ["sweep", "traces/two-tenants.parquet", *LIMITS, "-c", "zstd,lz4", "--kernel", "patch-v4,6.12"]
SWEEP += [
    "--max-pool-percent",
    "3,5,8",
    "--set",
    "/build:memory.zswap.max=512K,1M",
    "--format",
    "json",
    "--timing",
]
POINTS = 24
TARGET = 3.0
PARTS = {"codecs": ("payload", "compress", "decompress"), "model": ("model",), "read": ("read",)}


def measured(*arguments: str) -> tuple[float, float, str]:
    """Run the command; return seconds of the wall clock, seconds of processor of all processes, and the output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "zswap_replay", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    wall = perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def sections(scale: Scale, folder: Path) -> list[Section]:
    """Measure the sections; their traces are made in ``folder``."""
    sweeps = [_LongSweep(name, scale, folder) for name in PATTERNS]
    found = []
    for condition in conditions(scale):
        section = Section(condition.title("A sweep of 24 points"), _HOW)
        for each in sweeps:
            each.add_lines(section, condition.of_long(scale.long_rounds))
        found.append(section)
    return found


class _Decoded(TraceReader):
    """A reader of rows that were decoded before: they come as those of a file do, whose pages nobody has looked up."""

    def __init__(self, trace: str) -> None:
        super().__init__(locate(trace), strict=False)
        self.choose_digests()
        self._batches_read = list(super().batches())

    def batches(self, batch_rows: int | None = None) -> Iterator[Batch]:
        yield from self._batches_read


class _LongSweep:
    """A sweep over a trace of a pattern, and the parts of its time."""

    def __init__(self, name: str, scale: Scale, folder: Path) -> None:
        self.name = name
        self.pages = scale.pages(name)
        self.trace, self.lengths = str(folder / f"{name}.parquet"), str(folder / f"{name}-lengths.parquet")
        write_trace(Path(self.trace), accesses(name, self.pages, scale.accesses), self.pages, encoding=FAST)
        write_lengths_of(Path(self.lengths), self.pages)

    def add_lines(self, section: Section, rounds: int) -> None:
        reader = _Decoded(self.trace)

        def model() -> float:
            return mean(
                self._alone(reader, kernel, share)
                for kernel in KERNELS
                for share in SHARES[:: len(SHARES) - 1]
            )

        seconds = take_turns(
            rounds,
            {
                "sweep": self._sweep,
                "model": model,
                "reading": lambda: timed(self._read),
            },
        )
        cores = len(os.sched_getaffinity(0))
        parts = zip(seconds["sweep"], seconds["model"], seconds["reading"], strict=True)
        against = tuple(whole / (POINTS * one / cores + reading) for whole, one, reading in parts)
        events = reader.num_rows
        section.lines.append(Line(f"{self.name}, against its model and one reading", against, LONG))
        section.lines.append(Line(f"{self.name}, the sweep", tuple(seconds["sweep"]), unit="s"))
        section.lines.append(Line(f"{self.name}, the model of a point", tuple(seconds["model"]), unit="s"))
        section.lines.append(Line(f"{self.name}, reading", tuple(seconds["reading"]), unit="s"))
        section.facts.append(f"{self.name}: {events:,} events, {cores} cores")

    def _alone(self, reader: TraceReader, kernel: str, share: float) -> float:
        settings = Settings(
            kernel=kernel,
            compressor=COMPRESSOR,
            totalram=self.pages * 4 * PAGE_SIZE,
            max_pool_percent=100,
            lengths=self.lengths,
            knobs=(KnobWrite(MEMCG, "memory.max", self._limit(share)),),
        )
        timing = replay(self.trace, settings, reader=reader).timing
        assert timing is not None
        return timing.model

    def _read(self) -> None:
        reader = open_trace(self.trace)
        reader.choose_digests()
        reader.digests()

    def _sweep(self) -> float:
        arguments = ["-c", COMPRESSOR, "--kernel", ",".join(KERNELS), "--lengths", self.lengths]
        arguments += ["--totalram", str(self.pages * 4 * PAGE_SIZE)]
        arguments += ["--max-pool-percent", "100"]
        arguments += ["--set", f"{MEMCG}:memory.max={','.join(str(self._limit(share)) for share in SHARES)}"]
        ended = command("sweep", self.trace, *arguments, "--format", "json")
        rows = json.loads(ended.output)["rows"]
        if len(rows) != POINTS:
            raise RuntimeError(f"{self.name}: found {len(rows)} rows; expected {POINTS}")
        return ended.seconds

    def _limit(self, share: float) -> int:
        return int(self.pages * share) * PAGE_SIZE


def main(rounds: int) -> None:
    """Measure ``rounds`` rounds, and print medians and their ratios."""
    runs, starts, sweeps, single = [], [], [], []
    parts: dict[str, list[float]] = {"codecs": [], "model": [], "read": []}
    with TemporaryDirectory() as folder:
        for place in range(rounds):
            runs.append(measured(*RUN)[:2])
            starts.append(measured(*RUN, "--max-events", "1")[0])
            wall, _, text = measured(*SWEEP, "-o", f"{folder}/{place}.parquet")
            rows = json.loads(text)["rows"]
            assert len(rows) == POINTS
            sweeps.append(wall)
            _, cpu, text = measured(*SWEEP, "--jobs", "1")
            rows = json.loads(text)["rows"]
            single.append(cpu)
            for part, names in PARTS.items():
                parts[part].append(sum(row[f"timing.{name}"] for row in rows for name in names))
    codecs = parts["codecs"]
    run, cpu = (median(values) for values in zip(*runs, strict=True))
    wall_ratio = median(
        (whole - own) / one for whole, own, (one, _) in zip(sweeps, codecs, runs, strict=True)
    )
    cpu_ratio = median((whole - own) / one for whole, own, (_, one) in zip(single, codecs, runs, strict=True))
    print(f"rounds {rounds}, cores {len(os.sched_getaffinity(0))}, medians")
    print(
        f"run                       {run:7.3f} s   of which {median(starts):.3f} s to start and replay one event"
    )
    print(f"sweep of {POINTS} points        {median(sweeps):7.3f} s   {median(sweeps) / run:.2f} runs")
    print(f"  less its codecs                     {wall_ratio:.2f} runs   target: at most {TARGET:g}")
    print(f"run, processor            {cpu:7.3f} s")
    print(f"sweep --jobs 1, processor {median(single):7.3f} s   {median(single) / cpu:.2f} runs")
    print(f"  less its codecs                     {cpu_ratio:.2f} runs   target: at most {TARGET:g}")
    for part in PARTS:
        print(f"  {part:<8}                {median(parts[part]):7.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
