"""The text of a capture: records of the probes in any of the layouts that tools print, and what they lost.

Layouts of the same event: ``trace_pipe`` (a column of flags, ``(fn+0x4/0x20 <- caller)``), ``trace-cmd report``
(padded names, marks are ``print:``, bare values with ``-R``), ``perf script`` (``zr:store:``, the pid follows the
command without a dash) and the lines of ``zswap.bt``. A command may hold ``-``, ``:``, ``/`` and spaces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from sys import intern

from zswap_replay.errors import TraceError
from zswap_replay.trace.capture.books import is_large
from zswap_replay.trace.capture.record import Record
from zswap_replay.trace.capture.record_spool import RecordSpool
from zswap_replay.trace.importing.lines import blocks
from zswap_replay.trace.importing.source import CutShortError, Source, opened
from zswap_replay.units import quoted

_TRACER = re.compile(
    r"^\s*(?P<comm>\S.*?)[-\s]\s*(?P<pid>[0-9]{1,10})(?:/(?P<tid>[0-9]{1,10}))?\s+"
    r"(?:\(\s*[-\d]+\)\s+)?(?:\[\d+\]\s+)?(?:[^\s\d\[(]\S{3,7}\s+)?"
    r"(?P<seconds>[0-9]{1,10})\.(?P<fraction>[0-9]{1,20}):\s+(?:\d+\s+)?(?:\w+:)?(?P<event>\w+):(?:\s+(?P<rest>.*))?$",
    re.DOTALL,
)
_BPFTRACE = re.compile(
    r"^(?P<time>[0-9]{6,19}) (?P<pid>[0-9]{1,10}) (?P<event>[a-z]\w*)(?: (?P<rest>.*))?$", re.DOTALL
)
_FIELD = re.compile(r'(\w+)=("[^"]*"|\S+)')
_LOST = re.compile(
    r"\blost\s+([0-9]{1,18})|\[([0-9]{1,18}) EVENTS DROPPED\]|\[EVENTS DROPPED\]", re.IGNORECASE
)
_WRITTEN = re.compile(r"^#.*entries-in-buffer/entries-written:\s*([0-9]{1,18})/([0-9]{1,18})\b")
_MARK = re.compile(r"zr: snapshot (.*)$", re.DOTALL)
_PASSED_OVER = ("#", "cpus=", "version = ", "Attaching ", "CPU ", "[ perf ", "trace.dat")
_TO_THE_END = {"knob": "value", "param": "value", "cgroup_mkdir": "path", "cgroup_rmdir": "path"}
"""By event, the field that takes the rest of the line: what it holds may have spaces."""
_MARKS = ("print", "tracing_mark_write", "bprint", "bputs")
_BLOCK_BYTES = 1 << 18
_TOLD_RECORDS = 1 << 12
_MOST_LINES = 64
"""Lines that one value may take, each written to a knob with its newline."""

_REQUIRED = {
    "store": ("swp", "ret"),
    "len": ("size",),
    "comp": ("ret",),
    "load": ("swp", "ret"),
    "inval": ("swp",),
    "wb": ("ret",),
    "look": ("swp",),
    "shrink": ("ret",),
    "wpage": ("swp",),
    "rpage": ("swp",),
    "disk": ("swp",),
    "decomp": ("len",),
    "worker_in": (),
    "worker_out": (),
    "knob": ("cg", "file", "value"),
    "param": ("name", "value"),
    "cgroup_mkdir": ("id", "path"),
    "cgroup_rmdir": ("id", "path"),
    "cgroup_attach_task": ("dst_id", "dst_path"),
}
"""The events that an import uses, and the fields of each that it cannot do without; others are passed over."""

PROBED = frozenset(_REQUIRED)
"""The events that an import uses."""

_NUMBERS = frozenset(
    ("swp", "map", "idx", "fl", "ord", "cg", "ret", "err", "size", "len", "ref", "id", "dst_id")
)
_MOST_ORDER = 20
"""The most that a folio's order can be, and more than any kernel's; of a page alone the field means nothing."""
_WORD = -(1 << 63), (1 << 64) - 1
"""What a register holds, with a sign or without."""
_BOUNDS = {
    "size": (0, 1 << 20),
    "len": (0, 1 << 20),
    "swp": (0, (1 << 64) - 1),
    "fl": (0, (1 << 64) - 1),
}
"""By field, the least and the most that it can be, where that is less: what is beyond is no length."""


@dataclass(slots=True)
class CaptureText:
    """What a capture's text says beside its records."""

    name: str
    records: int = 0
    lines: int = 0
    lost: int = 0
    """Events that the text says were lost."""
    lost_marks: int = 0
    """Lines that say so."""
    out_of_order: int = 0
    """Records that stood behind a later one, and were moved."""
    cut_off: int = 0
    """1 where the last line ends in the middle, and was dropped."""
    kinds: set[str] = field(default_factory=set)
    """The events that there are."""


def read_text(
    path: str | os.PathLike[str],
    spool: RecordSpool,
    *,
    unfinished: bool = False,
    progress: Callable[[int, float | None], None] | None = None,
) -> CaptureText:
    """Read a capture's text, plain or packed (gzip, xz, zstd, bzip2), from a file or, with ``-``, from standard input.

    Its records go to ``spool``. An ``unfinished`` text, whose writer was killed, may end in the middle of what is
    packed. ``progress`` is told the records so far, and the share of the file that is read.

    Raises TraceError: the file cannot be read, the first line that is no record, or there is none of the probes.
    """
    with opened(path) as source:
        text = CaptureText(source.name)
        for record in _records(_lines(source, text, unfinished=unfinished), text):
            spool.add(record)
            text.kinds.add(record.event)
            if progress is not None and not len(spool) % _TOLD_RECORDS:
                progress(len(spool), source.share)
    text.records, text.out_of_order = len(spool), spool.out_of_order
    if not text.kinds & {"store", "wpage", "rpage", "inval"}:
        raise TraceError(
            f"{text.name}: found no event of the probes in {text.lines:,} lines; expected store, wpage, rpage or inval"
        )
    return text


def _lines(source: Source, text: CaptureText, *, unfinished: bool) -> Iterator[str]:
    """Yield the lines with their newlines, which a last one that is cut off lacks."""
    try:
        for block in blocks(source, _BLOCK_BYTES, some=True):
            end = "" if block.unfinished else "\n"
            for line in block.lines():
                yield line.decode("utf-8", "replace") + end
    except CutShortError:
        if not unfinished:
            raise
        text.cut_off = 1


def _records(lines: Iterator[str], text: CaptureText) -> Iterator[Record]:
    numbered = enumerate(lines, 1)
    after_value = False
    for number, line in numbered:
        text.lines = number
        bare = line.rstrip("\r\n")
        found = _TRACER.match(bare) or _BPFTRACE.match(bare)
        if found is None:
            if _is_passed_over(bare, text):
                continue
            if not line.endswith("\n"):
                text.cut_off = 1
                return
            if after_value and text.lines:
                continue  # a value without quotes that holds a newline, as bpftrace prints it
            raise _fault(
                text, number, bare, "a line of trace_pipe, trace-cmd report, perf script or zswap.bt"
            )
        event, rest = found["event"], found["rest"] or ""
        if event in ("knob", "param") and _is_open(rest):
            rest = _whole_value(text, number, rest, numbered)
        after_value = event in ("knob", "param") and not rest.endswith('"')
        if event in _MARKS:
            mark = _MARK.search(rest)
            if mark is not None:
                yield Record(_time(found), 0, "mark", {}, {"label": mark[1].strip()}, number)
        elif event in _REQUIRED:
            try:
                yield _record(found, event, rest, number)
            except ValueError as error:
                if not line.endswith("\n"):
                    text.cut_off = 1
                    return
                raise _fault(text, number, bare, str(error)) from None


def _is_passed_over(bare: str, text: CaptureText) -> bool:
    """Tell whether a line is no record and need not be one; count what it says was lost."""
    lost = _LOST.search(bare)
    if lost is not None:
        text.lost += int(lost[1] or lost[2] or 0)
        text.lost_marks += 1
        return True
    written = _WRITTEN.match(bare)
    if written is not None and int(written[2]) > int(written[1]):
        text.lost += int(written[2]) - int(written[1])
        text.lost_marks += 1
    return not bare.strip() or bare.startswith(_PASSED_OVER)


def _is_open(rest: str) -> bool:
    """Tell whether the value that a record ends with has its first quote, and not its last."""
    _, _, value = rest.partition('value="')
    return 'value="' in rest and not value.endswith('"')


def _whole_value(text: CaptureText, number: int, rest: str, numbered: Iterator[tuple[int, str]]) -> str:
    """Read on to the end of a value, which is written to a knob with its newlines. Raises TraceError: it has none."""
    first = rest
    for _ in range(_MOST_LINES):
        text.lines, line = next(numbered, (number, ""))
        rest += "\n" + line.rstrip("\r\n")
        if rest.endswith('"'):
            return rest
        if not line:
            break
    raise _fault(text, number, first, "a value that ends in a quote: the record is cut off")


def _time(found: re.Match[str]) -> int:
    if "time" in found.re.groupindex:
        return int(found["time"])
    return int(found["seconds"]) * 1_000_000_000 + int(found["fraction"].ljust(9, "0")[:9])


def _record(found: re.Match[str], event: str, rest: str, line: int) -> Record:
    """Read the fields of a record. Raises ValueError, with what was expected: one is missing, or is no number."""
    tail = _TO_THE_END.get(event)
    last = ""
    if tail is not None:
        rest, equals, last = rest.partition(f"{tail}=")
        if not equals:
            raise ValueError(f"a field {tail} of the event {event}")
    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    for key, value in _FIELD.findall(rest):
        if key not in _NUMBERS:
            texts[intern(key)] = value.strip('"')
        elif value != "(fault)":
            numbers[intern(key)] = _number(key, value)
        else:
            numbers[key] = 0
    if tail is not None:
        texts[tail] = last.strip().strip('"').strip()
    if "err" in numbers:
        # a function that returns 0 or an error, where earlier kernels have it tell success
        numbers.setdefault("ret", int(numbers["err"] == 0))
    for key in _REQUIRED[event]:
        if key not in numbers and key not in texts:
            raise ValueError(f"a field {key} of the event {event}")
    task = found["tid"] if "tid" in found.re.groupindex and found["tid"] else found["pid"]
    record = Record(_time(found), int(task), intern(event), numbers, texts, line)
    if is_large(record) and not 0 <= numbers.get("ord", 0) <= _MOST_ORDER:
        raise ValueError(f"an order up to {_MOST_ORDER} of a large folio")
    return record


def _number(key: str, text: str) -> int:
    """Read the number of a field. Raises ValueError, with what was expected: the kernel prints no such number there."""
    least, most = _BOUNDS.get(key, _WORD)
    try:
        number = int(text, 0)
    except ValueError:
        raise ValueError(f"a number in {key}, not {quoted(text)}") from None
    if not least <= number <= most:
        raise ValueError(f"a number from {least} to {most} in {key}")
    return number


def _fault(text: CaptureText, number: int, line: str, expected: str) -> TraceError:
    return TraceError(f"{text.name}: line {number}: found {quoted(line.strip())}; expected {expected}")
