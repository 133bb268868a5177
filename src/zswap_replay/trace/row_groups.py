"""The row groups of a file as record batches: small ones are read together, and a damaged one is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import TraceError
from zswap_replay.inputs.arrow_file import ArrowFile
from zswap_replay.inputs.columns import is_empty, texts
from zswap_replay.inputs.parquet import ReopenedFile, UnreadableError, reading
from zswap_replay.lib.column_passes import look_up_bytes
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, Event

TraceFile = pq.ParquetFile | ArrowFile

_FEW_ROWS = 1 << 13
"""Rows of a row group up to which it is read together with others: a batch each would cost more than its rows."""

_MOST_GROUPS = 512
"""Row groups that are read together at most: each has dictionaries of its own until they are joined."""

_OF_CONTROLS = ("key", "value")
"""The columns that count in control rows alone, of which most batches have none."""

_OTHER_EVENTS = frozenset(EVENT_NAMES[: Event.SNAPSHOT])
"""The names of events that are no control rows."""


def group_starts(file: TraceFile) -> list[int]:
    """Return the number of the first row of each row group."""
    starts, row = [], 0
    for group in range(file.num_row_groups):
        starts.append(row)
        row += max(file.metadata.row_group(group).num_rows, 0)
    return starts


def record_batches(
    file_name: str, file: TraceFile, starts: list[int], batch_rows: int, *, sparing: bool = False
) -> Iterator[pa.RecordBatch]:
    """Read the columns of a file that a trace has; small row groups come together.

    With `sparing` a batch of a Parquet file may lack the columns of control rows, where it has none of these.
    """
    schema = file.schema_arrow
    columns = [
        name for name in SCHEMA.names if name in schema.names and not is_empty(schema.field(name).type)
    ]
    for groups in _together(starts, file.metadata.num_rows, batch_rows):
        done = 0
        try:
            with reading():
                for rows in _batches_of(file, groups, columns, batch_rows, sparing=sparing):
                    yield rows
                    done += rows.num_rows
            continue
        except UnreadableError as error:
            if not (isinstance(file, ReopenedFile) and error.of_dictionaries):
                raise _located(file_name, file, groups, columns, error) from None
        try:
            with reading():
                file = file.plain()
                yield from _after(done, _batches_of(file, groups, columns, batch_rows, sparing=sparing))
        except UnreadableError as error:
            raise _located(file_name, file, groups, columns, error) from None


def _batches_of(
    file: TraceFile, groups: list[int], columns: list[str], batch_rows: int, *, sparing: bool
) -> Iterator[pa.RecordBatch]:
    if len(groups) > 1:
        return _joined(_read(file, groups, columns, batch_rows), batch_rows)
    if sparing and isinstance(file, pq.ParquetFile):
        return _spared(file, groups, columns, batch_rows)
    return _read(file, groups, columns, batch_rows)


def _read(
    file: TraceFile, groups: list[int], columns: list[str], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    return file.iter_batches(batch_rows, row_groups=groups, columns=columns, use_threads=False)


def _spared(
    file: TraceFile, groups: list[int], columns: list[str], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Read the columns of control rows only as far as there are any: a null takes as long as a text."""
    of_controls = [name for name in columns if name in _OF_CONTROLS]
    others = [name for name in columns if name not in _OF_CONTROLS]
    later = _Later(_read(file, groups, of_controls, batch_rows)) if of_controls else None
    for rows in _read(file, groups, others, batch_rows):
        if later is None:
            yield rows
        elif not _may_have_controls(rows):
            later.pass_over(rows.num_rows)
            yield rows
        else:
            columns_of_all = [*rows.columns, *later.take(rows.num_rows)]
            yield pa.RecordBatch.from_arrays(columns_of_all, [*others, *of_controls])


def _may_have_controls(rows: pa.RecordBatch) -> bool:
    """Tell whether a batch has control rows, or events that nobody knows."""
    if "event" not in rows.schema.names:  # one of the folder's, for the whole file
        return True
    event = rows.column("event")
    if not isinstance(event, pa.DictionaryArray):
        return True
    held = texts(event)
    counts = [text not in _OTHER_EVENTS for text in held.values]
    if not any(counts):
        return False
    found = np.empty(len(held.index), np.uint8)
    look_up_bytes(np.array([True, *counts], np.uint8).data, held.index.data, found.data)
    return bool(found.any())


class _Later:
    """Batches whose rows are read where they are asked for, in order, and not before."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._passed = 0
        """Rows passed over that are not read yet."""
        self._batch: pa.RecordBatch | None = None
        """Rows that are read and were not asked for."""

    def pass_over(self, rows: int) -> None:
        """Leave out the next rows."""
        self._passed += rows

    def take(self, rows: int) -> list[pa.Array[Any]]:
        """Return the columns of the next rows. Raises UnreadableError: there are fewer."""
        while self._passed:
            self._passed -= self._next(self._passed).num_rows
        parts = [self._next(rows)]
        while (missing := rows - sum(part.num_rows for part in parts)) > 0:
            parts.append(self._next(missing))
        return _one_batch(parts).columns

    def _next(self, most: int) -> pa.RecordBatch:
        batch = next(self._batches, None) if self._batch is None else self._batch
        if batch is None:
            raise UnreadableError("found columns of different lengths; expected one length")
        self._batch = batch.slice(most) if batch.num_rows > most else None
        return batch.slice(0, most)


def _after(rows: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Leave out so many rows at the beginning."""
    for batch in batches:
        if rows < batch.num_rows:
            yield batch.slice(rows)
        rows = max(rows - batch.num_rows, 0)


def _located(
    file_name: str, file: TraceFile, groups: list[int], columns: list[str], error: UnreadableError
) -> TraceError:
    group, why = _damaged(file, groups, columns) or (groups[0], str(error))
    if "decrypt" in why.lower():
        return TraceError(f"{file_name}: row group {group}: found encrypted columns; expected none")
    return TraceError(f"{file_name}: row group {group}: damaged data: {why}")


def _damaged(file: TraceFile, groups: list[int], columns: list[str]) -> tuple[int, str] | None:
    """Find the first of some row groups that cannot be read, and why."""
    for group in groups:
        try:
            with reading():
                for _ in file.iter_batches(row_groups=[group], columns=columns, use_threads=False):
                    pass
        except UnreadableError as error:
            return group, str(error)
    return None


def _together(starts: list[int], end: int, batch_rows: int) -> Iterator[list[int]]:
    """Yield the row groups, alone or, where they are small, so many in one go as make a batch."""
    groups: list[int] = []
    rows = 0
    for group, start in enumerate(starts):
        size = (starts[group + 1] if group + 1 < len(starts) else end) - start
        if groups and (size > _FEW_ROWS or rows + size > batch_rows or len(groups) == _MOST_GROUPS):
            yield groups
            groups, rows = [], 0
        groups.append(group)
        rows += size
        if size > _FEW_ROWS:
            yield groups
            groups, rows = [], 0
    if groups:
        yield groups


def _joined(found: Iterator[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Make batches of up to `batch_rows` rows of small ones, which have a dictionary each."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in found:
        if waiting and rows + batch.num_rows > batch_rows:
            yield _one_batch(waiting)
            waiting, rows = [], 0
        waiting.append(batch)
        rows += batch.num_rows
    if waiting:
        yield _one_batch(waiting)


def _one_batch(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    return table.to_batches()[0]
