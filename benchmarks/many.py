"""Thousands of memcgs: what they add to an event, and what their own events take."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.accesses import FAST, STEP_NS, accesses, write_lengths_of, write_trace
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import settings
from benchmarks.measure import command, ratios, take_turns
from benchmarks.sizes import Scale
from zswap_replay import replay
from zswap_replay.trace.schema import SCHEMA
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import PAGE_SIZE

KERNEL = "6.12"
MANY = Target(1.3)
TIMELINE = Target(400)
PAGES_OF_EACH = 10
EVENTS_SECONDS = 10.0
"""For a million events of memcgs."""

_HOW = (
    "The accesses of the zipf pattern to the pages of one memcg and to those of many: the model's part of `replay()` "
    "with known lengths, by turns. Either one limit stands above all memcgs, or each has a share of it for its own, "
    "which makes the kernel store twice as many pages. Events of memcgs are creations, two limits written, "
    "and removals, over and over; the time is that of `zswap-replay run`, from its start to its end."
)
_TIMELINE_HOW = (
    "`zswap-replay run TRACE --interval TIME --timeline FILE` as a process, with known lengths: all counters of all "
    "memcgs at each interval."
)
_ABOVE = "/all"
"""The memcg above all others."""
_LIFE = ("memcg_create", "memcg_set", "memcg_set", "memcg_offline")
_LIMITS = ("4M", "8M")


def section(scale: Scale, folder: Path) -> Section:
    """Measure the section; its traces are made in ``folder``."""
    shown = Section("Many memcgs", _HOW)
    lengths = folder / "many-lengths.parquet"
    write_lengths_of(lengths, scale.zipf_pages)
    traces = {}
    for count in (1, scale.memcgs):
        paths = [f"{_ABOVE}/m{number}" for number in range(count)]
        traces[count] = folder / f"many-{count}.parquet", paths
        made = accesses("zipf", scale.zipf_pages, scale.accesses)
        write_trace(traces[count][0], made, scale.zipf_pages, paths, FAST)

    def model(count: int, of_each: bool) -> float:
        trace, paths = traces[count]
        limited = paths if of_each else [_ABOVE]
        timing = replay(trace, settings(scale.zipf_pages, KERNEL, str(lengths), limited)).timing
        assert timing is not None
        return timing.model

    kinds = {"one limit above all": False, "a limit on each": True}
    actions = {(name, count): partial(model, count, kinds[name]) for name in kinds for count in traces}
    seconds = take_turns(scale.long_rounds, actions)
    for name in kinds:
        what = f"an event with {scale.memcgs:,} memcgs against one with 1, {name}"
        shown.lines.append(Line(what, ratios(seconds[name, scale.memcgs], seconds[name, 1]), MANY))
    events = folder / "memcg-events.parquet"
    lived = write_memcg_events(events, scale.memcg_events, scale.memcgs)
    peaks = []

    def run() -> float:
        ended = command("run", str(events), "--format", "json", "--kernel", KERNEL)
        assert json.loads(ended.output)["manifest"]["trace"]["events"] == lived
        peaks.append(ended.peak)
        return ended.seconds

    taken = take_turns(1, {"run": run})["run"]
    target = Target(EVENTS_SECONDS * lived / 1e6)
    shown.lines.append(Line(f"{lived:,} events of memcgs", tuple(taken), target, unit="s"))
    shown.lines.append(Line(f"{lived:,} events of memcgs, peak memory", (max(peaks) / 2**20,), unit="MiB"))
    return shown


def timeline(scale: Scale, folder: Path) -> Section:
    """Measure what a timeline of many memcgs takes; its trace is made in ``folder``."""
    shown = Section("A timeline of many memcgs", _TIMELINE_HOW)
    trace, lengths = folder / "timeline.parquet", folder / "timeline-lengths.parquet"
    pages, count = scale.timeline_memcgs * PAGES_OF_EACH, scale.timeline_memcgs * PAGES_OF_EACH * 2
    write_lengths_of(lengths, pages)
    paths = [f"/m{number}" for number in range(scale.timeline_memcgs)]
    write_trace(trace, accesses("zipf", pages, count), pages, paths, FAST)
    interval = count * STEP_NS // scale.timeline_snapshots
    arguments = ["--lengths", str(lengths), "--kernel", KERNEL, "--totalram", str(pages * PAGE_SIZE)]
    arguments += ["--interval", f"{interval}ns", "--timeline", str(folder / "out.parquet"), "--no-timing"]
    ended = command("run", str(trace), *arguments)
    size = f"{scale.timeline_memcgs:,} memcgs, {scale.timeline_snapshots:,} snapshots"
    shown.lines.append(Line(f"{size}, peak memory", (ended.peak / 2**20,), TIMELINE, unit="MiB"))
    shown.lines.append(Line(f"{size}, the run", (ended.seconds,), unit="s"))
    return shown


def write_memcg_events(path: Path, events: int, memcgs: int) -> int:
    """Write lives of memcgs by turns; return the number of events, that of whole lives."""
    lives = events // len(_LIFE)
    count = lives * len(_LIFE)
    step = np.tile(np.arange(len(_LIFE), dtype=np.int32), lives)
    writes = step % 3 != 0
    paths = pa.array([f"/m{number}" for number in range(memcgs)])
    life = (np.arange(count, dtype=np.int64) // len(_LIFE) % memcgs).astype(np.int32)
    columns: dict[str, Any] = {
        "time_ns": pa.array(np.arange(count, dtype=np.uint64) * np.uint64(1000)),
        "event": pa.DictionaryArray.from_arrays(step, pa.array(list(_LIFE))),
        "memcg": pa.DictionaryArray.from_arrays(life, paths),
        "key": pa.array(np.where(writes, "memory.max", ""), pa.string(), mask=~writes),
        "value": pa.array(np.where(step == 1, *_LIMITS), pa.string(), mask=~writes),
    }
    arrays = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in SCHEMA
    ]
    with TraceWriter(path) as writer:
        writer.write(pa.table(arrays, schema=SCHEMA))
    return count
