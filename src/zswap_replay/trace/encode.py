"""From a checked batch back to a table that can be written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.inputs.columns import Texts
from zswap_replay.trace.batch import Batch, Control
from zswap_replay.trace.decode import Columns
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, Event
from zswap_replay.units import UNLIMITED


def batch_table(
    batch: Batch, rows: slice, memcgs: npt.NDArray[np.int32], paths: Sequence[str], content_offset: int = 0
) -> pa.Table:
    """Return the rows `rows` of a batch as a table of SCHEMA, memcg id i named `paths[memcgs[i]]`.

    `content_offset` is added to explicit content ids.
    """
    event = batch.event[rows]
    length = len(event)
    no_page = event > Event.DISCARD
    no_memcg = batch.memcg[rows] < 0
    index = np.where(no_memcg, np.int32(0), memcgs[batch.memcg[rows]])
    keys, values = _keys_and_values(batch, rows.start or 0, length)
    content = batch.content[rows] + np.uint64(content_offset)
    arrays = [
        pa.array(batch.time_ns[rows]),
        pa.DictionaryArray.from_arrays(pa.array(event.astype(np.int32), pa.int32()), pa.array(EVENT_NAMES)),
        pa.DictionaryArray.from_arrays(
            pa.array(index, pa.int32(), mask=no_memcg), pa.array(list(paths), pa.string())
        ),
        pa.array(batch.page[rows], mask=no_page),
        pa.array(batch.count[rows], mask=no_page),
        pa.array(batch.node[rows], mask=no_page),
        pa.array(content, mask=batch.has_content[rows] == 0),
        keys.dictionary_encode(),
        values,
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def columns_table(columns: Columns) -> pa.Table:
    """Return decoded rows, which need not make sense, as a table of SCHEMA."""
    arrays = [
        pa.array(columns.time_ns),
        _texts(columns.event_text).dictionary_encode(),
        _texts(columns.memcg).dictionary_encode(),
        pa.array(columns.page, mask=columns.page_null),
        pa.array(columns.count),
        pa.array(columns.node),
        pa.array(columns.content, mask=columns.has_content == 0),
        _texts(columns.key).dictionary_encode(),
        _texts(columns.value),
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _texts(texts: Texts) -> pa.Array[Any]:
    values = pa.array(texts.values, pa.string())
    return pa.DictionaryArray.from_arrays(
        pa.array(texts.index, pa.int32(), mask=texts.index < 0), values
    ).dictionary_decode()


def value_text(control: Control) -> str | None:
    """Spell the value of a control row as a trace holds it, an unlimited limit as ``max``."""
    if control.value is None:
        return None
    limit = control.event is Event.MEMCG_SET and control.value == UNLIMITED
    return "max" if limit else str(control.value)


def _keys_and_values(batch: Batch, first: int, length: int) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Return the columns key and value of `length` rows from `first` on."""
    inside = [control for control in batch.controls if 0 <= control.row - first < length]
    if not inside:
        return pa.nulls(length, pa.string()), pa.nulls(length, pa.string())
    keys: list[str | None] = [None] * length
    values: list[str | None] = [None] * length
    for control in inside:
        keys[control.row - first] = control.key
        values[control.row - first] = value_text(control)
    return pa.array(keys, pa.string()), pa.array(values, pa.string())
