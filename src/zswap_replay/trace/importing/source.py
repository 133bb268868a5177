"""The input of an import: a file, standard input or a stream, unpacked as its first bytes say."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from zswap_replay.errors import TraceError
from zswap_replay.files import shown
from zswap_replay.inputs.spool import spooled

Where = str | os.PathLike[str] | BinaryIO

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs begin a text in UTF-8 with."""

_HEAD_BYTES = 6
_SUFFIXES = re.compile(
    r"(\.(gz|xz|zst|zstd|bz2|txt|csv|tsv|log|out|data|bin|json|trace|parquet|arrow))+$", re.I
)
_CHUNK = 1 << 20


class CutShortError(TraceError):
    """What is packed ends in the middle."""


class Source:
    """An opened input."""

    def __init__(self, name: str, stem: str | None, stream: BinaryIO, raw: _PeekedStream, packed: str | None):
        self.name = name
        """Its name for people."""
        self.stem = stem
        """The name of its file without folder and endings; None where there is no file."""
        self.packed = packed
        """How it is packed: ``gzip``, ``xz``, ``zstd``, ``bzip2``, or None."""
        self._stream = stream
        self._raw = raw
        self._ahead = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes, unpacked, at most `size`; none at the end. Raises TraceError: it is damaged."""
        return self._read(self._stream.read, size)

    def read_some(self, size: int) -> bytes:
        """Return bytes that are at hand, at most `size`: of what is cut short all that can be unpacked comes first.

        None at the end. Raises TraceError: it is damaged; CutShortError: it ends in the middle.
        """
        return self._read(getattr(self._stream, "read1", self._stream.read), size)

    def _read(self, read: Callable[[int], bytes], size: int) -> bytes:
        ahead, self._ahead = self._ahead[:size], self._ahead[size:]
        if ahead:
            return ahead
        try:
            return read(size)
        except EOFError as error:
            raise CutShortError(f"{self.name}: cannot be read on: {error}") from None
        except (OSError, zlib.error, lzma.LZMAError, _zstd_error()) as error:
            raise TraceError(f"{self.name}: cannot be read on: {error}") from None

    def peek(self, size: int) -> bytes:
        """Return the next bytes, at most `size`, which are read again later."""
        while len(self._ahead) < size:
            ahead, self._ahead = self._ahead, b""
            more = self.read(size - len(ahead))
            self._ahead = ahead + more
            if not more:
                break
        return self._ahead[:size]

    def peek_text(self, size: int) -> bytes:
        """Return the next bytes of a text, as peek() does, without the mark of its encoding."""
        return self.peek(size).removeprefix(BYTE_ORDER_MARK)

    @property
    def share(self) -> float | None:
        """Part of the input that has been read, 0 to 1; None where its size is not known."""
        return self._raw.share

    def seekable(self, path: str | os.PathLike[str] | None) -> BinaryIO:
        """Return a file of all that is left, which can be read from any place: for formats with their index last.

        It is `path` itself, opened again, where that is a file that is not packed.
        """
        if path is not None and self.packed is None and os.path.isfile(path):
            return open(path, "rb")  # closed by who asked for it
        spool = cast("BinaryIO", spooled(self))
        spool.seek(0)
        return spool


@contextmanager
def opened(where: Where) -> Iterator[Source]:
    """Open an input: a path, ``-`` for standard input, or a binary file, which is not closed.

    What is packed with gzip, xz, zstd or bzip2, known by its first bytes, comes unpacked.

    Raises TraceError: it cannot be opened.
    """
    with ExitStack() as stack:
        stem: str | None = None
        if not isinstance(where, str | os.PathLike):
            name, raw = str(getattr(where, "name", "input")), where
        elif os.fspath(where) == "-":
            name, raw = "standard input", _standard_input()
        else:
            name, stem = shown(where), stem_of(where)
            try:
                raw = stack.enter_context(open(where, "rb"))
            except OSError as error:
                raise TraceError(f"{name}: cannot be opened: {error.strerror}") from None
        try:
            peeked = _PeekedStream(raw)
        except OSError as error:
            raise TraceError(f"{name}: cannot be read: {error.strerror}") from None
        for magic, packed, unpacking in _PACKED:
            if peeked.head.startswith(magic):
                stream = stack.enter_context(unpacking(peeked))
                yield Source(name, stem, cast("BinaryIO", stream), peeked, packed)
                return
        yield Source(name, stem, cast("BinaryIO", peeked), peeked, None)


def path_in(where: Where) -> list[str | os.PathLike[str]]:
    """List the file that an input is, as far as it has a name: no output may be written over it."""
    if isinstance(where, str | os.PathLike) and os.fspath(where) != "-":
        return [where]
    return []


def stem_of(where: str | os.PathLike[str]) -> str:
    """Return the name of a file without its folder and the endings that say how it is packed and what it is."""
    base = os.path.basename(shown(where))
    return _SUFFIXES.sub("", base) or base


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # where it was closed, as by `<&-`
        raise TraceError("-: standard input is closed; expected a file or a pipe")
    if sys.stdin.isatty():
        raise TraceError("-: standard input is a terminal; expected a file or a pipe")
    return sys.stdin.buffer


class _PeekedStream:
    """A stream whose first bytes are known before they are read, for pipes, which cannot seek back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.head = b""
        while len(self.head) < _HEAD_BYTES and (more := stream.read(_HEAD_BYTES - len(self.head))):
            self.head += more
        self._rest = self.head
        self._size = _size_of(stream)
        self._taken = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        if size < 0:
            size = _CHUNK
        rest, self._rest = self._rest[:size], self._rest[size:]
        data = rest or self._stream.read(size)
        self._taken += len(data)
        return data

    @property
    def share(self) -> float | None:
        """Part of the stream that has been read, 0 to 1; None where its size is not known."""
        return min(self._taken / self._size, 1.0) if self._size else None


def _zstd_error() -> type[Exception]:
    from backports.zstd import ZstdError

    return ZstdError


def _zstd(stream: _PeekedStream) -> Any:
    from backports.zstd import ZstdFile

    return ZstdFile(cast("Any", stream))


_PACKED: tuple[tuple[bytes, str, Callable[[_PeekedStream], Any]], ...] = (
    (b"\x1f\x8b", "gzip", lambda stream: gzip.GzipFile(fileobj=cast("BinaryIO", stream))),
    (b"\xfd7zXZ\x00", "xz", lambda stream: lzma.LZMAFile(cast("BinaryIO", stream))),  # noqa: SIM115  # closed where it is opened
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"BZh", "bzip2", lambda stream: bz2.BZ2File(cast("BinaryIO", stream))),
)
"""The first bytes of what is packed, its name, and what unpacks it."""


def _size_of(stream: BinaryIO) -> int | None:
    """Return the bytes of a stream that is a file; None for a pipe, or what has no file."""
    try:
        found = os.fstat(stream.fileno())
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
