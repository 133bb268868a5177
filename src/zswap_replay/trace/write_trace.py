"""The writer for people with data frames: columns in, a checked trace out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.inputs.columns import is_empty, texts
from zswap_replay.trace.decode import Columns, RowError, decode, schema_fault
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.frames import record_batches, several
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata, decode_metadata
from zswap_replay.trace.reader import DEFAULT_BATCH_ROWS
from zswap_replay.trace.schema import EVENT_NAMES, ROOT, SCHEMA, SCHEMA_VERSIONS, SECOND_SCHEMA
from zswap_replay.trace.validate import RowChecker
from zswap_replay.trace.writer import TraceWriter

_Frame = tuple[pa.Schema, Iterable[pa.RecordBatch]]

_SECOND = frozenset(EVENT_NAMES[event] for event in SECOND_SCHEMA)


def write_trace(
    rows: object,
    path: str | os.PathLike[str],
    *,
    totalram_pages: int | None = None,
    nodes: int | None = None,
    origin: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    schema: int | None = None,
    strict: bool = False,
    overwrite: bool = False,
) -> int:
    """Write a trace from a data frame, and return the number of its rows.

    `rows` is a data frame of pandas or polars, a table, batch or stream of pyarrow, or a dict of columns, in which one
    value stands for all rows; or a list or an iterator of those, which are written one after the other, so that a trace
    may be larger than memory. Each row is an event, in order of time. Columns, of which the first two must be there:

    - ``time_ns``: nanoseconds from anywhere on, or timestamps or durations, which become nanoseconds;
    - ``event``: ``read``, ``write``, ``pageout``, ``discard``, ``memcg_create``, ``memcg_set``, ``memcg_offline``,
      ``memcg_reclaim``, ``param``, ``settle`` or ``snapshot``;
    - ``memcg``: a path as a text, ``/web/worker``; for page and memcg events;
    - ``page``: the number of the page (its address / 4096) in the memcg's own space; ``count`` (1): how many pages from
      it on; ``node`` (0): its NUMA node; ``content``: the id of what it holds, derived where it is left out;
    - ``key`` and ``value``: the knob that a ``memcg_set`` or ``param`` writes, and what; the label of a ``snapshot``.

    What an event does not need is left out, None or NaN. Columns that begin with ``x_`` and the index of pandas are
    passed over. Whole numbers may be of any type. A name that ends in ``.arrow`` gets an Arrow file, any other one
    Parquet. The rows are checked as they are when a trace is read; the file appears when all are written.

    `totalram_pages`, `nodes`, `origin` and `recipe` are the trace's metadata; where they are left out, those of a table
    that was read from a trace stay. `schema` is 2 for a stream whose later frames have events of schema 2. With
    `strict` a memcg must be created before it is named.

    Raises TraceError: a bad row, by its number from 0 on and its column, or a column that is missing, unknown or of
    another kind; SettingsError: rows that are no data frame, or a file that is there already, without `overwrite`.

    >>> write_trace({"time_ns": [0, 5], "event": "write", "memcg": "/web", "page": [7, 8]}, "web.parquet")
    2
    """
    name = os.fspath(path)
    frames = iter(several(rows))
    first = next(frames, None)
    if first is None:
        raise SettingsError("rows: found no data frame; expected at least one")
    found = _columns_of(first, name, 0)
    metadata = _metadata(name, found, totalram_pages, nodes, origin, recipe, schema)
    paths = [ROOT]
    checker = RowChecker(MemcgTable(paths), strict=strict, nodes=metadata.nodes)
    with TraceWriter(path, metadata, overwrite=overwrite) as writer:
        for part in _parts(found, frames, name):
            try:
                columns = decode(part)
                if metadata.schema == 1:
                    _check_first_schema(columns)
                batch = checker.check(columns, writer.rows)
            except RowError as fault:
                raise _fault(name, fault, writer.rows) from None
            same = np.arange(len(paths), dtype=np.int32)
            writer.write(batch_table(batch, slice(0, len(batch)), same, paths))
    return writer.rows


def _columns_of(frame: object, name: str, before: int) -> _Frame:
    """Return the schema and the rows of a frame before which there were `before` rows. Raises TraceError."""
    try:
        schema, batches = record_batches(frame)
    except RowError as fault:
        raise _fault(name, fault, before) from None
    wrong = schema_fault(schema)
    if wrong:
        raise TraceError(f"{name}: column {wrong[0]}: found {wrong[1]}; expected {wrong[2]}")
    return schema, batches


def _parts(first: _Frame, frames: Iterator[object], name: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all frames, at most a batch at a time, with the columns that a trace has."""
    frame: _Frame | None = first
    done = 0
    while frame is not None:
        schema, batches = frame
        columns = [
            each for each in SCHEMA.names if each in schema.names and not is_empty(schema.field(each).type)
        ]
        for batch in batches:
            for start in range(0, batch.num_rows, DEFAULT_BATCH_ROWS):
                part = batch.slice(start, DEFAULT_BATCH_ROWS).select(columns)
                done += part.num_rows
                yield part
        following = next(frames, None)
        frame = None if following is None else _columns_of(following, name, done)


def _fault(name: str, fault: RowError, before: int) -> TraceError:
    """Name a bad row, counted over all frames."""
    return TraceError(
        f"{name}: row {before + fault.row}, column {fault.column}: found {fault.found}; expected {fault.expected}"
    )


def _metadata(
    name: str,
    frame: _Frame,
    totalram_pages: int | None,
    nodes: int | None,
    origin: str | None,
    recipe: Mapping[str, Any] | None,
    schema: int | None,
) -> TraceMetadata:
    """Return the metadata of the trace: those of the frame, where it has any, and what is given."""
    if schema is not None and schema not in SCHEMA_VERSIONS:
        raise SettingsError(f"schema: found {schema!r}; expected {' or '.join(map(str, SCHEMA_VERSIONS))}")
    known = decode_metadata(name, frame[0].metadata)
    given: dict[str, Any] = {
        "totalram_pages": totalram_pages,
        "nodes": nodes,
        "origin": origin,
        "recipe": None if recipe is None else dict(recipe),
    }
    known = replace(known, **{key: value for key, value in given.items() if value is not None})
    if schema is None:
        schema = 2 if _has_second(frame) else 1
    return decode_metadata(name, replace(known, schema=schema).encode())  # which checks them


def _has_second(frame: _Frame) -> bool:
    """Tell whether a frame that is in memory has an event of schema 2."""
    batches = frame[1]
    return isinstance(batches, list) and any(
        _SECOND.intersection(texts(batch.column("event")).values) for batch in batches
    )


def _check_first_schema(columns: Columns) -> None:
    """Check that no row of a stream that began as schema 1 is of schema 2. Raises RowError."""
    second = np.isin(columns.event, [int(event) for event in SECOND_SCHEMA])
    if second.any():
        row = int(second.argmax())
        raise RowError(row, "event", str(columns.event_text[row]), "an event of schema 1, or schema=2")
