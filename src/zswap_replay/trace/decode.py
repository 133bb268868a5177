"""From one Arrow record batch to numpy columns, a whole column at a time."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.inputs.columns import (
    LastDictionary,
    Texts,
    holds_numbers,
    holds_texts,
    is_empty,
    texts,
    validity,
    value_buffer,
    whole_numbers,
)
from zswap_replay.inputs.parquet import pandas_index
from zswap_replay.lib.column_passes import is_zero_at_nulls, look_up_bytes, zero_at_nulls
from zswap_replay.trace.schema import (
    EVENT_CODES,
    FOREIGN_PREFIX,
    REQUIRED_COLUMNS,
    SCHEMA,
    TEXT_COLUMNS,
    Event,
)
from zswap_replay.units import quoted_if_odd

UNKNOWN_EVENT = 254
"""The event code of a name that no event has."""
NULL_EVENT = 255
"""The event code of a null."""

_TIMES = "time_ns"
"""The column that takes timestamps and durations too."""

_Mask = npt.NDArray[np.bool_]
_Number = TypeVar("_Number", np.uint64, np.uint32, np.uint8)
_Any = TypeVar("_Any", bound=np.generic)

_constant_columns: dict[tuple[int, type[np.generic]], npt.NDArray[Any]] = {}
"""The longest column made so far of each value and type, of which shorter ones are views."""


class RowError(Exception):
    """A bad row; `row` counts from the start of the columns that were checked.

    The reader, which knows the file, turns it into a TraceError.
    """

    def __init__(self, row: int, column: str, found: str, expected: str) -> None:
        super().__init__(f"row {row}, column {column}: found {found}; expected {expected}")
        self.row = row
        self.column = column
        self.found = found
        self.expected = expected
        self.row_faults: tuple[RowError, ...] = (self,)
        """All that is wrong with the row, one for each column at most, this one first."""


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
    faults: tuple[RowError, ...]
    """The first value of each column that is none of the format's; its row counts as null."""


def schema_fault(schema: pa.Schema, given: Container[str] = ()) -> tuple[str, str, str] | None:
    """Find the first column that is missing, mistyped or unknown; None where the schema is good.

    Columns that are `given` may be missing: their one value is known for the whole file.
    Returns the column's name, what was found and what was expected.
    """
    return next(schema_faults(schema, given), None)


def schema_faults(schema: pa.Schema, given: Container[str] = ()) -> Iterator[tuple[str, str, str]]:
    """Yield what schema_fault() finds, and all further columns that are missing, mistyped or unknown."""
    others = other_columns(schema)
    for name in schema.names:
        if name in others:
            continue
        expected = SCHEMA.get_field_index(name)
        if expected < 0:
            known = ", ".join(SCHEMA.names)
            yield (
                quoted_if_odd(name),
                "an unknown column",
                f"one of {known}, or a name that starts with {FOREIGN_PREFIX}",
            )
        elif schema.names.count(name) > 1:
            yield name, "two columns of this name", "one"
        elif not _is_taken(name, found := schema.field(name).type):
            yield name, str(found), _expected_type(name)
    for name in REQUIRED_COLUMNS:
        if name not in schema.names and name not in given:
            yield name, "no such column", str(SCHEMA.field(name).type)


def other_columns(schema: pa.Schema) -> set[str]:
    """Return the columns that are passed over: those of other programs, and pandas' index."""
    return {*index_columns(schema), *(name for name in schema.names if name.startswith(FOREIGN_PREFIX))}


def index_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that are passed over as pandas' index."""
    index = pandas_index(schema)
    return [name for name in schema.names if name in index and name not in SCHEMA.names]


def _is_taken(name: str, kind: pa.DataType) -> bool:
    if is_empty(kind):
        return name not in REQUIRED_COLUMNS
    return holds_texts(kind) if name in TEXT_COLUMNS else holds_numbers(kind, times=name == _TIMES)


def _expected_type(name: str) -> str:
    if name in TEXT_COLUMNS:
        return "dictionary<string> or string"
    others = "whole numbers of another type" + (", timestamps or durations" if name == _TIMES else "")
    return f"{SCHEMA.field(name).type}, or {others}"


class LastTexts:
    """The dictionaries of the last batch, by column, of a file that is read batch by batch."""

    def __init__(self) -> None:
        self.event, self.memcg, self.key, self.value = (LastDictionary() for _ in range(4))


def decode(rows: pa.RecordBatch, last: LastTexts | None = None) -> Columns:
    """Decode a record batch to numpy columns; a column that is missing counts as all null.

    Where batches of one file follow each other, `last` spares the dictionaries that they share.

    The schema must have no fault (schema_fault).
    """
    arrays = dict(zip(rows.schema.names, rows.columns, strict=True))
    length = rows.num_rows
    last = last or LastTexts()
    faults: list[RowError] = []
    time_ns, has_time = _number_column(arrays, "time_ns", length, np.uint64, 0, faults)
    page, has_page = _number_column(arrays, "page", length, np.uint64, 0, faults)
    count, _ = _number_column(arrays, "count", length, np.uint32, 1, faults)
    node, _ = _number_column(arrays, "node", length, np.uint8, 0, faults)
    content, has_content = _number_column(arrays, "content", length, np.uint64, 0, faults)
    event_text = _text_column(arrays, "event", length, faults, last.event)
    event = _event_codes(event_text)
    return Columns(
        time_ns=time_ns,
        time_null=_inverted(has_time),
        event=event,
        event_text=event_text,
        memcg=_text_column(arrays, "memcg", length, faults, last.memcg),
        page=page,
        page_null=_inverted(has_page),
        count=count,
        node=node,
        content=content,
        has_content=_constant_column(1, np.uint8, length)
        if has_content is None
        else has_content.view(np.uint8),
        key=_text_column(arrays, "key", length, faults, last.key, event),
        value=_text_column(arrays, "value", length, faults, last.value, event),
        faults=tuple(faults),
    )


def _event_codes(texts: Texts) -> npt.NDArray[np.uint8]:
    codes = [int(EVENT_CODES.get(name, UNKNOWN_EVENT)) for name in texts.values]
    found = np.empty(len(texts.index), np.uint8)
    look_up_bytes(np.array([NULL_EVENT, *codes], np.uint8).data, texts.index.data, found.data)
    return found


def _number_column(
    arrays: dict[str, pa.Array[Any]],
    name: str,
    length: int,
    dtype: type[_Number],
    default: int,
    faults: list[RowError],
) -> tuple[npt.NDArray[_Number], _Mask | None]:
    """Return the values of a column, nulls as `default`, and the mask of its non-null rows (None: all are)."""
    array = arrays.get(name)
    if array is None or array.null_count == length:
        return _constant_column(default, dtype, length), _constant_column(0, np.bool_, length)
    if array.type == SCHEMA.field(name).type:
        values = value_buffer(array, np.dtype(dtype))
        valid = validity(array)
    else:
        highest = int(np.iinfo(dtype).max)
        numbers = whole_numbers(array, highest)
        values, valid = numbers.values.astype(dtype), numbers.valid
        if numbers.unfit is not None:
            row = int(numbers.unfit.argmax())
            what = "nanoseconds" if name == _TIMES else "a whole number"
            faults.append(RowError(row, name, numbers.spelled(row), f"{what} from 0 to {highest}"))
    if valid is None:
        return values, None
    if not default and values.dtype == np.uint64:
        held = valid.view(np.uint8).data
        if is_zero_at_nulls(values.data, held):
            return values, valid  # as most Arrow files have it, which need not be copied
        cleared = np.empty(length, dtype)
        zero_at_nulls(values.data, held, cleared.data)
        return cleared, valid
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


def _text_column(
    arrays: dict[str, pa.Array[Any]],
    name: str,
    length: int,
    faults: list[RowError],
    last: LastDictionary,
    event: npt.NDArray[np.uint8] | None = None,
) -> Texts:
    """Decode a column of texts. With `event` a fault of it counts in control rows alone: others may not be read."""
    array = arrays.get(name)
    if array is None or array.null_count == length:
        return Texts(_constant_column(-1, np.int32, length), [])
    column = texts(array, last)
    unfit = column.unfit
    if unfit is None:
        return column
    if event is not None:
        rows = np.flatnonzero(event >= Event.SNAPSHOT)
        unfit = texts(array.take(rows)).unfit
        if unfit is None:
            return column
        unfit = int(rows[unfit[0]]), *unfit[1:]
    faults.append(RowError(unfit[0], name, *unfit[1:]))
    return column
