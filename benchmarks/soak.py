"""A long replay over thousands of memcgs that come and go, counted again on the way: does its memory stay flat?

As a command it replays what ``section`` made: ``python -m benchmarks.soak TRACE LENGTHS EVERY`` prints resident memory.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.accesses import write_lengths_of
from benchmarks.lines import Line, Section, Target
from benchmarks.measure import process
from benchmarks.sizes import Scale
from zswap_replay.replay.loop import replay
from zswap_replay.trace.schema import SCHEMA, Event
from zswap_replay.trace.writer import TraceWriter

PAGES = 100
"""Pages of a memcg."""
LIVES = 3
"""Memcgs that die and are made again, in hundredths of all, in the time of a million events."""
CONTENTS = 4096
CHUNK = 1_000_000
TOTALRAM_PAGES_PER_MEMCG = 60

_HOW = (
    "`replay()` in a process of its own, of a trace of reads, writes, page-outs and discards of random pages of random "
    f"memcgs, {PAGES} pages each, in which memcgs are removed and made again; RAM has room for "
    f"{TOTALRAM_PAGES_PER_MEMCG} pages of each. Everything is counted again after each `self_check` events; a miscount "
    "would end it. Flat is the resident memory at the end against that after the first fifth."
)


def section(scale: Scale, folder: Path) -> Section:
    """Measure the section."""
    shown = Section("Soak", _HOW)
    trace, lengths = folder / "soak.parquet", folder / "soak-lengths.parquet"
    write_lengths_of(lengths, CONTENTS)
    removed = write_trace(trace, scale.soak_events, scale.soak_memcgs)
    every = max(scale.soak_events // 100, 1)
    ended = process("-m", "benchmarks.soak", str(trace), str(lengths), str(every), str(scale.soak_memcgs))
    told = json.loads(ended.output)
    resident: list[int] = told["resident"]
    flat = resident[-1] / resident[len(resident) // 5]
    size = f"{scale.soak_events:,} events over {scale.soak_memcgs:,} memcgs"
    shown.lines.append(Line(f"{size}, resident memory at the end", (flat,), Target(1.1)))
    shown.lines.append(Line(f"{size}, peak", (ended.peak / 2**20,), unit="MiB"))
    shown.lines.append(Line(f"{size}, with its checks", (told["seconds"],), unit="s"))
    shown.facts.append(f"{removed:,} memcgs were removed, {told['checks']} times all was counted again")
    return shown


def write_trace(path: Path, events: int, memcgs: int) -> int:
    """Write the trace; return how many memcgs are removed in it."""
    random = np.random.default_rng(4)
    paths = pa.array([f"/m{number}" for number in range(memcgs)])
    removed = made = 0
    with TraceWriter(path) as writer:
        writer.write(_lives(0, paths, np.arange(memcgs), born=True))
        while made < events:
            count = min(CHUNK, events - made)
            writer.write(_accesses(random, made, count, paths))
            made += count
            if made < events:
                dying = random.choice(memcgs, memcgs * LIVES // 100, replace=False)
                writer.write(_lives(made, paths, np.sort(dying), born=False))
                removed += len(dying)
    return removed


def _accesses(random: np.random.Generator, first: int, count: int, paths: pa.Array[Any]) -> pa.Table:
    kinds = (Event.READ, Event.WRITE, Event.PAGEOUT, Event.DISCARD)
    event = random.choice(4, count, p=(0.55, 0.25, 0.18, 0.02)).astype(np.int32)
    content = random.integers(0, CONTENTS, count, np.uint64)
    given = event == kinds.index(Event.WRITE)
    untold = event == kinds.index(Event.READ)  # a first touch must hold something: its number
    page = (random.random(count) ** 2 * PAGES).astype(np.uint64)
    columns = {
        "event": _texts(event, [kind.name.lower() for kind in kinds]),
        "memcg": pa.DictionaryArray.from_arrays(random.integers(0, len(paths), count, np.int32), paths),
        "page": pa.array(page),
        "content": pa.array(np.where(given, content, page), pa.uint64(), mask=~(given | untold)),
    }
    return _table(first, count, columns)


def _lives(first: int, paths: pa.Array[Any], memcgs: npt.NDArray[np.int64], *, born: bool) -> pa.Table:
    """Make the rows that free and remove memcgs and make them again, or that make them the first time."""
    names = ["memcg_create"] if born else ["discard", "memcg_offline", "memcg_create"]
    count = len(memcgs) * len(names)
    event = np.tile(np.arange(len(names), dtype=np.int32), len(memcgs))
    frees = event == (-1 if born else 0)
    columns = {
        "event": _texts(event, names),
        "memcg": pa.DictionaryArray.from_arrays(np.repeat(memcgs, len(names)).astype(np.int32), paths),
        "page": pa.array(np.zeros(count, np.uint64), pa.uint64(), mask=~frees),
        "count": pa.array(np.full(count, PAGES, np.uint32), pa.uint32(), mask=~frees),
    }
    return _table(first, count, columns)


def _texts(codes: npt.NDArray[np.int32], names: list[str]) -> pa.Array[Any]:
    return pa.DictionaryArray.from_arrays(codes, pa.array(names))


def _table(first: int, count: int, columns: dict[str, Any]) -> pa.Table:
    """Make rows of the columns given, a microsecond apart from an access on; the other columns are null."""
    time_ns = np.full(count, first, np.uint64) * np.uint64(1000)
    found: dict[str, Any] = {"time_ns": pa.array(time_ns), **columns}
    arrays = [
        found[field.name].cast(field.type) if field.name in found else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def main(trace: str, lengths: str, every: int, memcgs: int) -> None:
    """Replay, and print as JSON the seconds, the checks, and the resident memory in bytes on the way."""
    resident: list[int] = []
    started = perf_counter()

    def note(*_: object) -> None:
        resident.append(_resident())

    result = replay(
        trace,
        kernel="6.12",
        lengths=lengths,
        totalram=memcgs * TOTALRAM_PAGES_PER_MEMCG * 4096,
        self_check=every,
        progress=note,
    )
    checks = result.manifest.trace["events"]
    assert isinstance(checks, int)
    print(json.dumps({"seconds": perf_counter() - started, "checks": checks // every, "resident": resident}))


def _resident() -> int:
    """Return the resident memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
