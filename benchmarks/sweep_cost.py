"""The cost of a sweep of 24 points against that of one run: wall clock, by turns, and the parts of it.

    python benchmarks/sweep_cost.py [ROUNDS]

Each round starts both as processes of their own: ``run`` of a bundled trace under the limits of traces/demo.sh, then
``sweep`` of it over 2 compressors, 2 kernels, 3 sizes of the pool and 2 limits of a memcg. The target: a sweep takes at
most 3 times a run and the time of its codecs, which is what it spent on making, compressing and checking pages. Where
other programs keep the machine busy, seconds of the processor tell more than the wall clock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

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


def timed(*arguments: str) -> tuple[float, float, str]:
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


def main(rounds: int) -> None:
    """Measure ``rounds`` rounds, and print medians and their ratios."""
    runs, starts, sweeps, single = [], [], [], []
    parts: dict[str, list[float]] = {"codecs": [], "model": [], "read": []}
    with TemporaryDirectory() as folder:
        for place in range(rounds):
            runs.append(timed(*RUN)[:2])
            starts.append(timed(*RUN, "--max-events", "1")[0])
            wall, _, text = timed(*SWEEP, "-o", f"{folder}/{place}.parquet")
            rows = json.loads(text)["rows"]
            assert len(rows) == POINTS
            sweeps.append(wall)
            _, cpu, text = timed(*SWEEP, "--jobs", "1")
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
