"""The same rows in another file: row groups of another size, another codec, or Arrow IPC that can be mapped."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.encoding import encoding_of
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.trace.writer import DEFAULT_ROW_GROUP_ROWS, TraceWriter


@dataclass(frozen=True)
class RewriteSummary:
    """What was written."""

    rows: int
    bytes: int
    """Size of the file."""
    sha256: str
    """The digest of the rows, which is that of the trace that was read."""


def rewrite(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    row_group_rows: int = DEFAULT_ROW_GROUP_ROWS,
    compression: str | None = None,
    level: int | None = None,
    overwrite: bool = False,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RewriteSummary:
    """Write the rows and the metadata of a trace, a file, a folder or a URI, to one file.

    A name that ends in ``.arrow`` gets an Arrow IPC file, uncompressed unless `compression` names a codec; any other
    one gets Parquet. A row group, or record batch, has `row_group_rows` rows, and so many are in memory at a time.
    Columns that begin with ``x_`` are left out. `notes` gets remarks for people, `progress` is told the rows written
    and the rows in all.

    Raises TraceError: the trace is not valid. SettingsError: a codec or level that the file cannot have, or an output
    that is an input or, without `overwrite`, exists.
    """
    encoding = encoding_of(output, compression, level)
    reader = open_trace(trace)
    for text in reader.notes:
        if notes is not None:
            notes(text)
    writer = TraceWriter(
        output,
        reader.metadata,
        row_group_rows=row_group_rows,
        inputs=trace_files(trace),
        overwrite=overwrite,
        encoding=encoding,
    )
    with writer:
        for batch in reader.batches(min(row_group_rows, DEFAULT_ROW_GROUP_ROWS)):
            same = np.arange(len(reader.paths), dtype=np.int32)
            writer.write(batch_table(batch, slice(0, len(batch)), same, reader.paths))
            if progress is not None:
                progress(writer.rows, reader.num_rows)
    return RewriteSummary(writer.rows, os.stat(output).st_size, reader.sha256())
