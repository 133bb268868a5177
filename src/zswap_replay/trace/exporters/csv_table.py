"""Traces as comma-separated values."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from zswap_replay.files import replacing
from zswap_replay.inputs.parquet import created
from zswap_replay.trace.exporters.tables import Exported, Name, Progress, tables
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.trace.schema import SCHEMA, TEXT_COLUMNS

_PLAIN = pa.schema(
    [pa.field(field.name, pa.string() if field.name in TEXT_COLUMNS else field.type) for field in SCHEMA]
)


def export_csv(
    trace: Name, output: Name, *, overwrite: bool = False, progress: Progress | None = None
) -> Exported:
    """Write the events of a trace as text, with a header; what is null is empty.

    Raises TraceError: a trace that cannot be read; SettingsError: the output is an input or, without `overwrite`,
    exists.
    """
    reader = open_trace(trace)
    rows = 0
    writing: Any = pacsv.CSVWriter  # takes Arrow's files too, of which the stubs do not know
    with (
        replacing(output, inputs=trace_files(trace), overwrite=overwrite) as file,
        created(file) as stream,
        writing(stream, _PLAIN, write_options=pacsv.WriteOptions(quoting_style="needed")) as writer,
    ):
        for table in tables(reader, progress):
            writer.write_table(table.cast(_PLAIN))
            rows += table.num_rows
    notes = []
    metadata = reader.metadata
    if metadata.totalram_pages or metadata.nodes or metadata.recipe:
        notes.append(
            "the trace's metadata (memory, nodes, recipe) are not in the output: trace export arrow keeps them"
        )
    return Exported({"rows": rows, "memcgs": len(reader.paths) - 1}, notes)
