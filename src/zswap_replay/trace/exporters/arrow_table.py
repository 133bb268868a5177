"""Traces as Arrow IPC files."""

from __future__ import annotations

from typing import cast

import pyarrow as pa

from zswap_replay.files import replacing
from zswap_replay.inputs.parquet import created
from zswap_replay.trace.exporters.tables import Exported, Name, Progress, tables
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.trace.schema import SCHEMA

_PLAIN = ("key", "value")
"""Columns whose texts are no dictionary: an IPC file has one dictionary of a column, which can only grow."""


def export_arrow(
    trace: Name, output: Name, *, overwrite: bool = False, progress: Progress | None = None
) -> Exported:
    """Write the events and metadata of a trace as an Arrow IPC file, not packed.

    Raises TraceError: a trace that cannot be read; SettingsError: the output is an input or, without `overwrite`,
    exists.
    """
    reader = open_trace(trace)
    schema = pa.schema(
        [pa.field(each.name, pa.string()) if each.name in _PLAIN else each for each in SCHEMA],
        metadata=cast("dict[bytes | str, bytes | str]", reader.metadata.encode()),
    )
    rows = 0
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True, unify_dictionaries=False)
    with (
        replacing(output, inputs=trace_files(trace), overwrite=overwrite, regular=True) as file,
        created(file) as stream,
        pa.ipc.new_file(stream, schema, options=options) as writer,
    ):
        for table in tables(reader, progress):
            writer.write_table(table.cast(schema))
            rows += table.num_rows
    return Exported({"rows": rows, "memcgs": len(reader.paths) - 1})
