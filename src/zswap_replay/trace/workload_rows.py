"""The rows of a workload: a stream of tables, equal however many rows are made at a time."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import SettingsError
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.patterns import ZIPF_BYTES, HotCold, HotScan, Pattern, Scan, Stride, Uniform, Zipf
from zswap_replay.trace.schema import SCHEMA, with_ancestors
from zswap_replay.trace.workload import NUMBER, RESTART, Access, Phase, Region, Scheduled, Workload
from zswap_replay.trace.writer import TraceWriter, page_rows
from zswap_replay.units import format_size

DEFAULT_BATCH_ROWS = 1 << 18
"""Accesses that are made at a time by default."""

_MOST_PAGES_OF_A_ROW = (1 << 32) - 1

_ORDER = (1 << 32) - 1
"""What stands in the place of a phase in the seed of what holds for all phases."""

_Row = dict[str, str | int | None]
_Generators = Callable[[int], np.random.Generator]


@dataclass
class _Stream:
    """The accesses of one kind in a phase: where they go, and the generators behind them."""

    memcg: str
    region: Region
    pattern: Pattern
    write_share: float
    writes: np.random.Generator

    def take(self, length: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
        """Return the pages and the event codes of the next accesses."""
        pages = self.pattern.take(length) + np.uint64(self.region.first)
        # WRITE is READ + 1
        return pages, (self.writes.random(length) < self.write_share).astype(np.int32)


def generate_workload(
    workload: Workload,
    output: str | os.PathLike[str],
    *,
    seed: int | None = None,
    events: int | None = None,
    batch_rows: int = DEFAULT_BATCH_ROWS,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the trace of a workload, and return its number of rows.

    `seed` takes the place of the workload's own. With `events` its phases are made longer or shorter in proportion, to
    that many accesses in all. `batch_rows` accesses are in memory at a time; no row depends on it. `progress` is told
    the accesses written and the accesses in all.

    Raises SettingsError: the workload cannot be made so, or the output exists where not `overwrite`; TraceError: the
    output cannot be written.
    """
    if seed is not None:
        workload = replace(workload, seed=seed)
    if events is not None:
        workload = replace(workload, phases=_scaled(workload.phases, events))
    _check(workload)
    metadata = TraceMetadata(
        totalram_pages=workload.totalram_pages,
        nodes=workload.nodes if workload.nodes > 1 else None,
        origin=f"workload {os.path.basename(workload.source)}: seed {workload.seed}, {workload.events:,} accesses",
    )
    memcgs = _Memcgs(workload)
    with TraceWriter(output, metadata, overwrite=overwrite) as writer:
        writer.write(_table(memcgs.start()))
        scheduled = _Schedule(workload, memcgs)
        made = 0
        for time_ns, table in _page_tables(workload, batch_rows):
            for part in scheduled.interleave(time_ns, table):
                writer.write(part)
            made += len(time_ns)
            if progress is not None:
                progress(made, workload.events)
        rest = scheduled.rest()
        if rest:
            writer.write(_table(rest))
    return writer.rows


def _scaled(phases: tuple[Phase, ...], events: int) -> tuple[Phase, ...]:
    """Multiply phases to `events` accesses in all. Raises SettingsError: that is none."""
    if events < 1:
        raise SettingsError(f"events is {events}: expected 1 or more")
    whole = sum(phase.events for phase in phases)
    found = []
    before = taken = 0
    for phase in phases:
        before += phase.events
        end = before * events // whole
        found.append(replace(phase, events=end - taken))
        taken = end
    return tuple(found)


def _check(workload: Workload) -> None:
    """Refuse what would not fit. Raises SettingsError."""
    if workload.whole_ns >= 1 << 64:
        raise SettingsError(
            f"{workload.source}: the clock would pass 2^64 ns; expected fewer events, or shorter steps"
        )
    zipf = sum(
        workload.regions[access.region].pages * workload.memcgs[workload.regions[access.region].memcg].copies
        for access in {id(access): access for phase in workload.phases for access in phase.accesses}.values()
        if access.pattern == "zipf"
    )
    free = available_memory()
    if zipf * ZIPF_BYTES > free:
        raise SettingsError(
            f"{workload.source}: zipf over {zipf:,} pages keeps {ZIPF_BYTES} bytes for each, "
            f"{format_size(zipf * ZIPF_BYTES)}; expected what fits in memory, of which {format_size(free)} are free"
        )
    whole = workload.whole_ns
    for each in workload.schedule:
        if each.at.of(whole) > whole:
            raise SettingsError(
                f"{workload.source}: {each.where}.at: found {each.at.of(whole)} ns; expected a time within the "
                f"workload, which ends after {whole} ns"
            )


def _page_tables(workload: Workload, batch_rows: int) -> Iterator[tuple[npt.NDArray[np.uint64], pa.Table]]:
    """Yield the accesses, a batch at a time, with their times."""
    start_ns = 0
    for number, phase in enumerate(workload.phases):
        seeds = partial(_generator, workload.seed, number)
        kinds = list(_streams(workload, phase, seeds))
        streams = [stream for stream, _ in kinds]
        weights = np.cumsum([weight for _, weight in kinds])
        weights /= weights[-1]
        choice = seeds(0, 0)
        for first in range(0, phase.events, batch_rows):
            length = min(batch_rows, phase.events - first)
            time_ns = np.arange(first, first + length, dtype=np.uint64) * np.uint64(phase.step_ns)
            time_ns += np.uint64(start_ns)
            chosen = np.searchsorted(weights, choice.random(length), side="right").clip(max=len(streams) - 1)
            yield time_ns, _rows(time_ns, chosen, streams)
        start_ns += phase.events * phase.step_ns


def _rows(time_ns: npt.NDArray[np.uint64], chosen: npt.NDArray[np.intp], streams: list[_Stream]) -> pa.Table:
    """Take the next accesses of each stream as they were chosen."""
    pages = np.empty(len(time_ns), np.uint64)
    events = np.empty(len(time_ns), np.int32)
    order = np.argsort(chosen, kind="stable")
    ends = np.cumsum(np.bincount(chosen, minlength=len(streams)))
    for number, stream in enumerate(streams):
        at = order[ends[number - 1] if number else 0 : ends[number]]
        if len(at):
            pages[at], events[at] = stream.take(len(at))
    paths = list(dict.fromkeys(stream.memcg for stream in streams))
    of_stream = np.array([paths.index(stream.memcg) for stream in streams], np.int32)
    table = page_rows(time_ns, events, pages, (of_stream[chosen], paths))
    nodes = np.array([stream.region.node for stream in streams], np.uint8)
    if nodes.any():
        place = SCHEMA.get_field_index("node")
        table = table.set_column(place, SCHEMA.field(place), pa.array(nodes[chosen]))
    return table


def _generator(seed: int, phase: int, kind: int, purpose: int) -> np.random.Generator:
    """Make the generator of one purpose of one kind of accesses, from 1 on, or of the choice between them, 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, phase, kind, purpose))))


def _streams(
    workload: Workload, phase: Phase, seeds: Callable[[int, int], np.random.Generator]
) -> Iterator[tuple[_Stream, float]]:
    """Yield the streams of a phase, one for each copy of a memcg, with their weights."""
    numbers = count(1)
    names = list(workload.regions)
    for access in phase.accesses:
        region = workload.regions[access.region]
        memcg = workload.memcgs[region.memcg]
        for copy, path in enumerate(memcg.paths()):
            generators = partial(seeds, next(numbers))
            # which pages of a region are the popular ones is the same in all phases
            order = _generator(workload.seed, _ORDER, names.index(access.region), copy)
            pattern = _pattern(access, region, generators, order)
            stream = _Stream(path, region, pattern, access.write_share, generators(0))
            yield stream, access.weight / memcg.copies


def _pattern(access: Access, region: Region, generators: _Generators, order: np.random.Generator) -> Pattern:
    given, pages = access.parameters, region.pages
    match access.pattern:
        case "zipf":
            return Zipf(pages, given["skew"], generators(1), order)
        case "uniform":
            return Uniform(pages, generators(1))
        case "scan":
            return Scan(pages)
        case "stride":
            return Stride(pages, int(given["stride"]))
        case "hot-scan":
            return HotScan(pages, given["hot_share"], generators(1), generators(2))
        case _:
            every, by = int(given["shift_every"]), int(given["shift_by"])
            three = (generators(1), generators(2), generators(3))
            return HotCold(pages, given["hot_share"], given["hot_weight"], every, by, three)


class _Memcgs:
    """The memcgs of a workload as its rows make and remove them."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._table = MemcgTable([])

    def start(self) -> list[_Row]:
        """Return the rows that make the memcgs which are there from the start, ancestors first."""
        rows: list[_Row] = []
        for memcg in self._workload.memcgs.values():
            if memcg.create:
                for path in memcg.paths():
                    rows += self._made(path, memcg.path)
        return [{"time_ns": 0, **row} for row in rows]

    def rows(self, each: Scheduled, copy: int) -> list[_Row]:
        """Return the rows of a scheduled event, without their time. Raises SettingsError: there can be none now."""
        event = each.event
        if event in ("pageout", "discard"):
            region = self._workload.regions[str(each.region)]
            return list(_on_pages(event, region.memcg.replace(NUMBER, str(copy)), region))
        if each.memcg is None:
            return [{"event": event, "key": each.key, "value": each.value}]
        path = each.memcg.replace(NUMBER, str(copy))
        if event == "memcg_create":
            return self._made(path, each.memcg, each)
        if event == "memcg_offline":
            return self._removed(path, each)
        if event == RESTART:
            return self._restarted(path, each)
        self._check(each, path, None if self._is_live(path) else ("which is not there", "a live memcg"))
        return [{"event": event, "memcg": path, "key": each.key, "value": each.value}]

    def _made(self, path: str, declared: str, each: Scheduled | None = None) -> list[_Row]:
        """Make a memcg and the ancestors that are not there, and write to the files of all."""
        rows: list[_Row] = []
        for above in with_ancestors(path):
            if above != path and self._is_live(above):
                continue
            if above == path and each is None and self._is_live(path):
                continue
            fault = self._table.create(self._table.intern(above))
            if each is not None:
                self._check(each, above, fault)
            rows.append({"event": "memcg_create", "memcg": above})
            memcg = self._workload.memcgs.get(declared if above == path else above)
            for key, value in memcg.limits if memcg is not None else ():
                rows.append({"event": "memcg_set", "memcg": above, "key": key, "value": value})
        return rows

    def _removed(self, path: str, each: Scheduled) -> list[_Row]:
        self._check(each, path, self._table.remove(self._table.intern(path)))
        return [{"event": "memcg_offline", "memcg": path}]

    def _restarted(self, path: str, each: Scheduled) -> list[_Row]:
        rows: list[_Row] = []
        if not each.keep:
            for region in self._workload.regions.values():
                if region.memcg == each.memcg:
                    rows += _on_pages("discard", path, region)
        return [*rows, *self._removed(path, each), *self._made(path, str(each.memcg), each)]

    def _is_live(self, path: str) -> bool:
        return self._table.is_live(self._table.intern(path))

    def _check(self, each: Scheduled, path: str, fault: tuple[str, str] | None) -> None:
        if fault:
            raise SettingsError(
                f"{self._workload.source}: {each.where}: found {each.event} of {path}, {fault[0]}; expected {fault[1]}"
            )


def _on_pages(event: str, memcg: str, region: Region) -> Iterator[_Row]:
    """Yield the rows of an event that is about all pages of a region."""
    end = region.first + region.pages
    for first in range(region.first, end, _MOST_PAGES_OF_A_ROW):
        yield {
            "event": event,
            "memcg": memcg,
            "page": first,
            "count": min(end - first, _MOST_PAGES_OF_A_ROW),
        }


def _times_of_copy(
    at: int, every: int, numbers: range, place: int, copy: int
) -> Iterator[tuple[int, int, int]]:
    return ((at + number * every, place, copy) for number in numbers)


class _Schedule:
    """The scheduled events, taken in order of time; of those at one time the one that the file has first."""

    def __init__(self, workload: Workload, memcgs: _Memcgs) -> None:
        self._whole = workload.whole_ns
        self._memcgs = memcgs
        self._workload = workload
        self._times = heapq.merge(
            *(self._times_of(place, each) for place, each in enumerate(workload.schedule))
        )
        self._next = next(self._times, None)

    def _times_of(self, place: int, each: Scheduled) -> Iterator[tuple[int, int, int]]:
        """Yield the times of an event, with its place in the file and the copy that it is for."""
        path = self._workload.regions[each.region].memcg if each.region is not None else each.memcg
        copies = self._workload.memcgs[path].copies if path in self._workload.memcgs else 1
        at, stagger = each.at.of(self._whole), each.stagger.of(self._whole)
        every = max(each.every.of(self._whole), 1) if each.every is not None else 0
        last = (self._whole - at) // every if every else 0
        numbers = range(1 + (last if each.times is None else min(last, each.times - 1)))
        # the last copies of a round may come after the first ones of the next
        return heapq.merge(
            *(_times_of_copy(at + copy * stagger, every, numbers, place, copy) for copy in range(copies))
        )

    def interleave(self, time_ns: npt.NDArray[np.uint64], table: pa.Table) -> Iterator[pa.Table]:
        """Yield a table of accesses in parts, and between them the events that come before the rest of it."""
        taken = 0
        while self._next is not None and self._next[0] <= int(time_ns[-1]):
            at = int(np.searchsorted(time_ns, np.uint64(self._next[0]), side="left"))
            if at > taken:
                yield table.slice(taken, at - taken)
                taken = at
            until = int(time_ns[at])
            yield _table(self._rows_up_to(until))
        yield table.slice(taken)

    def rest(self) -> list[_Row]:
        """Return the rows of the events that come after the last access, those past the end left out."""
        return self._rows_up_to(self._whole)

    def _rows_up_to(self, until: int) -> list[_Row]:
        rows: list[_Row] = []
        while self._next is not None and self._next[0] <= until:
            at, place, copy = self._next
            rows += [
                {"time_ns": at, **row} for row in self._memcgs.rows(self._workload.schedule[place], copy)
            ]
            self._next = next(self._times, None)
        return rows


def _table(rows: list[_Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)
