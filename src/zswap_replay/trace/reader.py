"""Reading a trace as a stream of checked batches, in bounded memory."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from copy import copy
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import TraceError, ZswapReplayError
from zswap_replay.inputs.arrow_file import ArrowFile, is_arrow, mapped
from zswap_replay.inputs.parquet import UnreadableError, open_parquet
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.decode import Columns, LastTexts, RowError, decode, index_columns, schema_faults
from zswap_replay.trace.digest import SHA256_ROWS, Digests, TraceDigest
from zswap_replay.trace.location import Located, Part, locate
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata, decode_metadata, joined_metadata
from zswap_replay.trace.partition import partition_columns, with_columns
from zswap_replay.trace.read_ahead import ReadAhead
from zswap_replay.trace.row_groups import TraceFile, group_starts, record_batches
from zswap_replay.trace.schema import ROOT, SCHEMA, TEXT_COLUMNS
from zswap_replay.trace.shared_rows import KeptRows, SharedRows, fits
from zswap_replay.trace.validate import RowChecker, check_has_time

DEFAULT_BATCH_ROWS = 3 << 14
"""Rows of a batch by default: fewer are slower, more take more memory and gain little."""

_TINY_GROUPS = 1000
"""Row groups of a file from which on a note says that they are tiny, where they are."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, and where: as an error says it."""

    file: str
    row_group: int | None
    row: int | None
    """Its number in the file, from 0; None where it is a column that does not fit."""
    column: str | None
    """None where the whole file, or the row group, cannot be read: `found` is then the whole text."""
    found: str
    expected: str

    def __str__(self) -> str:
        if self.column is None:
            return self.found
        place = "" if self.row is None else f"row group {self.row_group}, row {self.row}, "
        return f"{self.file}: {place}column {self.column}: found {self.found}; expected {self.expected}"


class ColumnsError(TraceError):
    """Columns of a file that do not fit: the message is of the first, `problems` are all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(str(problems[0]))
        self.problems = problems


@dataclass(frozen=True)
class _Chunk:
    """Consecutive rows of one file, not checked yet."""

    file: str
    first_row: int
    """Number of its first row in its file."""
    group_starts: list[int]
    """The first row of each row group of the file."""
    rows: pa.RecordBatch

    def fault(self, found: RowError) -> TraceError:
        """Name the place of a bad row in its file."""
        return TraceError(str(self.problem(found)))

    def problem(self, found: RowError, skipped: int = 0) -> Problem:
        """Describe a bad row, which is counted from the row `skipped` of the chunk on."""
        row = self.first_row + skipped + found.row
        group = bisect_right(self.group_starts, row) - 1
        return Problem(self.file, group, row, found.column, found.found, found.expected)


@dataclass(frozen=True)
class _Checked:
    """Rows that were checked, and what is known when they are taken."""

    batch: Batch
    page_events: int
    """Of these rows."""
    nr_paths: int
    """Memcgs that these rows and all before them name."""


class TraceReader:
    """An open trace: its metadata, and its rows as batches.

    `strict`, `metadata`, `files`, `num_rows` and `notes` are known at once. `paths` (memcg paths by id; the root
    is 0, a parent comes before its children) grows while rows are read; `page_events` and `digest` hold for the rows
    that the current reading has seen, `digest` once it came to the end: there is none before.
    """

    def __init__(self, located: Located, *, strict: bool) -> None:
        """Check the files' columns and metadata.

        Raises TraceError: a file that is not Parquet, or whose columns or metadata do not fit.
        """
        self._parts = located.parts
        self.strict = strict
        self.files = [part.name for part in located.parts]
        self.notes = list(located.notes)
        """Remarks for people on what is passed over, and on what is slow."""
        self.num_rows = 0
        self.metadata = TraceMetadata()
        self._footers: dict[str, pq.FileMetaData] = {}
        for place, part in enumerate(located.parts):
            with _open(part) as file:
                self.num_rows += file.metadata.num_rows
                found = decode_metadata(part.name, file.schema_arrow.metadata)
                self._note(part, file)
                alone = len(located.parts) == 1
                if (alone or _has_tiny_groups(file)) and not isinstance(file, ArrowFile):
                    # A footer takes memory and time, 8 MiB for a thousand row groups, each time that it is read;
                    # those of many files are not kept, unless it is the footer that takes the memory.
                    self._footers[part.path] = file.metadata
            self.metadata = found if place == 0 else joined_metadata(self.metadata, found, part.name)
        self.nodes = self.metadata.nodes
        """NUMA nodes that pages may be on; None for any."""
        self.paths = [ROOT]
        self.page_events = 0
        self.with_sha256 = True
        """Whether a reading takes the slower digest too."""
        self.digest: Digests | None = None
        self._kept = KeptRows()

    def share(self) -> None:
        """Keep the rows of the first whole reading, if memory has room: later ones, of again() too, take them there."""
        self._kept.wanted = fits(self.num_rows)

    def remember(self) -> None:
        """Read the rows now, and keep them as share() does. Raises TraceError as batches() does."""
        self.share()
        if self._kept.wanted and self._kept.rows is None:
            for _ in self._batches(DEFAULT_BATCH_ROWS, alone=True):
                pass

    def unshare(self) -> None:
        """Give up the rows that are kept: what this reader was used for may be there longer, and memory is dear."""
        self._kept.rows, self._kept.wanted = None, False

    def shared_path(self) -> str | None:
        """Return what `open_shared_or` opens, as long as this reader is there; None where no rows are kept."""
        if self._kept.rows is None:
            return None
        other = self.again()
        other._parts, other._footers, other._kept = [], {}, KeptRows()
        return self._kept.rows.path(other)

    def again(self) -> TraceReader:
        """Return another reader of this trace, which shares the rows that are kept and is read independently."""
        other = copy(self)
        other.paths = list(self.paths)
        return other

    def batches(self, batch_rows: int | None = None) -> Iterator[Batch]:
        """Read all rows from the first one on, at most `batch_rows` at a time; no batch crosses a large row group.

        Rows that are kept come in the batches in which they were first read.

        Raises TraceError: the first bad row, by file, row group, row and column.
        """
        return self._batches(batch_rows or DEFAULT_BATCH_ROWS, alone=False)

    def _batches(self, batch_rows: int, *, alone: bool) -> Iterator[Batch]:
        """Read as batches() does; `alone` says that nothing is done with the batches meanwhile."""
        self.page_events = 0
        self.digest = None
        rows = self._kept.rows
        if rows is not None and (rows.digest.sha256 or not self.with_sha256):
            self.paths[:] = rows.paths
            for batch in rows.batches():
                self.page_events += batch.nr_page_events
                yield batch
            self.digest = rows.digest
            return
        digest, table = TraceDigest(sha256=self.with_sha256), MemcgTable(list(self.paths))
        with closing(digest), closing(self._kept.keep(self.num_rows)) as keeping:
            with closing(ReadAhead(self._checked(digest, table, batch_rows, alone=alone))) as reading:
                for checked in reading:
                    # as far as these rows name them: the thread is ahead, and how far is no result's business
                    self.paths += table.paths[len(self.paths) : checked.nr_paths]
                    self.page_events += checked.page_events
                    batch = checked.batch
                    del checked
                    keeping.add(batch)
                    yield batch
                    del batch  # the replay is done with it
            self.digest = digest.digests(self.paths)
            keeping.end(self.paths, self.digest)

    def unchecked(self, batch_rows: int | None = None) -> Iterator[tuple[Columns, int]]:
        """Read all rows as they are, at most `batch_rows` at a time: the columns, and how many rows came before them.

        What the rows mean is not looked at, and their order may be any; only the time must be there.

        Raises TraceError: a file that cannot be read, or a row without a time.
        """
        first_row = 0
        with closing(ReadAhead(self._chunks(batch_rows or DEFAULT_BATCH_ROWS))) as chunks:
            for chunk in chunks:
                with _faults_of(chunk):
                    columns = decode(chunk.rows)
                    check_has_time(columns)
                yield columns, first_row
                first_row += len(columns.time_ns)

    def _checked(
        self, digest: TraceDigest, table: MemcgTable, batch_rows: int, *, alone: bool
    ) -> Generator[_Checked, None, None]:
        """Read the batches, check their rows and add them to a digest, in a thread; nothing else of the reader changes.

        ``table`` gets the memcgs that they name. Where there is a processor for it, another thread decodes ahead.
        """
        checker = RowChecker(table, strict=self.strict, nodes=self.nodes)
        last, first_row = LastTexts(), 0
        decoding = self._chunks(batch_rows, sparing=True)
        busy = 1 if alone else 2  # this thread, and what the batches are read for
        apart = len(os.sched_getaffinity(0)) > busy
        with closing(ReadAhead(decoding) if apart else decoding) as chunks:
            for chunk in chunks:
                with _faults_of(chunk):
                    batch = checker.check(decode(chunk.rows, last), first_row)
                digest.update(batch)
                first_row += len(batch)
                del chunk  # free what the batch does not share before the batch is in use
                checked = _Checked(batch, batch.nr_page_events, len(table.paths))
                del batch
                yield checked
                del checked  # and the batch before the next one is made

    def problems(self, progress: Callable[[int, int], None] | None = None) -> Iterator[Problem]:
        """Read all rows and yield what is wrong, row by row; of a trace that is good `digest` is known afterwards.

        Of a row all that is wrong is told, column by column. It counts as not there for the rows behind it, but for its
        time: a row that goes back is one problem, and not all those after a time that is too late.

        ``progress`` is told the rows read and the rows in all.
        """
        self.page_events, self.digest = 0, None
        digest = TraceDigest(sha256=True)
        checker = RowChecker(MemcgTable(self.paths), strict=self.strict, nodes=self.nodes)
        first_row, good = 0, True
        try:
            for chunk in self._chunks(DEFAULT_BATCH_ROWS):
                length, done = chunk.rows.num_rows, 0
                while done < length:
                    columns = decode(chunk.rows.slice(done))
                    try:
                        batch = checker.check(columns, first_row + done)
                    except RowError as fault:
                        good = False
                        for each in fault.row_faults:
                            yield chunk.problem(each, done)
                        checker.pass_over(columns, fault.row)
                        done += fault.row + 1
                        continue
                    self.page_events += batch.nr_page_events
                    digest.update(batch)
                    done = length
                first_row += length
                if progress is not None:
                    progress(first_row, self.num_rows)
            if good:
                self.digest = digest.digests(self.paths)
        except TraceError as error:
            yield Problem(self.files[0], None, None, None, str(error), "")
        finally:
            digest.close()

    def _chunks(self, batch_rows: int, *, sparing: bool = False) -> Generator[_Chunk, None, None]:
        """Read the rows of all files, unchecked, as record_batches() does.

        Raises TraceError: a file that cannot be read.
        """
        for part in self._parts:
            file_row = 0
            with _open(part, self._footers.get(part.path)) as file:
                given = partition_columns(part, file.schema_arrow)
                starts = group_starts(file)
                for rows in record_batches(part.name, file, starts, batch_rows, sparing=sparing):
                    yield _Chunk(part.name, file_row, starts, with_columns(rows, given))
                    file_row += rows.num_rows

    def _note(self, part: Part, file: TraceFile) -> None:
        """Note what of a file is passed over, each column once, and that its row groups are tiny."""
        schema, groups = file.schema_arrow, file.num_row_groups
        others = [f"column {name} is pandas' index" for name in index_columns(schema)]
        others += [
            f"the folders' {name} is no column of a trace"
            for name, _ in part.partition
            if name not in SCHEMA.names
        ]
        told = {note.partition(": ")[2] for note in self.notes}
        self.notes += [
            f"{part.name}: passed over: {text}" for text in others if f"passed over: {text}" not in told
        ]
        if _has_tiny_groups(file):
            self.notes.append(
                f"{part.name}: {groups:,} row groups of {file.metadata.num_rows // groups:,} rows on average take "
                "memory and time; `trace rewrite` writes large ones"
            )

    def choose_digests(self, *, sha256: bool = False) -> None:
        """Let readings take the SHA-256 where it is asked for, and where it costs little: of up to SHA256_ROWS rows."""
        self.with_sha256 = sha256 or self.num_rows <= SHA256_ROWS

    def sha256(self) -> str:
        """Return the digest of the rows, reading the trace to its end if need be. Raises as batches() does."""
        if self.digest is None or self.digest.sha256 is None:
            self.with_sha256, self.digest = True, None
        return self.digests().sha256 or ""

    def xxh3(self) -> str:
        """Return the fast digest of the rows, as sha256() does the slow one."""
        return self.digests().xxh3

    def digests(self) -> Digests:
        """Return the digests of the rows, reading the trace to its end if need be; choose_digests() says which."""
        if self.digest is None:
            for _ in self._batches(DEFAULT_BATCH_ROWS, alone=True):
                pass
        assert self.digest is not None
        return self.digest


def open_trace(where: str | os.PathLike[str], *, strict: bool = False) -> TraceReader:
    """Open a trace: a Parquet or Arrow file, a folder of Parquet files, or a URI of either; ``-`` is standard input.

    Of a folder all Parquet files are read, those of its subfolders too: first the files of a folder, then its
    subfolders, in the order of their names and of the numbers in them. A URI is one of pyarrow.fs or, where that is
    installed, of fsspec. With `strict`, an event that names a memcg which no memcg_create made is an error when that
    row is read.

    Raises TraceError: there is no such file or folder, or it is no trace. MissingPackageError: it needs fsspec.

    >>> reader = open_trace("traces/db.parquet")
    >>> sum(len(batch) for batch in reader.batches()) == reader.num_rows
    True
    """
    return TraceReader(locate(os.fspath(where)), strict=strict)


def open_shared_or(where: str, path: str | None, *, strict: bool) -> TraceReader:
    """Open the rows that another reader has at its shared_path(); where nobody can get at them, open the trace."""
    if path is not None:
        with suppress(OSError):
            rows, reader = SharedRows.open(path)
            assert isinstance(reader, TraceReader)
            reader._kept, reader.with_sha256 = KeptRows(rows), rows.digest.sha256 is not None
            return reader
    return open_trace(where, strict=strict)


def trace_files(where: str | os.PathLike[str]) -> list[str]:
    """List the files of this machine that `open_trace` would read, and the folder that they are in.

    There are none for a URI of another place.
    """
    try:
        located = locate(os.fspath(where))
    except ZswapReplayError:
        return []  # who opens it says why
    here = [part.path for part in located.parts if part.filesystem is None]
    return here if located.folder is None else [located.folder, *here]


@contextmanager
def _open(part: Part, footer: pq.FileMetaData | None = None) -> Iterator[TraceFile]:
    """Open a file of a trace and check its columns."""
    with ExitStack() as stack:
        file: TraceFile
        try:
            source = stack.enter_context(part.open())
            if footer is None and is_arrow(source):
                if part.filesystem is None:
                    source = stack.enter_context(mapped(part.path, source))
                file = ArrowFile(source)
            else:
                file = open_parquet(source, TEXT_COLUMNS, footer)
        except UnreadableError as error:
            raise TraceError(f"{part.name}: {error}") from None
        faults = list(schema_faults(file.schema_arrow, {name for name, _ in part.partition}))
        if faults:
            raise ColumnsError([Problem(part.name, None, None, *fault) for fault in faults])
        yield file


def _has_tiny_groups(file: TraceFile) -> bool:
    groups = file.num_row_groups
    return groups >= _TINY_GROUPS and file.metadata.num_rows < groups * _TINY_GROUPS


@contextmanager
def _faults_of(chunk: _Chunk) -> Iterator[None]:
    """Turn what is wrong with the rows of a chunk into a TraceError that names file and row."""
    try:
        yield
    except RowError as fault:
        raise chunk.fault(fault) from None
