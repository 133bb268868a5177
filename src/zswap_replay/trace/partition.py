"""Columns of a trace that stand in the names of its folders: ``memcg=%2Fweb/part-0.parquet``."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zswap_replay.errors import TraceError
from zswap_replay.trace.location import Part
from zswap_replay.trace.schema import SCHEMA, TEXT_COLUMNS

Value = int | str | None


def partition_columns(part: Part, schema: pa.Schema) -> dict[str, Value]:
    """Return the columns of a trace that a file has in the names of its folders alone, with their one value.

    Raises TraceError: a value that its column cannot have.
    """
    return {
        name: _value(part, name, text)
        for name, text in part.partition
        if name in SCHEMA.names and name not in schema.names
    }


def with_columns(rows: pa.RecordBatch, given: dict[str, Value]) -> pa.RecordBatch:
    """Add columns of one value each to some rows."""
    names, arrays = list(rows.schema.names), list(rows.columns)
    for name, value in given.items():
        names.append(name)
        if value is None:
            arrays.append(pa.nulls(rows.num_rows, SCHEMA.field(name).type))
        elif isinstance(value, str):
            index = pa.array(np.zeros(rows.num_rows, np.int32), pa.int32())
            arrays.append(pa.DictionaryArray.from_arrays(index, pa.array([value])))
        else:
            kind = SCHEMA.field(name).type
            arrays.append(pa.array(np.full(rows.num_rows, value, np.uint64)).cast(kind))
    return pa.RecordBatch.from_arrays(arrays, names) if given else rows


def _value(part: Part, name: str, text: str | None) -> Value:
    if text is None or name in TEXT_COLUMNS:
        return text
    highest = (1 << SCHEMA.field(name).type.bit_width) - 1
    # int() takes no more digits than it can read in a moment
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and int(text) <= highest):
        raise TraceError(
            f"{part.name}: column {name} of its folder: found {text!r}; expected a whole number from 0 to {highest}"
        )
    return int(text)
