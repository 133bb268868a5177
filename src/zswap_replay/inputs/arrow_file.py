"""Arrow IPC files, read as Parquet files are: a record batch stands for a row group.

A file of this machine is mapped: what it holds uncompressed is not copied, and not read before it is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pyarrow as pa

from zswap_replay.inputs.parquet import UnreadableError, reading

MAGIC = b"ARROW1"
"""The first bytes of an Arrow IPC file."""

_memory_map: Callable[[bytes, str], pa.NativeFile] = cast("Any", pa.memory_map)


class ArrowFile:
    """An open Arrow IPC file, with the attributes and methods of pq.ParquetFile that the reader of traces uses."""

    def __init__(self, source: pa.NativeFile) -> None:
        """Open a file. Raises UnreadableError: it is cut off or damaged."""
        try:
            with reading():
                self._reader = pa.ipc.open_file(source)
                self.schema_arrow = self._reader.schema
                self.schema_arrow.names  # noqa: B018 - names that are no UTF-8 raise here
                self.num_row_groups = self._reader.num_record_batches
                self._rows = [
                    self._reader.get_batch(number).num_rows for number in range(self.num_row_groups)
                ]
        except UnreadableError as error:
            raise UnreadableError(
                f"found an Arrow file that cannot be read: {error}; expected an intact footer and batches"
            ) from None

    @property
    def metadata(self) -> ArrowFile:
        """The file itself, which has what a footer of Parquet tells."""
        return self

    @property
    def num_rows(self) -> int:
        """Rows of all batches."""
        return sum(self._rows)

    def row_group(self, number: int) -> RowCount:
        """Return what is known of a batch without its columns."""
        return RowCount(self._rows[number])

    def iter_batches(
        self,
        batch_size: int = 1 << 16,
        *,
        row_groups: Sequence[int],
        columns: Sequence[str],
        use_threads: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some batches, at most `batch_size` at a time, with these columns alone.

        Indices of 32 bits into dictionaries are not checked: columns.texts() and whole_numbers() do that.

        Raises pa.ArrowInvalid: a batch whose texts, lengths or other indices do not fit one another.
        """
        for number in row_groups:
            batch = self._reader.get_batch(number).select(list(columns))
            batch.validate()
            for column in batch.columns:
                _check(column)
            for start in range(0, batch.num_rows, batch_size):
                yield batch.slice(start, batch_size)


def _check(column: pa.Array[Any]) -> None:
    """Check what a look at the lengths alone does not find, of the values that somebody will look at."""
    if column.null_count == len(column):
        return
    if isinstance(column, pa.DictionaryArray) and column.indices.type == pa.int32():
        column.dictionary.validate(full=True)
    else:
        column.validate(full=True)


class RowCount:
    """The number of rows of a batch."""

    def __init__(self, num_rows: int) -> None:
        self.num_rows = num_rows


def mapped(path: str | os.PathLike[str], source: pa.NativeFile) -> pa.NativeFile:
    """Map a file of this machine, whatever bytes its name has; return `source` where it cannot be mapped."""
    try:
        return _memory_map(os.fsencode(path), "r")
    except (OSError, pa.ArrowInvalid):
        return source


def is_arrow(source: pa.NativeFile) -> bool:
    """Tell whether an open file begins as Arrow IPC files do; the next read is from its first byte again."""
    with reading():
        source.seek(0)
        found = bool(source.read(len(MAGIC)) == MAGIC)
        source.seek(0)
    return found
