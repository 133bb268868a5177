"""Traces from page faults and memory samples as ``perf script`` prints them.

A fault is a first touch of a page or its return from swap: a touch of a page that is there leaves no line. So a trace
of faults has each page's first access and what the recorded kernel's reclaim cost, and no working set.

The default layout of ``perf script`` has the instruction's address and not that of the data (``-F`` has to name
``addr``), so it is refused. Layout: print_sample_start() and print_sample_addr(), tools/perf/builtin-script.c.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import By, Owner, Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.units import PAGE_SIZE

_SHIFT = PAGE_SIZE.bit_length() - 1

WANTED = "perf script --ns -F comm,pid,tid,time,event,addr"
"""The command whose output is read."""

_SAMPLE = re.compile(
    rb"^\s*(?:(?P<comm>\S.*?)\s+)??(?:(?P<pid>-?\d{1,10})(?:/(?P<tid>-?\d{1,10}))?\s+)?(?:\[\d+\]\s+)?"
    rb"(?:(?P<seconds>\d{1,10})\.(?P<fraction>\d{1,9}):\s+)(?:\d+\s+)?"
    rb"(?P<event>(?:[\w-]+:)?(?:page-faults|faults|minor-faults|major-faults|min-flt|maj-flt|page_fault_user|"
    rb"page_fault_kernel|[\w./,=-]*mem-(?:loads|stores)[\w./,=-]*|mem[\w./,=-]*)[\w./,=-]*):[ukpPHG]*:?\s*(?P<rest>.*)$"
)
_PLAIN = re.compile(
    rb"^ *(\S+) +(\d{1,10})/(\d{1,10}) +(\d{1,10})\.(\d{1,9}): +(?:page|minor|major)-faults: +([0-9a-f]{1,15})\s*$"
)
"""The fields that WANTED asks for, as most lines have them: other layouts are looked at more closely."""
_ANY = re.compile(
    rb"^\s*(?:\S.*?\s+)?-?\d+(?:/-?\d+)?\s+(?:\[\d+\]\s+)?\d{1,10}\.\d{1,9}:\s+(?:\d+\s+)?[\w/.,=:-]+:(?:\s|$)"
)
"""A sample of any event."""
_HEX = re.compile(rb"(?<![\w+./@:-])(?:0x)?([0-9a-f]{1,16})(?![\w+./@:-])")
_FIELDS = re.compile(rb"address=(0x)?([0-9a-f]+)\b.*?error_code=0x([0-9a-f]+)")
_RECORD = re.compile(rb"PERF_RECORD_(\w+)")
_LOST = re.compile(rb"PERF_RECORD_LOST\w*.*?\b(\d{1,18})\s*$|lost\s+(\d{1,18})")
_STACK = re.compile(rb"^\s+[0-9a-f]+ \S")
_DSO = re.compile(rb"\((?:/|\[|inlined|deleted|//)[^()]*\)\s*$")
_DATA_SOURCE = re.compile(rb"\|OP ([A-Z]+)")
_TEXT = 0xFFFFFFFF80000000
"""The first address of the kernel's code: no data that faults is there."""
_WRITE_FAULT = 2
_DATA = b"PERFILE2"
"""How a file of perf record begins."""


def import_perf_script(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    by: By = "process",
    comm: Sequence[str] = (),
    pid: Sequence[str] = (),
    event: str = "read",
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn samples of perf script into the trace `output`.

    Read are page-faults, minor-faults and major-faults, which are accesses of the kind `event`;
    exceptions:page_fault_user and _kernel, whose error code tells writes; and the samples of perf mem. Those of other
    events are passed over. Each process has a memcg, or each program (`by`); only those named by `comm` and `pid` are
    read, where any are.

    Raises TraceError: a line that cannot be read, a layout without the address, or no access at all; SettingsError: an
    output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, "perf script") as job:
        refuse_data(job, WANTED)
        samples = Samples(job, by, comm, pid, WRITE if event == "write" else READ)
        each_line(job, samples.take, samples.accesses)
        samples.tell()
        return job.finish(f"samples of page faults or of perf mem, as {WANTED} prints them")


def refuse_data(job: Job, command: str) -> None:
    """Refuse what perf recorded, in place of what it prints. Raises TraceError."""
    if job.source.peek(len(_DATA)) == _DATA:
        raise TraceError(
            f"{job.source.name}: found perf's own data; expected the text that {command} prints of it"
        )


@dataclass(slots=True)
class _Named:
    """The program of a process: the name of its first thread, or of another that was seen before that."""

    program: bytes
    first_thread: bytes | None = None


class Samples:
    """The samples of an input, line by line."""

    def __init__(self, job: Job, by: By, comm: Sequence[str], pid: Sequence[str], event: int) -> None:
        self._job = job
        self._owners = Owners(job, by)
        self._comm = frozenset(name.encode() for name in comm)
        self._pid = frozenset(number.encode() for number in pid)
        self._event = event
        self._programs: dict[bytes, _Named] = {}
        self._lost = self._lost_marks = 0
        self._in_stack = False
        self._last: tuple[bytes, bytes, bytes | None] | None = None
        self._owned = Owner(0, 0)
        self.accesses = Accesses()

    def tell(self) -> None:
        """Tell what was passed over, and what is missing."""
        if self._lost_marks:
            self._job.warnings.append(f"perf lost {self._lost:,} samples: they are missing in the trace")

    def take(self, line: bytes, number: int) -> None:
        """Take a line. Raises TraceError: it cannot be read, or has no address of data."""
        plain = _PLAIN.match(line)
        if plain is not None:
            self._in_stack = True
            comm, pid, tid, seconds, fraction, digits = plain.groups()
            self._add(comm, pid, tid, seconds, fraction, int(digits, 16), self._event, number)
            return
        found = _SAMPLE.match(line)
        if found is None:
            self._pass_over(line, number)
            return
        self._in_stack = True
        address, event = self._address(found, line, number)
        if address is not None:
            comm, pid, tid = found["comm"] or b"", found["pid"] or b"", found["tid"]
            self._add(comm, pid, tid, found["seconds"], found["fraction"], address, event, number)

    def _add(
        self,
        comm: bytes,
        pid: bytes,
        tid: bytes | None,
        seconds: bytes,
        fraction: bytes,
        address: int,
        event: int,
        number: int,
    ) -> None:
        if (self._comm and comm not in self._comm) or (self._pid and pid not in self._pid):
            self._job.counts["others' samples"] += 1
            return
        if (comm, pid, tid) != self._last:
            self._last, self._owned = (comm, pid, tid), self._owner(comm, pid, tid)
        owner = self._owned
        time_ns = int(seconds) * 10**9 + int(fraction[:9].ljust(9, b"0"))
        self.accesses.add(time_ns, event, (address >> _SHIFT) + owner.offset, owner.memcg, number)

    def _address(self, found: re.Match[bytes], line: bytes, number: int) -> tuple[int | None, int]:
        """Return the address of the data and the access; None where the sample has none."""
        kind, rest = found["event"], found["rest"]
        if b"page_fault_" in kind:
            fields = _FIELDS.search(rest)
            if fields is None:
                raise self._job.fault(number, line, "address=0x... and error_code=0x... after the event")
            return int(fields[2], 16), WRITE if int(fields[3], 16) & _WRITE_FAULT else READ
        addresses = _HEX.findall(rest)
        if b"mem" in kind:
            source = _DATA_SOURCE.search(rest)
            what = source[1] if source else (b"STORE" if b"store" in kind else b"LOAD")
            if not addresses:
                raise self._job.fault(
                    number, line, f"an address after the event, as {WANTED},data_src prints it"
                )
            address = int(addresses[0], 16)
            if not address:
                self._job.counts["no address"] += 1
                return None, READ
            return address, WRITE if what == b"STORE" else READ
        if not addresses:
            raise self._job.fault(number, line, f"an address after the event, as {WANTED} prints it")
        address = int(addresses[0], 16)
        if len(addresses) < 2 and (_DSO.search(rest) or b" " in rest.strip() or address >= _TEXT):
            raise TraceError(
                f"{self._job.source.name}: line {number}: found perf script's default layout, whose number after "
                f"{kind.decode()}: is the instruction's address and not that of the page; expected {WANTED} "
                "of what perf record -d recorded"
            )
        return address, self._event

    def _owner(self, comm: bytes, pid: bytes, tid: bytes | None) -> Owner:
        """Return where the pages of a sample are; the name of a process is that of its first thread."""
        named = self._programs.get(pid) if pid else None
        if named is None:
            named = _Named(comm)
            if pid:
                self._programs[pid] = named
        if tid is None or tid == pid:
            if named.first_thread not in (None, comm):
                named.program = comm  # it has become another program
            named.first_thread = comm
        program = named.program.decode("utf-8", "replace")
        return self._owners.of(program or None, int(pid) if pid else None)

    def _pass_over(self, line: bytes, number: int) -> None:
        """Pass over a line that is no sample to import, and need not be one. Raises TraceError: it is nothing known."""
        if not line.strip():
            self._in_stack = False
            return
        record = _RECORD.search(line)
        if record or b"LOST" in line:
            lost = _LOST.search(line) if b"LOST" in line else None
            if lost or (record and record[1].startswith(b"LOST")):
                self._lost += int(lost[1] or lost[2] or 0) if lost else 0
                self._lost_marks += 1
            self._job.counts["other records"] += 1
        elif line.startswith(b"#"):
            pass
        elif _ANY.match(line):
            self._job.counts["other events"] += 1
            self._in_stack = True
        elif not (self._in_stack and _STACK.match(line)):
            raise self._job.fault(number, line, f"a line of {WANTED}")
