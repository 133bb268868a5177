"""The lines of a text, in blocks of whole lines: text of any length is read in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.source import BYTE_ORDER_MARK, Source
from zswap_replay.units import quoted

BLOCK_BYTES = 4 << 20
"""Bytes of a block."""

_LONGEST_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, each with its newline, and the number of the first, from 1 on."""

    data: bytes
    first: int
    unfinished: bool = False
    """Whether it is the last line of several, which ends without a newline and so may be cut off."""

    def lines(self) -> list[bytes]:
        """Return the lines without their newlines."""
        return self.data.split(b"\n")[:-1]


def blocks(source: Source, size: int | None = None, *, some: bool = False) -> Iterator[Block]:
    """Read an input in blocks of whole lines; CR LF counts as the end of a line.

    A last line without a newline comes in a block of its own. With ``some`` a block may be smaller than ``size``, and
    all lines before the place where a packed input is cut short come before its error.

    Raises TraceError: the input cannot be read, or a line is longer than any text has.
    """
    first = 1
    rest = b""
    read = source.read_some if some else source.read
    while data := read(size or BLOCK_BYTES):
        if first == 1 and not rest and data.startswith(BYTE_ORDER_MARK):
            data = data[len(BYTE_ORDER_MARK) :]
        cut = data.rfind(b"\n") + 1
        if cut:
            whole, rest = rest + data[:cut], data[cut:]
            block = Block(_plain(whole), first)
            first += block.data.count(b"\n")
            yield block
        else:
            rest += data
        if len(rest) > _LONGEST_LINE:
            raise fault(source.name, first, rest, "lines of text")
    if rest:
        # an input of one line that cannot be read is no text of the kind at all
        yield Block(_plain(rest + b"\n"), first, unfinished=first > 1)


def fault(name: str, line: int, found: bytes | str, expected: str, unit: str = "line") -> TraceError:
    """Return the error of a line that cannot be read."""
    text = found.decode(errors="replace") if isinstance(found, bytes) else found
    return TraceError(f"{name}: {unit} {line}: found {quoted(text[:120])}; expected {expected}")


def _plain(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data
