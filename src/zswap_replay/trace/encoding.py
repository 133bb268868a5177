"""How a trace is laid out in its file: as Parquet or as Arrow IPC, and how it is compressed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import SettingsError
from zswap_replay.inputs.columns import texts
from zswap_replay.trace.schema import EVENT_NAMES, MEMCG_KNOBS, PARAMS, ROOT

ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")
"""How the names of Arrow IPC files end, in small or capital letters."""

NO_CODEC = "none"
PARQUET_CODECS = {"zstd": 22, "gzip": 9, "brotli": 11, "snappy": 0, "lz4": 0, NO_CODEC: 0}
"""The codecs of Parquet, with the highest level of each; 0: it has no levels."""
ARROW_CODECS = (NO_CODEC, "lz4", "zstd")
CODECS = tuple(PARQUET_CODECS)

_DEFAULT = ("zstd", 12)

_DELTA = "DELTA_BINARY_PACKED"

_SMALL_DICTIONARY = 1 << 16
"""Page numbers that are read from a dictionary as fast as from deltas: 512 KiB stay in a core's own cache."""

_ABOUT_AS_SMALL = 9 / 8
"""How many times the bytes of a dictionary of page numbers their deltas may take."""

_PARQUET: dict[str, Any] = {
    "version": "2.6",
    "data_page_version": "2.0",
    "use_dictionary": ["event", "memcg", "count", "node", "key", "value"],
    # Times and content ids grow by small steps, which a delta holds in a few bits.
    "column_encoding": {"time_ns": _DELTA, "content": _DELTA},
    # For other programs: the reader here looks at the columns themselves.
    "write_statistics": ["count", "node", "content", "key", "value"],
}


class Sink(Protocol):
    """What takes the rows of a trace, row group by row group."""

    def write_table(self, table: pa.Table, row_group_size: int) -> None:
        """Append rows; a row group has at most `row_group_size` of them."""


@dataclass(frozen=True)
class Encoding:
    """A layout: Arrow IPC or Parquet, a codec and its level (None: the codec's own)."""

    arrow: bool
    codec: str
    level: int | None = None

    @contextmanager
    def sink(self, stream: pa.NativeFile, schema: pa.Schema) -> Iterator[Sink]:
        """Open a sink that writes to a stream, and write the end of the file when the block ends."""
        if self.arrow:
            packed: Any = None if self.codec == NO_CODEC else self.codec
            layout = pa.ipc.IpcWriteOptions(compression=packed, emit_dictionary_deltas=True)
            with pa.ipc.new_file(stream, schema, options=layout) as file:
                yield _ArrowSink(file, schema)
        else:
            with closing(_ParquetSink(stream, schema, self)) as sink:
                yield sink

    def packed(self, *, fast: bool = False) -> dict[str, Any]:
        """Return the options of a Parquet writer for the codec, at its lowest level if it shall be fast."""
        level = {} if self.level is None else {"compression_level": 1 if fast else self.level}
        return {"compression": self.codec, **level}


def encoding_of(path: str | os.PathLike[str], codec: str | None = None, level: int | None = None) -> Encoding:
    """Choose the layout of a file by its name: Arrow IPC, uncompressed, where it ends in ``.arrow``; else Parquet.

    Raises SettingsError: the layout has no such codec, or the codec no such level.
    """
    name = os.fspath(path)
    arrow = name.lower().endswith(ARROW_SUFFIXES)
    if arrow:
        if codec is not None and codec not in ARROW_CODECS:
            raise SettingsError(
                f"{name}: found compression {codec} for an Arrow file; expected {', '.join(ARROW_CODECS)}"
            )
        if level is not None:
            raise SettingsError(f"{name}: found a compression level for an Arrow file; expected none")
        return Encoding(arrow, codec or NO_CODEC)
    if codec is None:
        codec, usual = _DEFAULT
        level = usual if level is None else level
    if codec not in PARQUET_CODECS:
        raise SettingsError(f"{name}: found compression {codec}; expected one of {', '.join(PARQUET_CODECS)}")
    if level is None and codec == _DEFAULT[0]:
        level = _DEFAULT[1]
    highest = PARQUET_CODECS[codec]
    if level is not None and not 1 <= level <= highest:
        wish = f"1 to {highest}" if highest else "none, as it has no levels"
        raise SettingsError(f"{name}: found level {level} for {codec}; expected {wish}")
    return Encoding(arrow, codec, level)


class _ParquetSink:
    """A writer of Parquet that chooses how page numbers are encoded when it has seen the first row group."""

    def __init__(self, stream: pa.NativeFile, schema: pa.Schema, encoding: Encoding) -> None:
        self._stream = stream
        self._schema = schema
        self._encoding = encoding
        self._writer: pq.ParquetWriter | None = None

    def write_table(self, table: pa.Table, row_group_size: int) -> None:
        """Append rows; a row group has at most `row_group_size` of them."""
        if self._writer is None:
            self._writer = self._opened(table.slice(0, row_group_size))
        self._writer.write_table(table, row_group_size)

    def close(self) -> None:
        """Write the end of the file, which may have no rows."""
        (self._writer or self._opened(self._schema.empty_table())).close()

    def _opened(self, first: pa.Table) -> pq.ParquetWriter:
        layout = _page_layout(first.select(["page"]), self._encoding)
        options: dict[str, Any] = {**_PARQUET, **self._encoding.packed()}
        options["use_dictionary"] = [*_PARQUET["use_dictionary"], *layout["use_dictionary"]]
        options["column_encoding"] = {**_PARQUET["column_encoding"], **layout["column_encoding"]}
        return pq.ParquetWriter(self._stream, self._schema, **options)


def _page_layout(pages: pa.Table, encoding: Encoding) -> dict[str, Any]:
    """Choose by a row group's page numbers how they are encoded.

    A dictionary is small, since numbers repeat; where they are far apart it takes a quarter of what deltas take. But a
    large one is slow to look up. So where the dictionary is large, deltas are taken if they are about as small.
    """
    dictionary: dict[str, Any] = {"use_dictionary": ["page"], "column_encoding": {}}
    if len(np.unique(pages.column("page").drop_null().to_numpy())) <= _SMALL_DICTIONARY:
        return dictionary
    delta: dict[str, Any] = {"use_dictionary": [], "column_encoding": {"page": _DELTA}}
    sizes = [_size(pages, {**layout, **encoding.packed(fast=True)}) for layout in (delta, dictionary)]
    return delta if sizes[0] <= sizes[1] * _ABOUT_AS_SMALL else dictionary


def _size(table: pa.Table, options: dict[str, Any]) -> int:
    """Return the bytes that a table takes as Parquet."""
    file = pa.BufferOutputStream()
    pq.write_table(table, file, version="2.6", data_page_version="2.0", write_statistics=False, **options)
    return int(file.getvalue().size)


class _ArrowSink:
    """A writer of Arrow IPC, whose dictionaries may only grow: each text has one place in the whole file."""

    def __init__(self, file: pa.ipc.RecordBatchFileWriter, schema: pa.Schema) -> None:
        self._file = file
        self._schema = schema
        # Most files need no more than these; and what begins empty cannot grow.
        usual = {"event": EVENT_NAMES, "memcg": (ROOT,), "key": (*MEMCG_KNOBS, *PARAMS)}
        self._places: dict[str, dict[str, int]] = {
            name: {text: place for place, text in enumerate(first)} for name, first in usual.items()
        }

    def write_table(self, table: pa.Table, row_group_size: int) -> None:
        """Append rows; a record batch has at most `row_group_size` of them."""
        for batch in table.combine_chunks().to_batches(max_chunksize=row_group_size):
            columns = [
                self._placed(field.name, column) if field.name in self._places else column
                for field, column in zip(self._schema, batch.columns, strict=True)
            ]
            self._file.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def _placed(self, name: str, column: pa.Array[Any]) -> pa.Array[Any]:
        places = self._places[name]
        held = texts(column)
        used = np.unique(held.index)
        table = np.full(len(held.values) + 1, -1, np.int32)
        for at in used[used >= 0].tolist():
            table[at] = places.setdefault(held.values[at], len(places))
        index = table[held.index]  # of a null the last place, which says so
        return pa.DictionaryArray.from_arrays(
            pa.array(index, pa.int32(), mask=index < 0), pa.array(list(places), pa.string())
        )
