"""Checking the rows of a trace: whole columns at a time, then the creation, use and removal of memcgs in order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError
from zswap_replay.lib.column_passes import RowFacts, look_up_ints
from zswap_replay.trace.batch import NO_MEMCG, Batch, Control
from zswap_replay.trace.decode import NULL_EVENT, UNKNOWN_EVENT, Columns, RowError
from zswap_replay.trace.events import Reclaim
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.schema import (
    EVENT_NAMES,
    ROOT,
    ROOT_KNOBS,
    Event,
    knobs,
    parse_knob,
    path_fault,
)
from zswap_replay.units import quoted

_MAX_U64 = (1 << 64) - 1

_LONGEST_PATH = 200
"""Characters of a memcg's path that an error repeats as they are."""

_CHECKED = ("time_ns", "event", "memcg", "page", "count", "node", "content", "key", "value")
"""The columns in the order in which the faults of one row count."""

_EVENTS = tuple(Event)
"""The events by their codes: Event(code) takes as long as all else that is done for a row."""

_SNAPSHOT, _MEMCG_CREATE, _MEMCG_OFFLINE = Event.SNAPSHOT, Event.MEMCG_CREATE, Event.MEMCG_OFFLINE
"""Members of an enum, which Python 3.11 finds slowly, looked up once."""

_KEYED = tuple(event in (Event.SNAPSHOT, Event.MEMCG_SET, Event.PARAM) for event in Event)
"""By event code, whether the key counts."""

_WRITES = tuple(
    event in (Event.MEMCG_SET, Event.MEMCG_RECLAIM, Event.PARAM, Event.WORKER, Event.SEEN_READS)
    for event in Event
)
"""By event code, whether the value counts."""

_NAMES_NO_MEMCG = np.ones(256, np.bool_)
"""By event code, whether the event is one of the machine; its memcg column is then ignored."""
_NAMES_NO_MEMCG[: Event.DISCARD + 1] = False
_NAMES_NO_MEMCG[Event.MEMCG_CREATE : Event.MEMCG_RECLAIM + 1] = False


_ORDERED = (
    "a time that does not go back (zswap-replay trace sort puts rows in order, "
    "trace shift --to TIME moves the clock of a trace)"
)


class RowChecker:
    """A check of the rows of one trace, in order, that interns its memcgs.

    The fault that is reported does not depend on how the rows are split into batches: it is that of the first bad
    row, and of its columns the first in the order time_ns, event, memcg, page, count, node,
    content, key, value.
    """

    def __init__(self, memcgs: MemcgTable, *, strict: bool = False, nodes: int | None = None) -> None:
        self._memcgs = memcgs
        self._strict = strict
        self._nodes = nodes
        self._last_time = 0
        self._texts: list[str] = []
        """The paths of the batch before, by their place in its dictionary, ..."""
        self._ids_of_texts = np.empty(0, np.int32)
        """... and the ids of them, from the second item on."""

    def check(self, columns: Columns, first_row: int) -> Batch:
        """Check the next rows and return them as a batch; `first_row` is the number of the first one in the trace.

        Raises RowError: the first bad row.
        """
        memcg, path_error = self._intern(columns)
        batch = Batch(
            first_row=first_row,
            time_ns=columns.time_ns,
            event=columns.event,
            memcg=memcg,
            page=columns.page,
            count=columns.count,
            node=columns.node,
            content=columns.content,
            has_content=columns.has_content,
        )
        facts = batch.facts
        faults = [
            *columns.faults,
            *self._time_faults(columns, facts),
            *_event_faults(columns, facts),
            *([path_error] if path_error else ()),
            *_page_faults(columns, memcg, facts),
            *self._node_faults(columns, facts),
        ]
        # Rows from the first fault on cannot be trusted to mean anything to the memcg tree.
        end = min((fault.row for fault in faults), default=len(batch))
        faults.extend(self._control_faults(columns, batch, end))
        if faults:
            faults.sort(key=lambda fault: (fault.row, _CHECKED.index(fault.column)))
            first = faults[0]
            of_row = {fault.column: fault for fault in reversed(faults) if fault.row == first.row}
            first.row_faults = tuple(of_row[name] for name in _CHECKED if name in of_row)
            raise first
        if len(batch):
            self._last_time = int(batch.time_ns[-1])
        return batch

    def pass_over(self, columns: Columns, row: int) -> None:
        """Pass over a row that was found to be bad: the next rows to check are those after it."""
        if columns.time_null is None or not columns.time_null[row]:
            self._last_time = int(columns.time_ns[row])
        elif row:
            self._last_time = int(columns.time_ns[row - 1])

    def _intern(self, columns: Columns) -> tuple[npt.NDArray[np.int32], RowError | None]:
        """Return the memcg id of each row and the first bad path; new paths get ids in the order of first use."""
        texts = columns.memcg
        index = texts.index
        if len(index) and columns.event.max() > Event.DISCARD:
            index = np.where(_NAMES_NO_MEMCG[columns.event], np.int32(-1), index)
        ids = self._memcgs.ids
        unknown = NO_MEMCG - 1
        if texts.values is not self._texts:
            self._texts = texts.values
            self._ids_of_texts = np.array(
                [NO_MEMCG, *(ids.get(path, unknown) for path in texts.values)], np.int32
            )
        table = self._ids_of_texts
        memcg = _take(table, index)
        if not (table == unknown).any():
            return memcg, None
        rows = np.flatnonzero(memcg == unknown)
        if not rows.size:
            return memcg, None
        fault = None
        for row in _first_of_each(index, rows, len(texts.values)):
            path = texts.values[index[row]]
            wrong = path_fault(path)
            if wrong:
                fault = RowError(
                    row,
                    "memcg",
                    f"{quoted(path)}, {wrong}",
                    "a path from the root, such as /web/worker",
                )
                break
            table[index[row] + 1] = self._memcgs.intern(path)
        return _take(table, index), fault

    def _time_faults(self, columns: Columns, facts: RowFacts) -> Iterator[RowError]:
        time_ns = columns.time_ns
        try:
            check_has_time(columns)
        except RowError as fault:
            yield fault
        if len(time_ns) and int(time_ns[0]) < self._last_time:
            before, row = self._last_time, 0
        elif facts.may_go_back and (back := time_ns[1:] < time_ns[:-1]).any():
            row = int(back.argmax()) + 1
            before = int(time_ns[row - 1])
        else:
            return
        yield RowError(row, "time_ns", f"{time_ns[row]} after {before}", _ORDERED)

    def _node_faults(self, columns: Columns, facts: RowFacts) -> Iterator[RowError]:
        if self._nodes is None or (facts.all_on_first_node and self._nodes):
            return
        bad = (columns.node >= self._nodes) & (columns.event <= Event.DISCARD)
        if bad.any():
            row = int(bad.argmax())
            yield RowError(
                row,
                "node",
                str(columns.node[row]),
                f"a node below {self._nodes} (--nodes, or the trace's metadata)",
            )

    def _control_faults(self, columns: Columns, batch: Batch, end: int) -> Iterator[RowError]:
        """Parse the control rows before `end` into the batch, and follow which memcgs are live. Yields one fault."""
        first_uses = self._first_uses(batch, end)
        rows = np.empty(0, np.int64)
        if batch.facts.highest_event >= Event.SNAPSHOT:
            rows = np.flatnonzero(batch.event[:end] >= Event.SNAPSHOT)
        if first_uses:
            both = np.sort(np.concatenate((rows, first_uses)))
            rows = both[np.diff(both, prepend=-1) > 0]  # np.union1d imports all of np.ma
        found = rows.tolist(), batch.event[rows].tolist(), batch.memcg[rows].tolist()
        try:
            for row, code, memcg in zip(*found, strict=True):
                event = _EVENTS[code]
                if code >= _SNAPSHOT:
                    batch.controls.append(_read_control(columns, row, event, memcg))
                self._update_memcg(row, event, memcg)
        except RowError as fault:
            yield fault

    def _first_uses(self, batch: Batch, end: int) -> list[int]:
        """Find the page events before `end` that may be the first to name their memcg."""
        if not self._memcgs.nr_unborn:
            return []
        unborn = self._memcgs.unborn()
        rows = np.flatnonzero((batch.event[:end] <= Event.DISCARD) & unborn[batch.memcg[:end]])
        return _first_of_each(batch.memcg, rows, len(unborn))

    def _update_memcg(self, row: int, event: Event, memcg: int) -> None:
        """Create or remove the memcg that an event names, or check that it is live. Raises RowError."""
        if memcg == NO_MEMCG:
            return
        memcgs = self._memcgs
        path = memcgs.paths[memcg]
        fault: tuple[str, str] | None = None
        if event is _MEMCG_CREATE:
            fault = memcgs.create(memcg)
        elif event is _MEMCG_OFFLINE:
            fault = memcgs.remove(memcg)
        elif memcgs.is_unborn(memcg):
            if self._strict:
                fault = "a memcg that was never created", "a memcg_create before its first use (--strict)"
            else:
                fault = memcgs.create_by_use(memcg)
        elif event >= _SNAPSHOT and not memcgs.is_live(memcg):
            fault = "a memcg that is offline", "a live memcg"
        if fault:
            name = path if len(path) <= _LONGEST_PATH else quoted(path)
            raise RowError(row, "memcg", f"{EVENT_NAMES[event]} of {name}, {fault[0]}", fault[1])


def _first_of_each(column: npt.NDArray[np.int32], rows: npt.NDArray[np.intp], values: int) -> list[int]:
    """Return, in order, those of some rows that are the first with their value, which is below ``values``."""
    first = np.full(values, -1, np.intp)
    first[column[rows][::-1]] = rows[::-1]  # of what is written to one place the last stays
    return sorted(first[first >= 0].tolist())


def check_has_time(columns: Columns) -> None:
    """Check that every row has a time. Raises RowError: the first that has none."""
    if columns.time_null is not None:
        raise RowError(int(columns.time_null.argmax()), "time_ns", "null", "nanoseconds")


def _take(table: npt.NDArray[np.int32], index: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return table[index + 1]; fast where all indices are equal, as they are in most batches."""
    if len(index) and index[0] == index.min() == index.max():
        return np.full(len(index), table[index[0] + 1], np.int32)
    found = np.empty(len(index), np.int32)
    look_up_ints(table.data, index.data, found.data)
    return found


def _event_faults(columns: Columns, facts: RowFacts) -> Iterator[RowError]:
    event = columns.event
    if facts.highest_event >= UNKNOWN_EVENT:
        row = int((event >= UNKNOWN_EVENT).argmax())
        found = "null" if event[row] == NULL_EVENT else quoted(str(columns.event_text[row]))
        yield RowError(row, "event", found, f"one of {', '.join(EVENT_NAMES)}")


def _page_faults(columns: Columns, memcg: npt.NDArray[np.int32], facts: RowFacts) -> Iterator[RowError]:
    """Yield the faults of page events, and of memcg events that name no memcg."""
    event, page, count, content = columns.event, columns.page, columns.count, columns.content
    if facts.names_no_memcg:
        bad = (memcg == NO_MEMCG) & ~_NAMES_NO_MEMCG[event] & (columns.memcg.index < 0)
        if bad.any():
            row = int(bad.argmax())
            yield RowError(row, "memcg", "null", f"the memcg that the {EVENT_NAMES[event[row]]} names")
    if columns.page_null is not None:
        bad = columns.page_null & (event <= Event.DISCARD)
        if bad.any():
            row = int(bad.argmax())
            yield RowError(row, "page", "null", f"the page that the {EVENT_NAMES[event[row]]} names")
    if not facts.all_single:
        bad = (count == 0) & (event <= Event.DISCARD)
        if bad.any():
            yield RowError(int(bad.argmax()), "count", "0", "at least one page")
    if not facts.may_end_beyond:
        return
    longest = int(count.max())
    for name, first in (("page", page), ("content", content)):
        if int(first.max()) > _MAX_U64 - longest:
            # The last of the run is first + count - 1; the one after it must still be a number.
            bad = (first > np.uint64(_MAX_U64) - count) & (event <= Event.DISCARD)
            if bad.any():
                row = int(bad.argmax())
                found = f"{count[row]} from {name} {first[row]} on"
                yield RowError(row, "count", found, "a run that ends before 2^64")


def _read_control(columns: Columns, row: int, event: Event, memcg: int) -> Control:
    """Parse one control row. Raises RowError."""
    if event is _MEMCG_CREATE or event is _MEMCG_OFFLINE:
        return Control(row, int(columns.time_ns[row]), event, memcg, None, None)
    key, text = columns.key[row], columns.value[row]
    try:
        value = _parse_write(int(event), key, text, memcg == 0)
    except _KnobError as fault:
        raise RowError(row, *fault.args) from None
    key = key if _KEYED[event] else None
    return Control(row, int(columns.time_ns[row]), event, memcg, key, value)


class _KnobError(Exception):
    """The column of a control row that is wrong, what was found there and what was expected."""


@lru_cache(maxsize=4096)
def _parse_write(code: int, key: str | None, text: str | None, to_root: bool) -> int | str | Reclaim | None:
    """Parse what a control row writes, most rows as another did before. Raises _KnobError."""
    event, name = _EVENTS[code], EVENT_NAMES[code]
    if _KEYED[event] and key is None:
        raise _KnobError("key", "null", "a label" if event is _SNAPSHOT else f"the knob of the {name}")
    if event in (Event.MEMCG_SET, Event.PARAM) and key not in knobs(event, key):
        raise _KnobError("key", quoted(str(key)), f"a knob of {name}: {', '.join(knobs(event, key))}")
    if event is Event.MEMCG_SET and to_root and key not in ROOT_KNOBS:
        raise _KnobError("key", f"{key} of {ROOT}", "a memcg below the root, which has no limits")
    if not _WRITES[event]:
        return None
    if text is None:
        raise _KnobError("value", "null", f"what the {name} writes")
    try:
        return parse_knob(event, key, text)
    except SettingsError as error:
        _, _, wish = str(error).rpartition("expected ")
        raise _KnobError("value", quoted(text), wish) from None
