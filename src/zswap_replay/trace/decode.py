"""From one Arrow record batch to numpy columns, a whole column at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.trace.schema import EVENT_CODES, FOREIGN_PREFIX, REQUIRED_COLUMNS, SCHEMA

UNKNOWN_EVENT = 254
"""The event code of a name that no event has."""
NULL_EVENT = 255
"""The event code of a null."""

_Mask = npt.NDArray[np.bool_]
_Number = TypeVar("_Number", np.uint64, np.uint32, np.uint8)
_Item = TypeVar("_Item", np.uint64, np.uint32, np.uint8, np.int32)
_Any = TypeVar("_Any", bound=np.generic)

_constant_columns: dict[tuple[int, type[np.generic]], npt.NDArray[Any]] = {}
"""The longest column made so far of each value and type, of which shorter ones are views."""


@dataclass(frozen=True)
class Texts:
    """A column of texts: `values[index]` is the text of a row; index -1 is null."""

    index: npt.NDArray[np.int32]
    values: list[str]

    def __getitem__(self, row: int) -> str | None:
        at = int(self.index[row])
        return None if at < 0 else self.values[at]


@dataclass(frozen=True)
class Columns:
    """The columns of consecutive rows, decoded but not yet checked.

    The masks are true where the trace holds a null; None says that it holds none.
    """

    time_ns: npt.NDArray[np.uint64]
    time_null: _Mask | None
    event: npt.NDArray[np.uint8]
    event_text: Texts
    memcg: Texts
    page: npt.NDArray[np.uint64]
    page_null: _Mask | None
    count: npt.NDArray[np.uint32]
    node: npt.NDArray[np.uint8]
    content: npt.NDArray[np.uint64]
    has_content: npt.NDArray[np.uint8]
    key: Texts
    value: Texts


def schema_fault(schema: pa.Schema) -> tuple[str, str, str] | None:
    """Find the first column that is missing, mistyped or unknown; None where the schema is good.

    Returns the column's name, what was found and what was expected.
    """
    for name in schema.names:
        if name.startswith(FOREIGN_PREFIX):
            continue
        expected = SCHEMA.get_field_index(name)
        if expected < 0:
            known = ", ".join(SCHEMA.names)
            return name, "an unknown column", f"one of {known}, or a name that starts with {FOREIGN_PREFIX}"
        if schema.names.count(name) > 1:
            return name, "two columns of this name", "one"
        wanted = SCHEMA.field(expected).type
        found = schema.field(name).type
        if found != wanted and not (_is_text(wanted) and _is_text(found)):
            return name, str(found), "dictionary<string> or string" if _is_text(wanted) else str(wanted)
    for name in REQUIRED_COLUMNS:
        if name not in schema.names:
            return name, "no such column", str(SCHEMA.field(name).type)
    return None


def decode(rows: pa.RecordBatch) -> Columns:
    """Decode a record batch to numpy columns; a column that is missing counts as all null.

    The schema must have no fault (schema_fault).
    """
    arrays = dict(zip(rows.schema.names, rows.columns, strict=True))
    length = rows.num_rows
    time_ns, has_time = _number_column(arrays.get("time_ns"), length, np.uint64, 0)
    page, has_page = _number_column(arrays.get("page"), length, np.uint64, 0)
    count, _ = _number_column(arrays.get("count"), length, np.uint32, 1)
    node, _ = _number_column(arrays.get("node"), length, np.uint8, 0)
    content, has_content = _number_column(arrays.get("content"), length, np.uint64, 0)
    event_text = _text_column(arrays.get("event"), length)
    return Columns(
        time_ns=time_ns,
        time_null=_inverted(has_time),
        event=_event_codes(event_text),
        event_text=event_text,
        memcg=_text_column(arrays.get("memcg"), length),
        page=page,
        page_null=_inverted(has_page),
        count=count,
        node=node,
        content=content,
        has_content=_constant_column(1, np.uint8, length)
        if has_content is None
        else has_content.view(np.uint8),
        key=_text_column(arrays.get("key"), length),
        value=_text_column(arrays.get("value"), length),
    )


def _event_codes(texts: Texts) -> npt.NDArray[np.uint8]:
    codes = [int(EVENT_CODES.get(name, UNKNOWN_EVENT)) for name in texts.values]
    # The code of null comes last, where index -1 finds it.
    return np.array([*codes, NULL_EVENT], np.uint8).take(texts.index)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _number_column(
    array: pa.Array[Any] | None, length: int, dtype: type[_Number], default: int
) -> tuple[npt.NDArray[_Number], _Mask | None]:
    """Return the values of a column, nulls as `default`, and the mask of its non-null rows (None: all are)."""
    if array is None or array.null_count == length:
        return _constant_column(default, dtype, length), _constant_column(0, np.bool_, length)
    values = _value_buffer(array, dtype)
    valid = _validity(array)
    if valid is None:
        return values, None
    return np.where(valid, values, dtype(default)), valid


def _inverted(mask: _Mask | None) -> _Mask | None:
    return None if mask is None else np.logical_not(mask)


def _constant_column(value: int, dtype: type[_Any], length: int) -> npt.NDArray[_Any]:
    """Return a read-only column of one value, shared: most traces leave the same columns empty in every batch."""
    known = _constant_columns.get((value, dtype))
    if known is None or len(known) < length:
        known = np.full(length, value, dtype)
        known.flags.writeable = False
        _constant_columns[value, dtype] = known
    return known[:length]


def _text_column(array: pa.Array[Any] | None, length: int) -> Texts:
    if array is None or array.null_count == length:
        return Texts(_constant_column(-1, np.int32, length), [])
    if not isinstance(array, pa.DictionaryArray):
        array = array.dictionary_encode()
    indices = array.indices if array.indices.type == pa.int32() else array.indices.cast(pa.int32())
    index = _value_buffer(indices, np.int32)
    valid = _validity(indices)
    if valid is not None:
        index = np.where(valid, index, np.int32(-1))
    # A dictionary in a Parquet file holds no null of its own.
    values: list[Any] = array.dictionary.to_pylist()
    return Texts(index, values)


# Arrow's own to_numpy() imports pandas where that is installed, and is_null() imports pyarrow.compute; at the start of
# a process either takes longer than reading half a million rows. So the two buffers of a column are read directly.


def _value_buffer(array: pa.Array[Any], dtype: type[_Item]) -> npt.NDArray[_Item]:
    """View the values of an array of fixed width, read-only; a null row may hold any value."""
    buffer = array.buffers()[1]
    assert buffer is not None
    return np.frombuffer(memoryview(buffer), dtype, len(array), array.offset * np.dtype(dtype).itemsize)


def _validity(array: pa.Array[Any]) -> _Mask | None:
    """Return a mask that is true where the array holds a value, false where a null; None where it holds no null."""
    bitmap = array.buffers()[0]
    if not array.null_count or bitmap is None:
        return None
    packed = np.frombuffer(memoryview(bitmap), np.uint8)
    bits = np.unpackbits(packed, bitorder="little", count=array.offset + len(array))
    return bits[array.offset :].view(np.bool_)
