"""Writing traces: small Parquet files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import TraceError
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, Event

DEFAULT_ROW_GROUP_ROWS = 1 << 20
"""Rows of a row group by default."""

_Integers = npt.NDArray[np.integer]

_PARQUET: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "2.0",
    "compression": "zstd",
    "compression_level": 12,
    # Times and content ids grow by small steps, which a delta holds in a few bits. Page numbers repeat, so a
    # dictionary of them is smaller than deltas across the address space.
    "use_dictionary": ["event", "memcg", "page", "count", "node", "key", "value"],
    "column_encoding": {"time_ns": "DELTA_BINARY_PACKED", "content": "DELTA_BINARY_PACKED"},
    # For the count of nulls: the reader skips columns that hold nothing else.
    "write_statistics": ["count", "node", "content", "key", "value"],
}


def page_rows(
    time_ns: _Integers,
    event: _Integers | Event,
    page: _Integers,
    memcg: str | tuple[npt.NDArray[np.int32], Sequence[str]],
    count: _Integers | None = None,
) -> pa.Table:
    """Return a table of page events, from arrays of one length.

    `event` holds event codes or is one event; `memcg` is one path, or for each row an index into a list of paths. A
    `count` of None is 1 in every row.
    """
    length = len(time_ns)
    codes = np.full(length, int(event), np.int32) if isinstance(event, Event) else event.astype(np.int32)
    index, paths = (np.zeros(length, np.int32), (memcg,)) if isinstance(memcg, str) else memcg
    columns: dict[str, pa.Array[Any]] = {
        "time_ns": pa.array(time_ns.astype(np.uint64)),
        "event": pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(EVENT_NAMES)),
        "memcg": pa.DictionaryArray.from_arrays(
            pa.array(index, pa.int32()), pa.array(list(paths), pa.string())
        ),
        "page": pa.array(page.astype(np.uint64)),
    }
    if count is not None:
        columns["count"] = pa.array(count.astype(np.uint32))
    arrays = [columns.get(field.name, pa.nulls(length, field.type)) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


class TraceWriter:
    """A trace that is being written, as a context manager.

    The file appears under its name when the block ends without an error; after an error nothing is left. Rows are not
    checked here: the reader checks them.

    >>> times, pages = np.arange(3, dtype=np.uint64), np.array([5, 6, 5], np.uint64)
    >>> with TraceWriter("t.parquet") as writer:
    ...     writer.write(page_rows(times, Event.READ, pages, "/web"))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        metadata: TraceMetadata | None = None,
        *,
        row_group_rows: int = DEFAULT_ROW_GROUP_ROWS,
        overwrite: bool = False,
    ) -> None:
        """Take the name of the file; it is made when the context begins.

        Raises TraceError: the file is there already and `overwrite` is not set.
        """
        self.path = Path(path)
        if self.path.exists() and not overwrite:
            raise TraceError(f"{self.path}: is there already; --force overwrites it")
        self.rows = 0
        self._schema = SCHEMA.with_metadata((metadata or TraceMetadata()).encode())
        self._row_group_rows = row_group_rows
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._temporary: Path | None = None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        try:
            handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".tmp", dir=self.path.parent)
        except OSError as error:
            raise TraceError(f"{self.path}: cannot be written: {error.strerror}") from None
        os.close(handle)
        self._temporary = Path(name)
        self._parquet = pq.ParquetWriter(name, self._schema, **_PARQUET)
        return self

    def write(self, table: pa.Table) -> None:
        """Append rows; columns of SCHEMA, in its order."""
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self.rows += table.num_rows
        if self._pending_rows >= self._row_group_rows:
            self._flush(whole_groups=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._parquet is not None
        assert self._temporary is not None
        try:
            if kind is None:
                self._flush(whole_groups=False)
            self._parquet.close()
            if kind is None:
                # mkstemp() makes private files; a trace is as readable as any other output.
                mask = os.umask(0)
                os.umask(mask)
                self._temporary.chmod(0o666 & ~mask)
                self._temporary.replace(self.path)
        finally:
            self._temporary.unlink(missing_ok=True)

    def _flush(self, *, whole_groups: bool) -> None:
        """Write the pending rows: all of them, or as many as fill whole row groups."""
        assert self._parquet is not None
        if not self._pending_rows:
            return
        table = pa.concat_tables(self._pending).unify_dictionaries()
        rest = table.num_rows % self._row_group_rows if whole_groups else 0
        whole = table.num_rows - rest
        self._parquet.write_table(table.slice(0, whole).combine_chunks(), row_group_size=self._row_group_rows)
        self._pending = [table.slice(whole)] if rest else []
        self._pending_rows = rest
