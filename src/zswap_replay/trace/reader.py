"""Reading a trace as a stream of checked batches, in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from zswap_replay.errors import TraceError
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.decode import decode, schema_fault
from zswap_replay.trace.digest import RowDigest
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata, decode_metadata
from zswap_replay.trace.read_ahead import ReadAhead
from zswap_replay.trace.schema import REQUIRED_COLUMNS, ROOT, SCHEMA, TEXT_COLUMNS, Event
from zswap_replay.trace.validate import RowChecker, RowError

DEFAULT_BATCH_ROWS = 3 << 14
"""Rows of a batch by default: fewer are slower, more take more memory and gain little."""

REMEMBERED_ROWS = 1 << 22
"""Rows up to which `TraceReader.remember` keeps a trace in memory: about 150 MB."""

_MAGIC = b"PAR1"
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class _Chunk:
    """Consecutive rows of one row group, not checked yet."""

    file: str
    group: int
    first_row: int
    """Number of its first row in its file."""
    rows: pa.RecordBatch


class TraceReader:
    """An open trace: its metadata, and its rows as batches.

    `strict`, `metadata`, `files` and `num_rows` are known at once. `paths` (memcg paths by id; the root is 0, a parent
    comes before its children) grows while rows are read; `page_events` and `digest` hold for the rows that
    the current reading has seen, `digest` once it came to the end.
    """

    def __init__(self, filesystem: pafs.FileSystem, paths: list[tuple[str, str]], *, strict: bool) -> None:
        """Check the files' columns and metadata; `paths` are pairs of a name for people and a path in `filesystem`.

        Raises TraceError: a file that is not Parquet, or whose columns or metadata do not fit.
        """
        self._filesystem = filesystem
        self._paths = paths
        self.strict = strict
        self.files = [name for name, _ in paths]
        self.num_rows = 0
        self.metadata = TraceMetadata()
        for place, (name, path) in enumerate(paths):
            with _open(filesystem, name, path) as file:
                self.num_rows += file.metadata.num_rows
                found = decode_metadata(name, file.schema_arrow.metadata)
            self.metadata = found if place == 0 else _joined_metadata(self.metadata, found, name)
        self.paths = [ROOT]
        self.page_events = 0
        self.digest: str | None = None
        self._remembered: tuple[Batch, ...] | None = None
        self._remembered_digest: str | None = None

    def remember(self, rows: int = REMEMBERED_ROWS) -> None:
        """Read a trace of at most `rows` rows and keep its batches: later readings are from memory.

        A longer trace is read from its files each time. Raises TraceError as batches() does.
        """
        if self._remembered is None and self.num_rows <= rows:
            batches = tuple(self.batches())
            self._remembered, self._remembered_digest = batches, self.digest

    def again(self) -> TraceReader:
        """Return another reader of this trace, which shares the remembered batches and is read independently."""
        other = copy(self)
        other.paths = list(self.paths)
        return other

    def batches(self, batch_rows: int | None = None) -> Iterator[Batch]:
        """Read all rows from the first one on, at most `batch_rows` at a time; no batch crosses a row group.

        A trace that is remembered comes in the batches in which it was first read.

        Raises TraceError: the first bad row, by file, row group, row and column.
        """
        self.page_events = 0
        self.digest = None
        if self._remembered is not None:
            for batch in self._remembered:
                self.page_events += int(np.count_nonzero(batch.event <= Event.DISCARD))
                yield batch
            self.digest = self._remembered_digest
            return
        digest = RowDigest()
        try:
            yield from self._checked(digest, batch_rows or DEFAULT_BATCH_ROWS)
            self.digest = digest.hexdigest(self.paths)
        finally:
            digest.close()

    def _checked(self, digest: RowDigest, batch_rows: int) -> Iterator[Batch]:
        """Read the batches, check their rows and add them to a digest."""
        checker = RowChecker(MemcgTable(self.paths), strict=self.strict, nodes=self.metadata.nodes)
        first_row = 0
        with closing(ReadAhead(self._chunks(batch_rows))) as chunks:
            for chunk in chunks:
                try:
                    batch = checker.check(decode(chunk.rows), first_row)
                except RowError as fault:
                    raise TraceError(
                        f"{chunk.file}: row group {chunk.group}, row {chunk.first_row + fault.row}, "
                        f"column {fault.column}: found {fault.found}; expected {fault.expected}"
                    ) from None
                except UnicodeDecodeError as error:
                    raise TraceError(
                        f"{chunk.file}: row group {chunk.group}: a text is not UTF-8: {error}"
                    ) from None
                digest.update(batch)
                self.page_events += int(np.count_nonzero(batch.event <= Event.DISCARD))
                first_row += len(batch)
                del chunk  # free what the batch does not share before the batch is in use
                yield batch
                del batch  # and the batch before the next one is made

    def _chunks(self, batch_rows: int) -> Generator[_Chunk, None, None]:
        """Read the rows of all files, unchecked. Raises TraceError: a file that cannot be read."""
        for name, path in self._paths:
            file_row = 0
            with _open(self._filesystem, name, path) as file:
                for group in range(file.num_row_groups):
                    for rows in _record_batches(file, group, batch_rows, name):
                        yield _Chunk(name, group, file_row, rows)
                        file_row += rows.num_rows

    def sha256(self) -> str:
        """Return the digest of the rows, reading the trace to its end if need be. Raises as batches() does."""
        if self.digest is None:
            for _ in self.batches():
                pass
        assert self.digest is not None
        return self.digest


def open_trace(where: str | os.PathLike[str], *, strict: bool = False) -> TraceReader:
    """Open a trace: a Parquet file, a folder of them (read in order of name), or a pyarrow.fs URI of either.

    With `strict`, an event that names a memcg which no memcg_create made is an error when that row is read.

    Raises TraceError: there is no such file or folder, or it is no trace.

    >>> reader = open_trace("traces/db.parquet")
    >>> sum(len(batch) for batch in reader.batches()) == reader.num_rows
    True
    """
    filesystem, paths = _located(os.fspath(where))
    return TraceReader(filesystem, paths, strict=strict)


def trace_files(where: str | os.PathLike[str]) -> list[str]:
    """List the files of this machine that `open_trace` would read: none for a URI of another place."""
    text = os.fspath(where)
    if "://" in text and not text.startswith("file://"):
        return []
    try:
        _, paths = _located(text)
    except TraceError:
        return []
    return [path for _, path in paths]


def _located(text: str) -> tuple[pafs.FileSystem, list[tuple[str, str]]]:
    """Find the files of a trace, each a name for people and its path in the file system. Raises TraceError: none."""
    try:
        if "://" in text:
            filesystem, path = pafs.FileSystem.from_uri(text)
            stem = text[: len(text) - len(path)] if text.endswith(path) else ""
        else:
            filesystem, path, stem = pafs.LocalFileSystem(), text, ""
        info = filesystem.get_file_info(path)
        if info.type is pafs.FileType.NotFound:
            raise TraceError(f"{text}: no such file or folder")
        if info.type is not pafs.FileType.Directory:
            return filesystem, [(text, path)]
        inside = filesystem.get_file_info(pafs.FileSelector(path))
    except (pa.ArrowException, OSError) as error:
        raise TraceError(f"{text}: cannot be opened: {_one_line(error)}") from None
    found = sorted(
        entry.path
        for entry in inside
        if entry.type is pafs.FileType.File
        and entry.extension == "parquet"
        and entry.base_name[0] not in "._"
    )
    if not found:
        raise TraceError(f"{text}: a folder without a .parquet file; expected at least one")
    return filesystem, [(stem + path, path) for path in found]


@contextmanager
def _open(filesystem: pafs.FileSystem, name: str, path: str) -> Iterator[pq.ParquetFile]:
    """Open the Parquet file at `path` and check its columns; row groups are read through a small buffer."""
    with ExitStack() as stack:
        try:
            source = stack.enter_context(filesystem.open_input_file(path))
            known = pq.read_metadata(source)
            schema = known.schema.to_arrow_schema()
        except (pa.ArrowException, OSError) as error:
            raise TraceError(f"{name}: {_parquet_fault(filesystem, path, error)}") from None
        fault = schema_fault(schema)
        if fault:
            raise TraceError(f"{name}: column {fault[0]}: found {fault[1]}; expected {fault[2]}")
        yield pq.ParquetFile(
            source,
            metadata=known,
            read_dictionary=[column for column in TEXT_COLUMNS if column in schema.names],
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
        )


def _parquet_fault(filesystem: pafs.FileSystem, path: str, error: Exception) -> str:
    """Say why Arrow could not open a file: empty, of another format, cut off, or damaged."""
    try:
        with filesystem.open_input_file(path) as file:
            head = file.read(len(_MAGIC))
            size = file.size()
            file.seek(max(0, size - len(_MAGIC)))
            tail = file.read(len(_MAGIC))
    except (pa.ArrowException, OSError):
        return f"cannot be read: {_one_line(error)}"
    if head != _MAGIC:
        return f"found {'an empty file' if not size else 'no Parquet'}; expected a Parquet file"
    if tail != _MAGIC:
        return f"found a Parquet file that is cut off after {size} bytes; expected its footer at the end"
    return f"found a Parquet file that cannot be read: {_one_line(error)}; expected an intact footer"


def _record_batches(file: pq.ParquetFile, group: int, batch_rows: int, name: str) -> Iterator[pa.RecordBatch]:
    try:
        empty = _empty_columns(file.metadata.row_group(group))
        columns = [
            column for column in file.schema_arrow.names if column in SCHEMA.names and column not in empty
        ]
        yield from file.iter_batches(batch_rows, row_groups=[group], columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise TraceError(f"{name}: row group {group}: damaged data: {_one_line(error)}") from None


def _empty_columns(group: pq.RowGroupMetaData) -> set[str]:
    """Return the columns that hold only nulls by the row group's own statistics; they need not be read."""
    leaves = [group.column(place) for place in range(group.num_columns)]
    empty = {
        leaf.path_in_schema
        for leaf in leaves
        if leaf.statistics is not None and leaf.statistics.null_count == leaf.num_values
    }
    return empty - set(REQUIRED_COLUMNS)


def _joined_metadata(known: TraceMetadata, found: TraceMetadata, name: str) -> TraceMetadata:
    """Add the metadata of the next file of a folder. Raises TraceError: they differ from those of the files before."""
    for key in ("totalram_pages", "nodes", "recipe"):
        old, new = getattr(known, key), getattr(found, key)
        if new is not None and old is None:
            known = replace(known, **{key: new})
        elif new is not None and new != old:
            raise TraceError(
                f"{name}: metadata zswap_replay.{key}: found {new}; expected {old}, as in the files before"
            )
    return known


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
