"""Data frames of any library as record batches, with the row that is to blame where a column cannot be one."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pyarrow as pa

from zswap_replay.errors import SettingsError
from zswap_replay.trace.decode import RowError
from zswap_replay.trace.schema import SCHEMA, TEXT_COLUMNS
from zswap_replay.units import quoted

_KINDS = "a data frame of pandas or polars, a table of pyarrow, or a dict of columns"


def record_batches(rows: object) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    """Return the schema of one data frame, and its rows: a list, but for a stream, which is read once.

    It is a table, a batch or a stream of pyarrow, anything that hands over its columns as an Arrow stream (polars,
    DuckDB and others), a data frame of pandas, or a mapping of names to columns: lists, arrays, or one value for all.

    Raises SettingsError: it is none of those, or its columns have several lengths. RowError: a column that has values
    of no one type, with the row of the first that does not fit.
    """
    if isinstance(rows, pa.RecordBatch):
        return rows.schema, [rows]
    if isinstance(rows, pa.Table):
        return rows.schema, rows.to_batches()
    if isinstance(rows, pa.RecordBatchReader):
        return rows.schema, rows
    if isinstance(rows, Mapping):
        table = _table({str(name): column for name, column in rows.items()})
        return table.schema, table.to_batches()
    if type(rows).__module__.partition(".")[0] == "pandas" and hasattr(rows, "columns"):
        frame = cast("Any", rows)  # its own way to Arrow does not say which row it fails at
        names = [str(name) for name in frame.columns]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SettingsError(f"column {twice}: found two columns of this name; expected one")
        table = _table({name: frame.iloc[:, place] for place, name in enumerate(names)})
        return table.schema, table.to_batches()
    if hasattr(rows, "to_arrow") and isinstance(table := rows.to_arrow(), pa.Table):
        return table.schema, table.to_batches()
    if hasattr(rows, "__arrow_c_stream__"):
        stream = pa.RecordBatchReader.from_stream(cast("Any", rows))
        return stream.schema, stream
    if hasattr(rows, "collect"):  # a query that has not run yet: a LazyFrame
        return record_batches(rows.collect())
    raise SettingsError(f"rows: found {type(rows).__name__}; expected {_KINDS}")


def several(rows: object) -> Iterable[object]:
    """Return the frames that rows come in: one after the other where they are a list or an iterator of frames."""
    is_frame = hasattr(rows, "__arrow_c_stream__") or isinstance(rows, Mapping)
    if isinstance(rows, list | tuple | Iterator) and not is_frame:
        return cast("Iterable[object]", rows)
    return [rows]


def _table(columns: Mapping[str, object]) -> pa.Table:
    """Make a table of columns; a single value is repeated."""
    lengths = {name: len(cast("Any", column)) for name, column in columns.items() if _is_column(column)}
    length = max(lengths.values(), default=0)
    for name, found in lengths.items():
        if found != length:
            longest = next(each for each in lengths if lengths[each] == length)
            raise SettingsError(f"column {name}: found {found:,} rows; expected {length:,}, as {longest} has")
    if columns and not lengths:
        raise SettingsError(f"column {next(iter(columns))}: found one value; expected a column")
    arrays = [
        _array(name, column if _is_column(column) else [column] * length) for name, column in columns.items()
    ]
    return pa.Table.from_arrays(arrays, names=list(columns))


def _is_column(column: object) -> Any:
    return hasattr(column, "__len__") and not isinstance(column, str | bytes)


def _array(name: str, column: Any) -> pa.Array[Any] | pa.ChunkedArray[Any]:
    """Make an Arrow array of a column. Raises RowError."""
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column
    try:
        return _converted(name, column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    for row, value in enumerate(column if name in SCHEMA.names else ()):
        if not _fits(name, value):
            raise RowError(row, name, quoted(str(value)), _expected(name))
    # each fits by itself: whole numbers above 2^63 beside others, or texts of two kinds
    try:
        return pa.array(list(column), SCHEMA.field(name).type if name not in TEXT_COLUMNS else pa.string())
    except (pa.ArrowException, TypeError, ValueError, OverflowError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            f"column {name}: found values of several types ({reason}); expected one"
        ) from None


def _converted(name: str, column: Any) -> pa.Array[Any] | pa.ChunkedArray[Any]:
    made: pa.Array[Any] | pa.ChunkedArray[Any] = pa.array(column, from_pandas=True)
    if name not in SCHEMA.names:
        return made
    if not len(made):
        made = pa.array([], SCHEMA.field(name).type)
    elif name in TEXT_COLUMNS and made.null_count == len(made):  # NaN alone, which is a number elsewhere
        made = pa.nulls(len(made), pa.string())
    elif name not in TEXT_COLUMNS and (pa.types.is_string(made.type) or pa.types.is_boolean(made.type)):
        raise TypeError(name)
    return made


def _fits(name: str, value: Any) -> bool:
    """Tell whether a value may stand in a column: a number, a time, a text, or nothing."""
    if value is None or (isinstance(value, float) and value != value) or str(value) in ("NaT", "<NA>"):
        return True
    if name in TEXT_COLUMNS:
        return isinstance(value, str | bytes)
    if name == "time_ns" and isinstance(value, date | timedelta | np.datetime64 | np.timedelta64):
        return True
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return 0 <= int(value) < 1 << 64
    return isinstance(value, numbers.Number | np.number) and not isinstance(value, bool | np.bool_)


def _expected(name: str) -> str:
    if name in TEXT_COLUMNS:
        return "a text"
    return "a whole number from 0 to 2^64 - 1" + (" or a time" if name == "time_ns" else "")
