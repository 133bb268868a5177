"""A replay that says how it got on: ``python -m benchmarks.paced TRACE LENGTHS PAGES [EVENTS]`` prints JSON.

Known to it are all lengths, and the settings are those of benchmarks.machines.settings(). At each hundredth of the
events it notes the seconds since its start and the resident memory of its process, in bytes.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from benchmarks.machines import settings
from zswap_replay.replay.loop import replay
from zswap_replay.trace.reader import DEFAULT_BATCH_ROWS, open_trace

STEPS = 100
KERNEL = "patch-v4"


def main(trace: str, lengths: str, pages: int, events: int | None = None) -> None:
    """Replay a trace, or its first ``events`` events, and print the figures."""
    seconds: list[float] = []
    resident: list[int] = []
    started = perf_counter()

    def note(done: int, total: int) -> None:
        while len(seconds) < done * STEPS // total:
            seconds.append(perf_counter() - started)
            resident.append(resident_memory())

    rows = events or open_trace(trace).num_rows
    chosen = replace(settings(pages, KERNEL, lengths), max_events=events)
    replay(trace, chosen, progress=note, batch_rows=max(min(rows // STEPS, DEFAULT_BATCH_ROWS), 1))
    print(json.dumps({"seconds": seconds, "resident": resident}))


def resident_memory() -> int:
    """Return the resident memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
