"""Traces from any table in Arrow's own format, a file or a stream, and from what ``trace export arrow`` writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from io import IOBase
from typing import cast

import numpy as np
import pyarrow as pa

from zswap_replay.errors import TraceError
from zswap_replay.inputs.arrow_file import MAGIC
from zswap_replay.inputs.parquet import UnreadableError, reading
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.importing.table import TableImport
from zswap_replay.trace.metadata import decode_metadata

_STREAM = b"\xff\xff\xff\xff"


def import_arrow(
    table: Where,
    output: str | os.PathLike[str],
    *,
    column: Sequence[str] = (),
    hex: Sequence[str] = (),  # noqa: A002  # the name of the option
    event: str = "read",
    step_ns: int = 1000,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn an Arrow table, an IPC file (Feather) or an IPC stream, into the trace `output`.

    The arguments are those of import_csv(). The metadata of a trace that was exported come back.

    Raises TraceError: a row that cannot be read, no Arrow, or no access at all; SettingsError: columns or an output
    that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(table, common, "arrow") as job:
        head = job.source.peek(len(MAGIC))
        if not head.startswith((MAGIC, _STREAM)):
            raise TraceError(
                f"{job.source.name}: found {'no Arrow' if head else 'an empty input'}; expected an "
                f"Arrow IPC file or stream"
            )
        path = table if isinstance(table, str | os.PathLike) else None
        with job.source.seekable(path) as file:
            try:
                with reading():
                    schema, batches = _reader(
                        pa.PythonFile(cast("IOBase", file), mode="r"), head.startswith(MAGIC)
                    )
                import_batches(job, schema, batches, column, event=event, step_ns=step_ns, hexadecimal=hex)
            except UnreadableError as error:
                raise TraceError(f"{job.source.name}: cannot be read: {error}") from None
        return job.finish("a table with a row for each event")


def import_batches(
    job: Job,
    schema: pa.Schema,
    batches: Iterator[tuple[pa.RecordBatch, float | None]],
    given: Sequence[str],
    *,
    event: str,
    step_ns: int,
    hexadecimal: Sequence[str],
) -> None:
    """Write the rows of record batches, each with the share of the input that is read by then."""
    job.unit = "row"
    job.metadata = decode_metadata(job.source.name, schema.metadata)
    with reading():  # names that are no text
        names = schema.names
    table = TableImport(job, names, given, event=event, step_ns=step_ns, hexadecimal=hexadecimal)
    first = 0
    while True:
        with reading():
            found = next(batches, None)
        if found is None:
            return
        rows, share = found
        arrays = {name: rows.column(rows.schema.get_field_index(name)) for name in table.columns}
        table.write(arrays, np.arange(first, first + rows.num_rows, dtype=np.int64))
        first += rows.num_rows
        job.share = share
        job.tell()


def _reader(
    file: pa.NativeFile, whole: bool
) -> tuple[pa.Schema, Iterator[tuple[pa.RecordBatch, float | None]]]:
    if not whole:
        stream = pa.ipc.open_stream(file)
        return stream.schema, ((batch, None) for batch in stream)
    opened = pa.ipc.open_file(file)
    number = opened.num_record_batches
    return opened.schema, ((opened.get_batch(at), (at + 1) / number) for at in range(number))
