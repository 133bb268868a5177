"""Cutting a trace: the rows between two places, with a prologue that puts memcgs and pages where they were."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import SettingsError
from zswap_replay.files import check_output
from zswap_replay.lib.columns import ULONGLONG, column
from zswap_replay.replay.annotate import MemcgsAlone, PagesAlone
from zswap_replay.replay.controls import Controls, ignore
from zswap_replay.replay.from_settings import make_machine
from zswap_replay.replay.listener import NoListener
from zswap_replay.replay.loop import Loop, Replay
from zswap_replay.replay.shares import resolved
from zswap_replay.replay.warm_state import Knobs, WarmState
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.encode import batch_table, value_text
from zswap_replay.trace.events import WORKER_BEGIN, WORKER_END
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.schema import Event
from zswap_replay.trace.shift import parse_time
from zswap_replay.trace.writer import TraceWriter

_PIECE = 1 << 14
"""Rows that are looked at together: writes of many pages become a row a page."""


@dataclass(frozen=True)
class Between:
    """Which rows are kept: from a time or row on, up to another, which is not among them; None: from end to end.

    `first` and `end` are times as texts: a duration counts from the trace's first row on (``10s``), a number is a time
    of its clock, in ns. `rows` are the most that are kept, counted from the first.
    """

    first: str | None = None
    end: str | None = None
    first_row: int = 0
    end_row: int | None = None
    rows: int | None = None


@dataclass(frozen=True)
class CutSummary:
    """What a cut came to."""

    rows: int
    """Rows of the trace that were kept."""
    prologue_rows: int
    pages: int
    """Pages that the prologue puts where they were."""
    before: int
    """Rows of the trace before the first that was kept."""


def cut(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    between: Between,
    settings: Settings,
    *,
    warm_rows: int = 0,
    strict: bool = False,
    overwrite: bool = False,
    batch_rows: int | None = None,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CutSummary:
    """Write the rows of a trace between two places, after a prologue that brings a machine to where it was by then.

    The rows before the first one are replayed under `settings`. The prologue makes the memcgs that there were, puts
    each page on the swap device, into zswap or into memory, in the order of the lists that they were on, and writes the
    knobs that the trace wrote. After it come the last `warm_rows` rows before the first one, as they were. The metadata
    count these rows, and a replay counts nothing in them. Contents that the trace does not name are named from there
    on, since they follow from how often a page was written to before.

    A trace that is cut at its end alone has no prologue, and its rows are as they were.

    Memory holds the pages of the machine and a batch of rows. `progress` is told the rows done and the rows in all.

    Raises TraceError: a trace that cannot be read; SettingsError: settings that do not fit it, no row between the
    places, or an output that is an input or, without `overwrite`, exists; and what a replay raises.
    """
    reader = open_trace(trace, strict=strict)
    inputs = [*trace_files(trace), *settings.files()]
    check_output(output, inputs=inputs, overwrite=overwrite, regular=True)
    first, end = _rows_between(reader, between, batch_rows)
    if first >= end:
        raise SettingsError(
            f"{os.fspath(trace)}: found no row between the two places; expected some of its {reader.num_rows:,} rows, "
            "from the first one to before the last one"
        )
    known = reader.metadata
    origin = f"rows {first} to {end - 1} of {known.origin or os.path.basename(os.fspath(trace))}"
    told = progress or ignore
    prologue: list[pa.Table] = []
    pages, prologue_rows = 0, None
    batches = _batches(reader, batch_rows, end)
    rest: Iterator[pa.Table]
    if first:
        cutter = _Cutter(os.fspath(trace), reader, settings, notes or ignore)
        prologue, pages = cutter.prologue(batches, first, min(warm_rows, first), lambda done: told(done, end))
        prologue_rows = sum(table.num_rows for table in prologue)
        rest = cutter.tables(batches)
    else:
        if known.prologue_rows is not None:
            prologue_rows = min(known.prologue_rows, end)
        rest = (_table(batch, reader) for batch in batches)
    written = 0
    with TraceWriter(
        output, replace(known, origin=origin, prologue_rows=prologue_rows), inputs=inputs, overwrite=overwrite
    ) as writer:
        for table in prologue:
            writer.write(table)
        for table in rest:
            writer.write(table)
            written += table.num_rows
            told(min(first + written, end), end)
    return CutSummary(end - first, prologue_rows or 0, pages, first)


def _batches(reader: TraceReader, batch_rows: int | None, end: int) -> Iterator[Batch]:
    """Read the rows before `end`, a few at a time."""
    for batch in reader.batches(batch_rows):
        stop = min(len(batch), end - batch.first_row)
        for start in range(0, stop, _PIECE):
            yield batch.part(start, min(start + _PIECE, stop))
        if batch.first_row + stop == end:
            return


def _table(batch: Batch, reader: TraceReader) -> pa.Table:
    memcgs = np.arange(len(reader.paths), dtype=np.int32)
    return batch_table(batch, slice(0, len(batch)), memcgs, reader.paths)


def _rows_between(reader: TraceReader, between: Between, batch_rows: int | None) -> tuple[int, int]:
    """Find the numbers of the first row that is kept and of the first behind it. Raises SettingsError: a bad time."""
    first = between.first_row
    end = reader.num_rows if between.end_row is None else min(between.end_row, reader.num_rows)
    if between.first is not None or between.end is not None:
        places = [None if text is None else _Place(text) for text in (between.first, between.end)]
        for batch in reader.again().batches(batch_rows):
            for place in places:
                if place is not None:
                    place.look(batch)
        if places[0] is not None:
            first = max(first, places[0].rows_before)
        if places[1] is not None:
            end = min(end, places[1].rows_before)
    if between.rows is not None:
        end = min(end, first + between.rows)
    return first, end


class _Place:
    """A time in a trace, and how many rows are before it among those that were looked at."""

    def __init__(self, text: str) -> None:
        self._time_ns = parse_time(text)
        self._is_clock = text.strip().replace("_", "").isdigit()
        self.rows_before = 0

    def look(self, batch: Batch) -> None:
        """Count the rows of the next batch that are before the time."""
        if not len(batch):
            return
        if not self._is_clock:
            self._time_ns += int(batch.time_ns[0])
            self._is_clock = True
        if self._time_ns > int(batch.time_ns[-1]):
            self.rows_before += len(batch)
        else:
            self.rows_before += int(np.searchsorted(batch.time_ns, np.uint64(self._time_ns), side="left"))


class _Cutter:
    """The replay of a trace up to where it is cut, and beside it what its pages hold, to the end."""

    def __init__(
        self, trace: str, reader: TraceReader, settings: Settings, notes: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._replay = Replay(reader, trace, resolved(settings, reader), notes)
        self._replay.controls.begin()
        whole = self._replay.settings
        assert whole.nodes is not None
        machine = make_machine(whole)
        controls = Controls(machine, reader.paths, whole, self._replay.page_data, ignore)
        controls.begin()
        self._pages = PagesAlone(machine)
        self._names = Loop(trace, whole.nodes, self._pages, MemcgsAlone(controls), NoListener())
        self._knobs = Knobs()
        self._begun: Batch | None = None
        """Rows of a batch whose first ones belong to the prologue."""

    def prologue(
        self, batches: Iterator[Batch], first: int, warm: int, told: Callable[[int], None]
    ) -> tuple[list[pa.Table], int]:
        """Replay the rows before `first`, and return the rows that stand in their place; with how many pages.

        The last `warm` of the rows before `first` are among those that are returned.
        """
        tables: list[pa.Table] = []
        pages = 0
        for batch in batches:
            replayed = max(0, min(len(batch), first - warm - batch.first_row))
            self._replay_rows(batch.part(0, replayed))
            told(batch.first_row + replayed)
            if replayed == len(batch):
                continue
            if not tables:
                state = self._state()
                pages = state.pages
                tables += state.tables(int(batch.time_ns[replayed]))
            stop = min(len(batch), first - batch.first_row)
            tables.append(_table(_without_snapshots(self._named(batch.part(replayed, stop))), self._reader))
            if stop < len(batch):
                self._begun = batch.part(stop, len(batch))
                break
        return tables, pages

    def tables(self, batches: Iterator[Batch]) -> Iterator[pa.Table]:
        """Yield the rows that are kept; each write says what the page holds from then on."""
        for batch in itertools.chain([] if self._begun is None else [self._begun], batches):
            yield _table(self._named(batch), self._reader)

    def _replay_rows(self, batch: Batch) -> None:
        if not len(batch):
            return
        self._replay.page_data.saw(batch, len(batch))
        self._replay.loop.take(batch, len(batch))
        self._named(batch)
        self._note_knobs(batch)

    def _state(self) -> WarmState:
        controls = self._replay.controls
        return WarmState(self._replay.machine, controls.memcg_names, controls.memcg_path, self._knobs)

    def _named(self, batch: Batch) -> Batch:
        """Note what pages hold, and return the rows with a row for each page that is written to, and its content."""
        if not len(batch):
            return batch
        batch = _a_page_a_row(batch)
        names = column(len(batch), ULONGLONG)
        self._pages.held.name(names)
        self._names.take(batch, len(batch))
        unnamed = (batch.event == Event.WRITE) & (batch.has_content == 0)
        content = np.where(unnamed, np.asarray(names, dtype=np.uint64), batch.content)
        return replace(batch, content=content, has_content=batch.has_content | unnamed.view(np.uint8))

    def _note_knobs(self, batch: Batch) -> None:
        knobs, paths = self._knobs, self._reader.paths
        for control in batch.controls:
            value, key = value_text(control), str(control.key)
            match control.event:
                case Event.PARAM:
                    knobs.params[key] = str(value)
                case Event.MEMCG_SET:
                    knobs.memcgs.setdefault(paths[control.memcg], {})[key] = str(value)
                case Event.MEMCG_OFFLINE | Event.MEMCG_CREATE:
                    knobs.memcgs.pop(paths[control.memcg], None)
                case Event.WORKER:
                    knobs.observed = True
                    knobs.running = value == WORKER_BEGIN or (knobs.running and value != WORKER_END)
                case Event.SEEN_READS:
                    knobs.seen_reads = value
                case _:
                    pass


def _without_snapshots(batch: Batch) -> Batch:
    """Leave out the rows that ask for snapshots."""
    keep = batch.event != Event.SNAPSHOT
    if keep.all():
        return batch
    place = np.cumsum(keep) - 1
    return Batch(
        batch.first_row,
        batch.time_ns[keep],
        batch.event[keep],
        batch.memcg[keep],
        batch.page[keep],
        batch.count[keep],
        batch.node[keep],
        batch.content[keep],
        batch.has_content[keep],
        [control._replace(row=int(place[control.row])) for control in batch.controls if keep[control.row]],
    )


def _a_page_a_row(batch: Batch) -> Batch:
    """Split writes of many pages whose content the trace does not name: one page each."""
    many = (batch.event == Event.WRITE) & (batch.has_content == 0) & (batch.count > 1)
    if not many.any():
        return batch
    times: npt.NDArray[np.intp] = np.where(many, batch.count, np.uint32(1)).astype(np.intp)
    row = np.repeat(np.arange(len(batch)), times)
    starts = np.cumsum(times) - times
    offset = (np.arange(len(row)) - starts[row]).astype(np.uint64)
    return Batch(
        batch.first_row,
        batch.time_ns[row],
        batch.event[row],
        batch.memcg[row],
        batch.page[row] + offset,
        np.where(many[row], np.uint32(1), batch.count[row]),
        batch.node[row],
        batch.content[row],
        batch.has_content[row],
        [control._replace(row=int(starts[control.row])) for control in batch.controls],
    )
