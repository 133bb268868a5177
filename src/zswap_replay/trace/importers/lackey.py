"""Traces from the output of `valgrind --tool=lackey --trace-mem=yes`, whose rows are the accesses of a real program.

A row is ``I  addr,size`` (an instruction), `` L addr,size`` (a load), `` S addr,size`` (a store) or
`` M addr,size`` (a load and a store of the same place). There is no clock: time is the number of instructions
so far, at a stated rate. The output is long (20 bytes a row, some 10^8 rows a minute of the program's own
time), so it is parsed and folded in blocks, and can come through a pipe without ever being on a disk.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importing.job import Common, Job, Progress, importing
from zswap_replay.trace.importing.lines import Block, blocks, fault
from zswap_replay.trace.importing.owners import SHIFT, Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.units import PAGE_SIZE

_PAGE_SHIFT = np.uint64(PAGE_SIZE.bit_length() - 1)
_BLOCK_BYTES = 4 << 20
_MESSAGE = re.compile(rb"(==|--|\*\*)([0-9]{1,10})\1 ?(.*)")
_SUPERBLOCK = re.compile(rb"SB [0-9a-fA-F]{1,16}")
_HEADER, _COMMAND, _EXIT = b"Lackey, ", b"Command: ", b"Exit code:"
_NEWLINE, _SPACE, _COMMA = b"\n ,"
_EXPECTED = "a row of lackey, such as ' L 1ffeffe7e0,8'"

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
    superblocks: int = 0
    """Rows of ``--trace-superblocks=yes``, ignored."""
    processes: int = 1
    """Processes whose headers are in the input; 1 without any."""
    forks: int = 0
    """Processes that have messages and no header: forked, their accesses are taken for their parent's."""

    @property
    def figures(self) -> dict[str, int]:
        """The counts by their names."""
        return asdict(self)

    @property
    def notes(self) -> list[str]:
        """Remarks for people: there are none."""
        return []

    @property
    def warnings(self) -> list[str]:
        """What is missing or cannot be right, a line each."""
        found = []
        if self.cut_off:
            found.append("the input ends in the middle of a line, which was dropped")
        if not self.instructions:
            found.append("no instruction rows, so that all events have time 0")
        if self.forks:
            found.append(
                f"{self.forks:,} processes were forked and run no program of their own: nothing tells their accesses "
                "from those of their parents (valgrind --log-file=NAME.%p keeps them apart)"
            )
        return found


@dataclass(frozen=True)
class _Accesses:
    """Consecutive accesses to single pages: instructions so far, page number, whether it writes."""

    tick: npt.NDArray[np.uint64]
    page: npt.NDArray[np.uint64]
    write: npt.NDArray[np.bool_]


def import_lackey(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    memcg: str | None = None,
    ns_per_instruction: int = 1,
    instructions: bool = False,
    window: int = 1,
    max_events: int | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> LackeySummary:
    """Turn lackey's output into the trace `output`, and say what was in it.

    `lines` is a path, ``-`` for standard input, or a binary file; what is packed is known by its first bytes. An
    instruction takes `ns_per_instruction` and is dropped, or kept as a read of its page with `instructions`.

    Without `memcg` each process has a memcg that is named after its program, as its header says, or after the file.

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
    made = f"valgrind lackey, {ns_per_instruction} ns per instruction, window {window}"
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, made) as job:
        return _Import(job, instructions, window, max_events).run(ns_per_instruction)


@dataclass(slots=True)
class _Process:
    """A process whose rows are in the log; its rows have its number above the bits of a page."""

    number: int
    pid: int | None = None
    program: str | None = None


class _Import:
    """One import while it runs: the counts so far, the processes, and the filter."""

    def __init__(self, job: Job, instructions: bool, window: int, max_events: int | None) -> None:
        self._job = job
        self._name = job.source.name
        self._owners = Owners(job)
        self._instructions = instructions
        self._window = _Window(window)
        self._max_events = max_events
        self._summary = LackeySummary()
        self._processes = [_Process(0)]
        self._latest: dict[int, _Process] = {}
        """By process id, the last process that had it."""
        self._running = {0: self._processes[0]}
        """Processes that have not ended, by their numbers; the rows are those of the last."""
        self._current = 0
        """The number of that one."""
        self._forked: set[int] = set()

    def run(self, ns_per_instruction: int) -> LackeySummary:
        """Write the events and return the summary."""
        time_ns = 0
        for kept in self._kept_accesses():
            times = self._job.times(kept.tick, ns_per_instruction)
            self._write(times, kept)
            time_ns = int(times[-1])
            self._job.tell()
        summary = replace(self._summary, forks=len(self._forked))
        self._job.read = summary.lines
        written = self._job.finish("rows of valgrind --tool=lackey --trace-mem=yes").figures
        return replace(
            summary,
            events=written["events"],
            pages=written.get("pages", 0),
            time_ns=time_ns,
            folded=summary.accesses + summary.splits - written["events"],
            processes=len({process.number for process in self._processes if process.pid}) or 1,
        )

    def _write(self, time_ns: npt.NDArray[np.uint64], kept: _Accesses) -> None:
        """Write accesses with the pages and memcgs of their processes."""
        number = (kept.page >> np.uint64(SHIFT)).astype(np.int64)
        page = kept.page & np.uint64((1 << SHIFT) - 1)
        memcgs = np.zeros(len(self._processes), np.int32)
        offsets = np.zeros(len(self._processes), np.uint64)
        for each in np.unique(number).tolist():
            process = self._processes[each]
            owner = self._owners.of(process.program, process.pid)
            memcgs[each], offsets[each] = owner.memcg, owner.offset
        nowhere = np.broadcast_to(
            np.int64(0), len(page)
        )  # time never goes back, so that no line is ever named
        self._job.write(time_ns, kept.write.astype(np.int32), page + offsets[number], memcgs[number], nowhere)

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
        for block in blocks(self._job.source, _BLOCK_BYTES):
            try:
                yield self._parse(block)
            except TraceError:
                if not block.unfinished:
                    raise
                self._summary = replace(self._summary, cut_off=1)

    def _parse(self, lines: Block) -> _Accesses:
        """Parse whole lines to the accesses that are imported, split at page boundaries. Raises TraceError."""
        block = np.frombuffer(lines.data, np.uint8)
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
        superblocks = 0
        turns = [(0, self._current)]
        for line in odd.tolist():
            text = lines.data[start[line] : end[line]]
            message = _MESSAGE.match(text)
            if message:
                self._hear(int(message[2]), message[3])
                if self._current != turns[-1][1]:
                    turns.append((line, self._current))
            elif _SUPERBLOCK.fullmatch(text):
                superblocks += 1
            else:
                raise fault(self._name, lines.first + line, text, _EXPECTED)
        tick = np.cumsum(instruction, dtype=np.uint64) + np.uint64(self._summary.instructions)
        wanted = np.flatnonzero(known if self._instructions else known & ~instruction)
        page = address[wanted] >> _PAGE_SHIFT
        past = ((address[wanted] + (size[wanted] - np.uint64(1))) >> _PAGE_SHIFT) != page
        copies = past + np.intp(1)
        if len(self._processes) > 1:
            page += _numbers(turns, wanted) << np.uint64(SHIFT)
        page = np.repeat(page, copies)
        # The second copy of an access across a boundary follows the first and is of the next page.
        page[np.cumsum(copies)[past] - 1] += np.uint64(1)
        self._summary = replace(
            self._summary,
            lines=self._summary.lines + len(end),
            messages=self._summary.messages + len(odd) - superblocks,
            superblocks=self._summary.superblocks + superblocks,
            instructions=self._summary.instructions + int(instruction.sum()),
            accesses=self._summary.accesses + len(wanted),
            splits=self._summary.splits + int(past.sum()),
        )
        write = (store | modify)[wanted]
        return _Accesses(np.repeat(tick[wanted], copies), page, np.repeat(write, copies))

    def _hear(self, pid: int, text: bytes) -> None:
        """Take a message of valgrind's: a process begins, is named, or ends."""
        known = self._latest.get(pid)
        if text.startswith(_HEADER):
            first = self._processes[0]
            if len(self._processes) == 1 and first.pid is None and not self._summary.accesses:
                first.pid = pid
                self._latest[pid] = first
                return
            if known is not None:
                self._running.pop(known.number, None)  # it has become another program
            if len(self._processes) >= 1 << (64 - SHIFT):
                raise TraceError(
                    f"{self._name}: found more than {len(self._processes):,} processes; expected fewer"
                )
            began = _Process(len(self._processes), pid)
            self._processes.append(began)
            self._latest[pid] = self._running[began.number] = began
        elif known is None:
            if self._latest:
                self._forked.add(pid)
        elif text.startswith(_COMMAND):
            words = text[len(_COMMAND) :].decode("utf-8", "replace").split()
            known.program = os.path.basename(words[0]) if words else None
        elif text.startswith(_EXIT) and known.number in self._running and len(self._running) > 1:
            del self._running[known.number]
        self._current = next(reversed(self._running))


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


def _numbers(turns: list[tuple[int, int]], line: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
    """Return the number of the process that each line is of; `turns` has the lines at which others begin."""
    at = np.searchsorted([first for first, _ in turns], line, side="right") - 1
    return np.array([number for _, number in turns], np.uint64)[at]
