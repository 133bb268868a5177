"""Reads a trace as a stream of checked batches, in bounded memory."""

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
from zswap_replay.trace.read_ahead import Ahead
from zswap_replay.trace.schema import REQUIRED_COLUMNS, ROOT, SCHEMA, TEXT_COLUMNS, Event
from zswap_replay.trace.validate import RowChecker, RowError

DEFAULT_BATCH_ROWS = 3 << 14
"""Rows of a batch where nobody asks for another size: fewer are slower, more take more memory and gain little."""

REMEMBERED_ROWS = 1 << 22
"""Rows up to which `TraceReader.remember` keeps a trace in memory: about 150 MB."""

_MAGIC = b"PAR1"
_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class _Chunk:
    """Consecutive rows of one row group, not looked at yet."""

    file: str
    group: int
    first_row: int
    """Number of its first row in its file."""
    rows: pa.RecordBatch


class TraceReader:
    """An open trace: what it says about itself, and its rows as batches.

    `strict`, `metadata`, `files` and `num_rows` are known at once. `paths` (memcg paths by id; the root is 0, a parent
    comes before its children) grows while rows are read; `page_events` and `digest` hold for the rows that
    the current reading has seen, `digest` once it came to the end.
    """

    def __init__(self, filesystem: pafs.FileSystem, paths: list[tuple[str, str]], *, strict: bool) -> None:
        """Opens the files, each a name for people and its path in `filesystem`; open_trace() finds them.

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
            self.metadata = found if place == 0 else _agree(self.metadata, found, name)
        self.paths = [ROOT]
        self.page_events = 0
        self.digest: str | None = None
        self._remembered: tuple[Batch, ...] | None = None
        self._remembered_digest: str | None = None

    def remember(self, rows: int = REMEMBERED_ROWS) -> None:
        """Reads a trace of no more than so many rows and keeps its batches: later readings are from memory.

        A longer trace is left to be read anew each time. Raises TraceError as batches() does.
        """
        if self._remembered is None and self.num_rows <= rows:
            batches = tuple(self.batches())
            self._remembered, self._remembered_digest = batches, self.digest

    def again(self) -> TraceReader:
        """A reader of the same trace, and of the same memory of it, whose readings are its own."""
        other = copy(self)
        other.paths = list(self.paths)
        return other

    def batches(self, batch_rows: int | None = None) -> Iterator[Batch]:
        """The rows from the first one on, `batch_rows` at a time or fewer; no batch crosses a row group.

        A trace that is remembered comes in the batches in which it was read.

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
        """The batches as they are read, checked and taken into a digest."""
        checker = RowChecker(MemcgTable(self.paths), strict=self.strict, nodes=self.metadata.nodes)
        first_row = 0
        with closing(Ahead(self._chunks(batch_rows))) as chunks:
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
                del chunk  # what is not in the batch need not stay while it is in use
                yield batch
                del batch  # nor the batch while the next one is made

    def _chunks(self, batch_rows: int) -> Generator[_Chunk, None, None]:
        """The rows of all files as Arrow reads them. Raises TraceError: a file that cannot be read."""
        for name, path in self._paths:
            file_row = 0
            with _open(self._filesystem, name, path) as file:
                for group in range(file.num_row_groups):
                    for rows in _record_batches(file, group, batch_rows, name):
                        yield _Chunk(name, group, file_row, rows)
                        file_row += rows.num_rows

    def sha256(self) -> str:
        """The digest of the rows, read to the end if that has not been done yet. Raises as batches() does."""
        if self.digest is None:
            for _ in self.batches():
                pass
        assert self.digest is not None
        return self.digest


def open_trace(where: str | os.PathLike[str], *, strict: bool = False) -> TraceReader:
    """Opens a Parquet file, a folder of them (read in order of name), or a pyarrow.fs URI of either.

    With `strict`, an event that names a memcg which no memcg_create made is an error.

    Raises TraceError: nothing is there, or it is no trace.

    >>> reader = open_trace("traces/db.parquet")
    >>> sum(len(batch) for batch in reader.batches()) == reader.num_rows
    True
    """
    text = os.fspath(where)
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
            return TraceReader(filesystem, [(text, path)], strict=strict)
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
    return TraceReader(filesystem, [(stem + path, path) for path in found], strict=strict)


@contextmanager
def _open(filesystem: pafs.FileSystem, name: str, path: str) -> Iterator[pq.ParquetFile]:
    """The Parquet file at `path`, its columns checked; row groups are read through a small buffer."""
    with ExitStack() as stack:
        try:
            source = stack.enter_context(filesystem.open_input_file(path))
            known = pq.read_metadata(source)
            schema = known.schema.to_arrow_schema()
        except (pa.ArrowException, OSError) as error:
            raise TraceError(f"{name}: {_not_parquet(filesystem, path, error)}") from None
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


def _not_parquet(filesystem: pafs.FileSystem, path: str, error: Exception) -> str:
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
    """The columns of a row group of which the file says that they hold nulls alone: as good as none, if not read."""
    leaves = [group.column(place) for place in range(group.num_columns)]
    empty = {
        leaf.path_in_schema
        for leaf in leaves
        if leaf.statistics is not None and leaf.statistics.null_count == leaf.num_values
    }
    return empty - set(REQUIRED_COLUMNS)


def _agree(known: TraceMetadata, found: TraceMetadata, name: str) -> TraceMetadata:
    """The metadata of a folder: a later file may fill in what is missing, but not differ."""
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
