"""Traces from any table in a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from io import IOBase
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import TraceError
from zswap_replay.inputs.parquet import UnreadableError, open_parquet
from zswap_replay.trace.importers.arrow_table import import_batches
from zswap_replay.trace.importing.job import Common, Imported, Progress, importing
from zswap_replay.trace.importing.source import Where

_BATCH_ROWS = 1 << 17


def import_parquet(
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
    """Turn a table in a Parquet file into the trace `output`.

    The arguments are those of import_csv(). What is a trace already needs no import.

    Raises TraceError: a row that cannot be read, no Parquet, or no access at all; SettingsError: columns or an output
    that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(table, common, "parquet") as job:
        path = table if isinstance(table, str | os.PathLike) else None
        with job.source.seekable(path) as file:
            try:
                opened = open_parquet(pa.PythonFile(cast("IOBase", file), mode="r"))
                import_batches(
                    job,
                    opened.schema_arrow,
                    _batches(opened),
                    column,
                    event=event,
                    step_ns=step_ns,
                    hexadecimal=hex,
                )
            except UnreadableError as error:
                raise TraceError(f"{job.source.name}: {error}") from None
        return job.finish("a table with a row for each event")


def _batches(file: pq.ParquetFile) -> Iterator[tuple[pa.RecordBatch, float | None]]:
    done, rows = 0, file.metadata.num_rows
    for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
        done += batch.num_rows
        yield batch, done / rows if rows else None
