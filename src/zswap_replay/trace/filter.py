"""A part of a trace: some memcgs, pages, kinds of events or a stretch of time, as a trace that is valid by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.events import WORKER_END
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.page_ranges import PageRanges
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.schema import EVENT_CODES, ROOT, Event, path_fault, with_ancestors
from zswap_replay.trace.shift import parse_time
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import quoted

_Rows = npt.NDArray[np.intp]

_END = (1 << 64) - 1
_STATE = frozenset(
    {Event.MEMCG_CREATE, Event.MEMCG_SET, Event.MEMCG_OFFLINE, Event.PARAM, Event.SEEN_READS, Event.WORKER}
)
"""What the rows of the time asked for depend on: of it nothing is left out that is earlier."""


@dataclass(frozen=True)
class Selection:
    """What is kept of a trace; empty: all."""

    memcgs: tuple[str, ...] = ()
    """Memcgs, with those below them."""
    pages: PageRanges | None = None
    start: str | None = None
    """The first time that is kept, as nanoseconds or a duration of the trace's clock; ``+5s``: after its first row."""
    end: str | None = None
    """The first time that is kept no more."""
    events: frozenset[Event] = frozenset()

    @classmethod
    def parse(
        cls,
        memcgs: Sequence[str] = (),
        pages: Sequence[str] = (),
        start: str | None = None,
        end: str | None = None,
        events: Sequence[str] = (),
    ) -> Selection:
        """Read a selection as it is spelled on the command line. Raises SettingsError."""
        for path in memcgs:
            wrong = path_fault(path)
            if wrong:
                raise SettingsError(
                    f"memcg {path!r} is no path ({wrong}): expected a path from the root, such as /web"
                )
        for time in filter(None, (start, end)):
            parse_time(time.removeprefix("+"))
        for name in events:
            if name not in EVENT_CODES:
                raise SettingsError(f"event: found {quoted(name)}; expected one of {', '.join(EVENT_CODES)}")
        kinds = frozenset(EVENT_CODES[name] for name in events)
        if Event.MEMCG_OFFLINE in kinds and Event.MEMCG_CREATE not in kinds:
            raise SettingsError(
                "event: found memcg_offline without memcg_create; expected both, as a memcg that was not created "
                "cannot be removed"
            )
        return cls(tuple(memcgs), PageRanges.parse(pages) if pages else None, start, end, kinds)


@dataclass(frozen=True)
class FilterSummary:
    """What was kept of a trace."""

    rows: int
    page_events: int
    of_rows: int
    """Rows of the trace that was read."""


def filter_trace(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    selection: Selection,
    *,
    overwrite: bool = False,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FilterSummary:
    """Write the rows of a trace that a selection keeps; the result is a valid trace with the same metadata.

    Memcgs keep their events, and so do those above them: their limits hold for them too. Events of the machine are kept
    whatever memcg or page is asked for. Of a run of pages those in the ranges are kept. Before the time asked for, the
    events stay that create, limit and remove memcgs, and set parameters. Where the event that was the first to name a
    memcg is left out, a memcg_create stands in its place.

    A batch of rows is in memory at a time. `notes` gets remarks for people, `progress` is told the rows read and the
    rows in all.

    Raises TraceError: a trace that is not valid; SettingsError: it names no such memcg, or the output is an input or,
    without `overwrite`, exists.
    """
    reader = open_trace(trace)
    for text in reader.notes:
        if notes is not None:
            notes(text)
    metadata = reader.metadata
    if metadata.prologue_rows is not None:
        metadata = replace(metadata, prologue_rows=_prologue(reader.again(), selection) or None)
    kept = _Filter(reader, selection)
    with TraceWriter(output, metadata, inputs=trace_files(trace), overwrite=overwrite) as writer:
        for batch in reader.batches():
            part = kept.part(batch)
            if len(part):
                memcgs, paths = _named(part.memcg, reader.paths)
                writer.write(batch_table(part, slice(0, len(part)), memcgs, paths))
            if progress is not None:
                progress(batch.first_row + len(batch), reader.num_rows)
        absent = [path for path in selection.memcgs if path not in reader.paths]
        if absent:
            known = ", ".join(reader.paths[1:6]) or ROOT
            raise SettingsError(
                f"{trace}: found no memcg {absent[0]}; expected one that the trace names: {known}"
            )
    return FilterSummary(writer.rows, kept.page_events, reader.num_rows)


def _prologue(reader: TraceReader, selection: Selection) -> int:
    """Count the rows that are kept of the prologue of a trace that was cut."""
    left = reader.metadata.prologue_rows or 0
    kept = _Filter(reader, selection)
    found = 0
    for batch in reader.batches():
        found += len(kept.part(batch.part(0, min(left, len(batch)))))
        left -= len(batch)
        if left <= 0:
            break
    return found


def _named(memcg: npt.NDArray[np.int32], paths: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Give the memcgs that some rows name numbers without gaps: the number by id, and the paths by number."""
    used = [each for each in np.unique(memcg).tolist() if each >= 0]
    numbers = np.zeros(len(paths), np.int32)
    numbers[used] = np.arange(len(used))
    return numbers, [paths[each] for each in used] or [ROOT]


class _Filter:
    """The state of a filter from batch to batch: which memcgs there are in the trace, and in what is kept of it."""

    def __init__(self, reader: TraceReader, selection: Selection) -> None:
        self._paths = reader.paths
        self._memcgs = MemcgTable([])
        self._selection = selection
        self._start: int | None = None
        self._end = _END
        self._chosen = np.empty(0, np.bool_)
        self._above = np.empty(0, np.bool_)
        self._born: set[int] = set()
        self._worker_ended = False
        self.page_events = 0

    def part(self, batch: Batch) -> Batch:
        """Return the rows of the next batch that are kept."""
        if not len(batch):
            return batch
        self._set_times(int(batch.time_ns[0]))
        self._add_memcgs()
        keep = self._kept(batch)
        creates = self._follow(batch, keep)
        rows, page, count, content = self._runs(batch, np.flatnonzero(keep))
        self.page_events += int(np.count_nonzero(batch.event[rows] <= Event.DISCARD))
        at = np.searchsorted(rows, [row for row, _ in creates])
        made = np.array([row for row, _ in creates], np.intp)
        source = np.insert(rows, at, made)
        event = np.insert(batch.event[rows], at, Event.MEMCG_CREATE)
        has_content = np.insert(batch.has_content[rows], at, 0)
        memcg = np.insert(batch.memcg[rows], at, [each for _, each in creates])
        places = np.insert(np.ones(len(rows), np.bool_), at, False)
        places &= event >= Event.SNAPSHOT
        new_row = dict(zip(source[places].tolist(), np.flatnonzero(places).tolist(), strict=True))
        return Batch(
            batch.first_row,
            batch.time_ns[source],
            event,
            memcg,
            np.insert(page, at, 0),
            np.insert(count, at, 1),
            batch.node[source],
            np.insert(content, at, 0),
            has_content,
            [each._replace(row=new_row[each.row]) for each in batch.controls if each.row in new_row],
        )

    def _set_times(self, first_ns: int) -> None:
        if self._start is None:
            start, end = self._selection.start, self._selection.end
            self._start = 0 if start is None else _time(start, first_ns)
            self._end = _END + 1 if end is None else _time(end, first_ns)

    def _add_memcgs(self) -> None:
        """Look at each memcg that is new: whether it is asked for, or stands above one that is."""
        asked = self._selection.memcgs or (ROOT,)
        new = self._paths[len(self._chosen) :]
        chosen = [any(_is_below(path, each) for each in asked) for path in new]
        above = [any(_is_below(each, path) for each in asked) for path in new]
        self._chosen = np.concatenate((self._chosen, np.array(chosen, np.bool_)))
        self._above = np.concatenate((self._above, np.array(above, np.bool_)))
        for path in new:
            self._memcgs.intern(path)

    def _kept(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Return which rows are kept, whole or in part."""
        assert self._start is not None
        event, time_ns, memcg = batch.event, batch.time_ns, batch.memcg
        is_page = event <= Event.DISCARD
        names_memcg = (event >= Event.MEMCG_CREATE) & (event <= Event.MEMCG_RECLAIM)
        keep = np.where(is_page, self._chosen[memcg], True)
        keep &= np.where(names_memcg, (self._chosen | self._above)[memcg], True)
        early = np.isin(event, [int(each) for each in _STATE])
        keep &= early | (time_ns >= np.uint64(self._start))
        if self._end <= _END:
            keep &= time_ns < np.uint64(self._end)
        if self._selection.events:
            keep &= np.isin(event, [int(each) for each in self._selection.events])
        if self._selection.pages is not None:
            inside = self._selection.pages.touched(batch.page, batch.count)
            keep &= ~is_page | inside
        for control in batch.controls:
            if control.event is Event.WORKER and control.time_ns < self._start:
                # what was seen of earlier runs is of no use; that the worker is seen at all is
                keep[control.row] &= control.value == WORKER_END and not self._worker_ended
                self._worker_ended |= bool(keep[control.row])
        return keep

    def _follow(self, batch: Batch, keep: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Keep up with which memcgs there are; return the rows in whose place memcgs have to be created, and their ids.

        Rows of `keep` that create a memcg once more, which nothing of what is kept removed, are dropped.
        """
        creates: list[tuple[int, int]] = []
        kinds = self._selection.events
        makes = not kinds or Event.MEMCG_CREATE in kinds
        removes = not kinds or Event.MEMCG_OFFLINE in kinds
        first_uses: Collection[int] = ()
        unborn = self._memcgs.unborn()
        if unborn.any():
            rows = np.flatnonzero((batch.event <= Event.DISCARD) & unborn[batch.memcg])
            _, first = np.unique(batch.memcg[rows], return_index=True)
            first_uses = rows[first].tolist()
        controls = [
            control.row
            for control in batch.controls
            if Event.MEMCG_CREATE <= control.event <= Event.MEMCG_RECLAIM
        ]
        for row in sorted({*first_uses, *controls}):
            event, memcg = Event(int(batch.event[row])), int(batch.memcg[row])
            if event is Event.MEMCG_CREATE:
                self._memcgs.create(memcg)
                if not removes and memcg in self._born:
                    keep[row] = False
                self._born.add(memcg)
            elif event is Event.MEMCG_OFFLINE and not self._memcgs.is_unborn(memcg):
                self._memcgs.remove(memcg)
            elif self._memcgs.is_unborn(memcg):
                ids = [self._memcgs.ids[path] for path in with_ancestors(self._paths[memcg])]
                new = [each for each in ids if self._memcgs.is_unborn(each)]
                self._memcgs.create_by_use(memcg)
                self._born.update(new)
                if makes and not keep[row] and int(batch.time_ns[row]) < self._end:
                    creates += [(row, each) for each in new if self._chosen[each] or self._above[each]]
        return creates

    def _runs(
        self, batch: Batch, rows: _Rows
    ) -> tuple[_Rows, npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
        """Cut the runs of pages to the ranges asked for: the rows, more than once where a run is in several parts."""
        page, count, content = batch.page[rows], batch.count[rows], batch.content[rows]
        if self._selection.pages is None:
            return rows, page, count, content
        is_page = batch.event[rows] <= Event.DISCARD
        place, first, number = self._selection.pages.cut(page, count, is_page)
        offset = np.where(batch.has_content[rows][place] == 1, first - page[place], np.uint64(0))
        return rows[place], first, number, content[place] + offset


def _time(text: str, first_ns: int) -> int:
    return first_ns * text.startswith("+") + parse_time(text.removeprefix("+"))


def _is_below(path: str, above: str) -> bool:
    """Tell whether a path is that of a memcg or of one below it."""
    return above in (ROOT, path) or path.startswith(f"{above}/")
