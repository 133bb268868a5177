"""Writing traces: small Parquet files, or Arrow files to map, that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import TraceError
from zswap_replay.files import check_output, replacing
from zswap_replay.inputs.parquet import created
from zswap_replay.trace.encoding import Encoding, Sink, encoding_of
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import EVENT_NAMES, SCHEMA, Event

DEFAULT_ROW_GROUP_ROWS = 1 << 20
"""Rows of a row group by default."""

_Integers = npt.NDArray[np.integer]


def page_rows(
    time_ns: _Integers,
    event: _Integers | Event,
    page: _Integers,
    memcg: str | tuple[npt.NDArray[np.int32], Sequence[str]],
    count: _Integers | None = None,
) -> pa.Table:
    """Return a table of page events: arrays of one length, event codes, and one memcg path or (index, paths)."""
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
        inputs: Iterable[str | os.PathLike[str]] = (),
        overwrite: bool = False,
        encoding: Encoding | None = None,
    ) -> None:
        """Take the name of the file; it is made when the context begins.

        ``inputs`` are the files that its rows come from: none is written over. Without an ``encoding`` a name that ends
        in ``.arrow`` gets an uncompressed Arrow file, and any other one Parquet.

        Raises SettingsError: the file is an input, no regular file, or there already and `overwrite` is not set.
        """
        self.path = Path(path)
        self.rows = 0
        self._inputs = tuple(inputs)
        self._overwrite = overwrite
        check_output(self.path, inputs=self._inputs, overwrite=overwrite, regular=True)
        self._schema = SCHEMA.with_metadata((metadata or TraceMetadata()).encode())
        self._row_group_rows = row_group_rows
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._encoding = encoding or encoding_of(self.path)
        self._sink: Sink | None = None
        self._whole = self._writing()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with (
            replacing(self.path, inputs=self._inputs, overwrite=self._overwrite, regular=True) as file,
            created(file) as stream,
            self._encoding.sink(stream, self._schema) as self._sink,
        ):
            yield
            self._flush(whole_groups=False)

    def __enter__(self) -> Self:
        try:
            self._whole.__enter__()
        except OSError as error:
            raise TraceError(f"{self.path}: cannot be written: {error.strerror}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._whole.__exit__(kind, error, trace)

    def write(self, table: pa.Table) -> None:
        """Append rows; columns of SCHEMA, in its order."""
        self._pending.append(table)
        self._pending_rows += table.num_rows
        self.rows += table.num_rows
        if self._pending_rows >= self._row_group_rows:
            self._flush(whole_groups=True)

    def _flush(self, *, whole_groups: bool) -> None:
        """Write the pending rows, all of them or as many as fill row groups."""
        assert self._sink is not None
        if not self._pending_rows:
            return
        table = pa.concat_tables(self._pending).unify_dictionaries()
        rest = table.num_rows % self._row_group_rows if whole_groups else 0
        whole = table.num_rows - rest
        self._sink.write_table(table.slice(0, whole).combine_chunks(), self._row_group_rows)
        self._pending = [table.slice(whole)] if rest else []
        self._pending_rows = rest
