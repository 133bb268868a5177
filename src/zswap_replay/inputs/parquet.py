"""Parquet files that may be damaged or hostile, opened so that whatever is wrong with them becomes one error.

pyarrow lets exceptions of C++ pass through where it looks at a column chunk: ``RowGroupMetaData.column()`` ends the
process where sizes in a footer do not agree. Nothing here or elsewhere in the package calls it. So nothing is known of
a file's statistics either, which some writers get wrong: what a column holds is read from the column.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import ZswapReplayError

MAGIC = b"PAR1"
"""The first and the last bytes of a Parquet file."""

_ENCRYPTED = b"PARE"
"""The same of a file whose footer is encrypted."""

_os_file: Callable[[bytes, str], pa.NativeFile] = cast("Any", pa.OSFile)
"""Arrow's files take bytes too, of which the stubs do not know."""

_NOT_IN_DICTIONARIES = "Not yet implemented"
"""What Arrow says of an encoding of texts (DELTA_BYTE_ARRAY) that it cannot read into dictionaries."""

_INDEX = re.compile(r"__index_level_[0-9]+__")
_BUFFER_BYTES = 1 << 20


class UnreadableError(Exception):
    """Why a file cannot be read, without its name: who opens it names it."""

    @property
    def of_dictionaries(self) -> bool:
        """Whether the file may be read where no texts come as dictionaries."""
        return _NOT_IN_DICTIONARIES in str(self)


class ReopenedFile(pq.ParquetFile):
    """A Parquet file that knows how to be opened again."""

    source: pa.NativeFile

    def plain(self) -> pq.ParquetFile:
        """Open the file once more, with texts as they are. Raises UnreadableError."""
        return open_parquet(self.source, (), self.metadata)


@contextmanager
def reading() -> Iterator[None]:
    """Turn any error of Arrow, or of the file system behind it, into UnreadableError with one line; not MemoryError."""
    try:
        yield
    except (ZswapReplayError, UnreadableError, MemoryError):
        raise
    except Exception as error:  # file systems of fsspec and damaged texts raise many kinds
        raise UnreadableError(one_line(error)) from None


def open_local(path: str | os.PathLike[str]) -> pa.NativeFile:
    """Open a file of this machine, whatever bytes its name has. Raises OSError."""
    name = os.fspath(path)
    with open(name, "rb"):  # its errors have a number, a reason and a name; Arrow's have a sentence
        pass
    return _os_file(os.fsencode(name), "rb")


def created(path: str | os.PathLike[str]) -> pa.NativeFile:
    """Open a file of this machine to write Parquet to, whatever bytes its name has. Raises OSError."""
    return _os_file(os.fsencode(path), "wb")


def open_parquet(
    source: pa.NativeFile, dictionaries: Sequence[str] = (), metadata: pq.FileMetaData | None = None
) -> ReopenedFile:
    """Open a Parquet file that is read through a small buffer, a row group at a time.

    The columns of texts named in ``dictionaries``, where it has them, come as dictionaries. ``metadata`` is its footer,
    where that has been read before.

    Raises UnreadableError: it is empty, of another format, cut off or damaged.
    """
    try:
        with reading():
            metadata = metadata or pq.read_metadata(source)
            schema = metadata.schema.to_arrow_schema()
    except UnreadableError as error:
        raise UnreadableError(_fault(source, str(error))) from None
    with reading():
        file = ReopenedFile(
            source,
            metadata=metadata,
            # of a column with others in it Arrow does not know the name
            read_dictionary=[
                field.name for field in schema if field.name in dictionaries and not field.type.num_fields
            ],
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
        )
        file.source = source
        return file


def read_table(path: str | os.PathLike[str], dictionaries: Sequence[str] = ()) -> pa.Table:
    """Read a whole Parquet file of this machine; the texts and dictionaries in it are not checked.

    Raises UnreadableError: it is no Parquet, or damaged. OSError: it cannot be opened.
    """
    with open_local(path) as source:
        file: pq.ParquetFile = open_parquet(source, dictionaries)
        try:
            with reading():
                return file.read(use_threads=False)
        except UnreadableError as error:
            if not (dictionaries and error.of_dictionaries):
                raise
        return read_table(path)


def pandas_index(schema: pa.Schema) -> set[str]:
    """Return the columns that pandas, by its metadata or by their name, wrote for the index of a data frame."""
    names = {name for name in schema.names if _INDEX.fullmatch(name)}
    try:
        told = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        return names | {name for name in told if isinstance(name, str)}
    except (KeyError, TypeError, ValueError, RecursionError):  # no pandas, or what it never wrote
        return names


def one_line(error: Exception) -> str:
    """Spell an error as one line; the kind of it where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def _fault(source: pa.NativeFile, why: str) -> str:
    """Say why Arrow could not open a file: empty, of another format, cut off, or damaged."""
    try:
        with reading():
            size = source.size()
            source.seek(0)
            head = source.read(len(MAGIC))
            source.seek(max(0, size - len(MAGIC)))
            tail = source.read(len(MAGIC))
    except UnreadableError:
        return f"cannot be read: {why}"
    if head == _ENCRYPTED:
        return "found an encrypted Parquet file; expected one that is not"
    if head != MAGIC:
        return f"found {'an empty file' if not size else 'no Parquet'}; expected a Parquet file"
    if tail != MAGIC:
        return f"found a Parquet file that is cut off after {size} bytes; expected its footer at the end"
    return f"found a Parquet file that cannot be read: {why}; expected an intact footer"
