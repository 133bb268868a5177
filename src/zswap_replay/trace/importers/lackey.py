"""Traces from the output of `valgrind --tool=lackey --trace-mem=yes`, whose rows are the accesses of a real program.

A row is ``I  addr,size`` (an instruction), `` L addr,size`` (a load), `` S addr,size`` (a store) or
`` M addr,size`` (a load and a store of the same place). There is no clock: time is the number of instructions
so far, at a stated rate. The output is long (20 bytes a row, some 10^8 rows a minute of the program's own
time), so it is parsed and folded in blocks, and can come through a pipe without ever being on a disk.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import sys
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import ROOT, path_fault, with_ancestors
from zswap_replay.trace.writer import TraceWriter, page_rows
from zswap_replay.units import PAGE_SIZE

_PAGE_SHIFT = np.uint64(PAGE_SIZE.bit_length() - 1)
_BLOCK_BYTES = 4 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_MESSAGE = re.compile(rb"(==|--|\*\*)[0-9]+\1")
_NEWLINE, _SPACE, _COMMA = b"\n ,"

_HEX = np.full(256, 255, np.uint8)
"""The value of each byte as a hexadecimal digit; 255 where it is none."""
for _digit, _byte in enumerate(b"0123456789abcdef"):
    _HEX[_byte] = _digit
_HEX[np.frombuffer(b"ABCDEF", np.uint8)] = np.arange(10, 16)


@dataclass(frozen=True)
class LackeySummary:
    """The counts of an import; accesses + splits = folded + events."""

    lines: int = 0
    """Whole lines of input that were read."""
    messages: int = 0
    """Lines of valgrind's own (``==pid==``), ignored."""
    cut_off: int = 0
    """1 if the input ends in the middle of a line, which is then dropped."""
    instructions: int = 0
    accesses: int = 0
    """Rows that are imported: loads, stores, modifies, and instructions if asked for."""
    splits: int = 0
    """Accesses across a page boundary, which became two."""
    folded: int = 0
    """Accesses that have no event of their own; once stopped, those read past the last event as well."""
    stopped: int = 0
    """1 if `max_events` ended the import."""
    events: int = 0
    pages: int = 0
    """Distinct pages."""
    time_ns: int = 0
    """Time of the last event."""


@dataclass(frozen=True)
class _Accesses:
    """Consecutive accesses to single pages: instructions so far, page number, whether it writes."""

    tick: npt.NDArray[np.uint64]
    page: npt.NDArray[np.uint64]
    write: npt.NDArray[np.bool_]


def import_lackey(
    lines: str | os.PathLike[str] | BinaryIO,
    output: str | os.PathLike[str],
    *,
    memcg: str = ROOT,
    ns_per_instruction: int = 1,
    instructions: bool = False,
    window: int = 1,
    max_events: int | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int, float | None], None] | None = None,
) -> LackeySummary:
    """Turn lackey's output into the trace `output`, and says what was in it.

    `lines` is a path, ``-`` for standard input, or a binary file; gzip is known by its first bytes. An
    instruction takes `ns_per_instruction` and is dropped, or kept as a read of its page with `instructions`.

    Runs of accesses to one page become one event, which is a write if any of them is, at the time of the
    first. With `window` N above 1 an access to one of the N pages touched last is dropped too, as a TLB would hide
    it; only the first write to a page since it entered the window is kept. This loses the order of two
    pages within the last N, and a page that is used all the time looks idle; an LRU that
    holds many times N pages sees the same misses, but for pages that never leave the window.

    `progress` is told the events so far and the share of the input that is read, 0 to 1, or None for a pipe.

    Raises TraceError: a line that cannot be read, no access at all, or an output that cannot be written;
    SettingsError: a rate, window, number of events or path that cannot be, or an output that is the input or, without
    `overwrite`, exists.
    """
    for name, value in (
        ("ns_per_instruction", ns_per_instruction),
        ("window", window),
        ("max_events", max_events),
    ):
        if value is not None and value < 1:
            raise SettingsError(f"{name} is {value}: expected 1 or more")
    wrong = path_fault(memcg)
    if wrong:
        raise SettingsError(
            f"memcg {memcg!r} is no path ({wrong}): expected one from the root, such as /build"
        )
    made = f"valgrind lackey, {ns_per_instruction} ns per instruction, window {window}"
    metadata = TraceMetadata(origin=f"{origin} ({made})" if origin else made)
    with (
        TraceWriter(output, metadata, inputs=_inputs(lines), overwrite=overwrite) as writer,
        _open(lines) as (name, stream, raw),
    ):
        made_of = _Import(name, stream, instructions, window, max_events)
        return made_of.run(writer, memcg, ns_per_instruction, lambda events: _tell(progress, events, raw))


class _Import:
    """One import while it runs: the counts so far, and the filter."""

    def __init__(
        self, name: str, stream: BinaryIO, instructions: bool, window: int, max_events: int | None
    ) -> None:
        self._name = name
        self._stream = stream
        self._instructions = instructions
        self._window = _Window(window)
        self._max_events = max_events
        self._summary = LackeySummary()

    def run(
        self, writer: TraceWriter, memcg: str, ns_per_instruction: int, told: Callable[[int], None]
    ) -> LackeySummary:
        """Write the events and return the summary; ``told`` gets the number of events, block by block."""
        _create_memcg(writer, memcg)
        pages = np.empty(0, np.uint64)
        for kept in self._kept_accesses():
            time_ns = kept.tick * np.uint64(ns_per_instruction)
            writer.write(page_rows(time_ns, kept.write.astype(np.int32), kept.page, memcg))
            pages = np.union1d(pages, kept.page)
            self._summary = replace(
                self._summary,
                events=self._summary.events + len(time_ns),
                pages=len(pages),
                time_ns=int(time_ns[-1]),
            )
            told(self._summary.events)
        summary = self._summary
        if not summary.events:
            raise TraceError(
                f"{self._name}: found no access in {summary.lines} lines; expected rows of "
                "valgrind --tool=lackey --trace-mem=yes"
            )
        return replace(summary, folded=summary.accesses + summary.splits - summary.events)

    def _kept_accesses(self) -> Iterator[_Accesses]:
        """Yield the accesses that become events, at most `max_events`, in blocks that are never empty."""
        left = self._max_events
        for runs in _fold_runs(self._parsed_blocks()):
            kept = self._window.filter(runs)
            if left is not None and len(kept.tick) >= left:
                self._summary = replace(self._summary, stopped=1)
                yield _Accesses(kept.tick[:left], kept.page[:left], kept.write[:left])
                return
            if len(kept.tick):
                if left is not None:
                    left -= len(kept.tick)
                yield kept

    def _parsed_blocks(self) -> Iterator[_Accesses]:
        """Read the input in blocks of whole lines and parse each."""
        rest = b""
        while data := self._read():
            cut = data.rfind(b"\n") + 1
            if not cut:
                rest += data
                continue
            block, rest = rest + data[:cut], data[cut:]
            yield self._parse(np.frombuffer(block, np.uint8))
        if rest:
            self._summary = replace(self._summary, cut_off=1)

    def _read(self) -> bytes:
        try:
            return self._stream.read(_BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise TraceError(f"{self._name}: cannot be read on: {error}") from None

    def _parse(self, block: npt.NDArray[np.uint8]) -> _Accesses:
        """Parse whole lines to the accesses that are imported, split at page boundaries. Raises TraceError."""
        end = np.flatnonzero(block == _NEWLINE)
        start = np.empty_like(end)
        start[0] = 0
        start[1:] = end[:-1] + 1
        last = len(block) - 1
        first, second = block[start], block[np.minimum(start + 1, last)]
        row = block[np.minimum(start + 2, last)] == _SPACE
        instruction = row & (first == ord("I")) & (second == _SPACE)
        load, store, modify = (row & (first == _SPACE) & (second == ord(kind)) for kind in "LSM")
        known = instruction | load | store | modify
        address, size, good = _parse_address_and_size(block, start + 3, end)
        odd = np.flatnonzero(~(known & good))
        for line in odd:
            text = block[start[line] : end[line]].tobytes()
            if not _MESSAGE.match(text):
                number = self._summary.lines + int(line) + 1
                raise TraceError(
                    f"{self._name}: line {number}: found {text[:60].decode(errors='replace')!r}; "
                    "expected a row of lackey, such as ' L 1ffeffe7e0,8'"
                )
        tick = np.cumsum(instruction, dtype=np.uint64) + np.uint64(self._summary.instructions)
        wanted = np.flatnonzero(known if self._instructions else known & ~instruction)
        page = address[wanted] >> _PAGE_SHIFT
        past = ((address[wanted] + (size[wanted] - np.uint64(1))) >> _PAGE_SHIFT) != page
        copies = past + np.intp(1)
        page = np.repeat(page, copies)
        # The second copy of an access across a boundary follows the first and is of the next page.
        page[np.cumsum(copies)[past] - 1] += np.uint64(1)
        self._summary = replace(
            self._summary,
            lines=self._summary.lines + len(end),
            messages=self._summary.messages + len(odd),
            instructions=self._summary.instructions + int(instruction.sum()),
            accesses=self._summary.accesses + len(wanted),
            splits=self._summary.splits + int(past.sum()),
        )
        write = (store | modify)[wanted]
        return _Accesses(np.repeat(tick[wanted], copies), page, np.repeat(write, copies))


class _Window:
    """The last pages touched, the newest at the end, each with whether it was written since it entered."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._written: OrderedDict[int, bool] = OrderedDict()

    def filter(self, runs: _Accesses) -> _Accesses:
        """Drop the runs that the window hides; a window of one page hides none, as runs are folded already."""
        if self._pages == 1:
            return runs
        written = self._written
        keep: list[int] = []
        for at, (page, write) in enumerate(zip(runs.page.tolist(), runs.write.tolist(), strict=True)):
            known = written.get(page)
            if known is None:
                written[page] = write
                keep.append(at)
                if len(written) > self._pages:
                    written.popitem(last=False)
                continue
            written.move_to_end(page)
            if write and not known:
                written[page] = True
                keep.append(at)
        return _Accesses(runs.tick[keep], runs.page[keep], runs.write[keep])


def _fold_runs(blocks: Iterator[_Accesses]) -> Iterator[_Accesses]:
    """Fold each run of accesses to one page to one. The last run of a block is held back, as it may go on."""
    open_run: _Accesses | None = None
    for block in blocks:
        if open_run is not None:
            block = _Accesses(
                np.concatenate((open_run.tick, block.tick)),
                np.concatenate((open_run.page, block.page)),
                np.concatenate((open_run.write, block.write)),
            )
        if not len(block.page):
            continue
        start = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), block.page[1:] != block.page[:-1])))
        folded = _Accesses(block.tick[start], block.page[start], np.logical_or.reduceat(block.write, start))
        open_run = _Accesses(folded.tick[-1:], folded.page[-1:], folded.write[-1:])
        yield _Accesses(folded.tick[:-1], folded.page[:-1], folded.write[:-1])
    if open_run is not None:
        yield open_run


def _parse_address_and_size(
    block: npt.NDArray[np.uint8], start: npt.NDArray[np.intp], end: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """Parse the texts ``hex,decimal`` from `start` to `end`: addresses, sizes, and which are well formed."""
    size = np.zeros(len(end), np.uint64)
    comma = np.zeros(len(end), np.intp)
    for digits in (1, 2, 3):
        at = np.flatnonzero((comma == 0) & (block[np.maximum(end - digits - 1, 0)] == _COMMA))
        comma[at] = end[at] - digits - 1
        for place in range(digits):
            digit = _HEX[block[comma[at] + 1 + place]]
            comma[at[digit > 9]] = -1
            size[at] = size[at] * np.uint64(10) + digit
    length = comma - start
    good = (comma > 0) & (length >= 1) & (length <= 16) & (size > 0)
    length = np.where(good, length, 0)
    address = np.zeros(len(end), np.uint64)
    for place in range(int(length.max(initial=0))):
        # Addresses differ in length; one that has no more digits stays as it is.
        has_digit = place < length
        digit = _HEX[block[np.where(has_digit, start + place, 0)]]
        good &= ~has_digit | (digit < 16)
        address = np.where(has_digit, (address << np.uint64(4)) | digit, address)
    return address, size, good


def _create_memcg(writer: TraceWriter, memcg: str) -> None:
    """Write the memcg_create of the path and of its ancestors below the root, ancestors first."""
    builder = TraceBuilder(step_ns=0)
    for path in with_ancestors(memcg):
        builder.memcg_create(path)
    if memcg != ROOT:
        writer.write(builder.table())


def _inputs(lines: str | os.PathLike[str] | BinaryIO) -> list[str | os.PathLike[str]]:
    """List the files that are read, as far as they have names."""
    if not isinstance(lines, str | os.PathLike):
        name = getattr(lines, "name", None)
        return [name] if isinstance(name, str) else []
    return ["/dev/stdin" if os.fspath(lines) == "-" else lines]


def _tell(progress: Callable[[int, float | None], None] | None, events: int, raw: _PeekedStream) -> None:
    if progress is not None:
        progress(events, raw.share)


@contextmanager
def _open(lines: str | os.PathLike[str] | BinaryIO) -> Iterator[tuple[str, BinaryIO, _PeekedStream]]:
    """Open the input: its name for people, its bytes, unpacked, and as they are; a passed stream is not closed."""
    with ExitStack() as stack:
        if not isinstance(lines, str | os.PathLike):
            name, raw = str(getattr(lines, "name", "input")), lines
        elif os.fspath(lines) == "-":
            name, raw = "standard input", sys.stdin.buffer
        else:
            name = os.fspath(lines)
            try:
                raw = stack.enter_context(open(name, "rb"))
            except OSError as error:
                raise TraceError(f"{name}: cannot be opened: {error.strerror}") from None
        stream = _PeekedStream(raw)
        if stream.head == _GZIP_MAGIC:
            unpacked = stack.enter_context(gzip.GzipFile(fileobj=cast(BinaryIO, stream)))
            yield name, cast(BinaryIO, unpacked), stream
        else:
            yield name, cast(BinaryIO, stream), stream


class _PeekedStream:
    """A stream whose first bytes are known before they are read, for pipes, which cannot seek back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.head = stream.read(len(_GZIP_MAGIC))
        self._rest = self.head
        self._size = _size_of(stream)
        self._taken = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        rest, self._rest = self._rest[:size], self._rest[size:]
        data = rest or self._stream.read(size)
        self._taken += len(data)
        return data

    @property
    def share(self) -> float | None:
        """Part of the stream that has been read, 0 to 1; None where its size is not known."""
        return min(self._taken / self._size, 1.0) if self._size else None


def _size_of(stream: BinaryIO) -> int | None:
    """Return the bytes of a stream that is a file; None for a pipe, or what has no file."""
    try:
        found = os.fstat(stream.fileno())
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
