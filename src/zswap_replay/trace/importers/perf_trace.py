"""Traces from page faults as ``perf trace -F all`` prints them.

A line: time in ms since the start, the task, ``minfault`` or ``majfault``, the place of the code in brackets, and the
target: ``0xADDRESS`` or ``MAP@0xADDRESS``. Of a file's map the number is an offset in the file and not an address, so
each file has page numbers of its own there. Layout: trace__pgfault(), tools/perf/builtin-trace.c.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import By, Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.units import PAGE_SIZE

_SHIFT = PAGE_SIZE.bit_length() - 1
_WANTED = "perf trace -F all --no-syscalls"

_FAULT = re.compile(
    rb"^\s*(?P<ms>\d{1,13})\.(?P<us>\d{3}) \(\s*[\d.]*\s*(?:ms)?\s*\): (?:(?P<comm>\S.*?)/)?(?P<pid>\d{1,10}) "
    rb"(?P<kind>maj|min)fault \[.*\] => (?P<target>.*?) \((?P<map>[kvgGud.?HM])(?P<level>.)\)$"
)
_TIMED = re.compile(rb"^\s*\d+\.\d{3} \(")
_ADDRESS = re.compile(rb"^(?:(?P<dso>.+)@)?0x(?P<address>[0-9a-f]{1,16})$")
_SYMBOL = re.compile(rb"^(?P<dso>.+)@(?P<symbol>[^@]+)\+0x[0-9a-f]+$")
_LOST = re.compile(rb"LOST (\d{1,18}) events", re.IGNORECASE)
_FILES = 47
"""Bits above which the pages of files have their numbers: those of addresses are below."""
_FILE_PAGES = 27
"""Bits of a page's number in its file: 512 GiB."""
_MOST_FILES = 1 << 20


def import_perf_trace(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    by: By = "process",
    comm: Sequence[str] = (),
    pid: Sequence[str] = (),
    event: str = "read",
    anonymous: bool = False,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn the faults of perf trace into the trace `output`, each an access of the kind `event`.

    With `anonymous`, only faults of memory that has no file: what zswap can hold. Lines of system calls are passed
    over. `by`, `comm` and `pid` are as in import_perf_script().

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, "perf trace") as job:
        faults = _Faults(job, by, comm, pid, WRITE if event == "write" else READ, anonymous)
        each_line(job, faults.take, faults.accesses)
        faults.tell()
        return job.finish(f"faults, as {_WANTED} prints them")


class _Faults:
    """The faults of an input, line by line."""

    def __init__(
        self, job: Job, by: By, comm: Sequence[str], pid: Sequence[str], event: int, anonymous: bool
    ) -> None:
        self._job = job
        self._owners = Owners(job, by)
        self._comm = frozenset(name.encode() for name in comm)
        self._pid = frozenset(number.encode() for number in pid)
        self._event = event
        self._anonymous = anonymous
        self._files: dict[bytes, int] = {}
        self._lost = 0
        self.accesses = Accesses()

    def tell(self) -> None:
        """Tell what is missing."""
        if self._lost:
            self._job.warnings.append(
                f"perf lost {self._lost:,} events: their faults are missing in the trace"
            )

    def take(self, line: bytes, number: int) -> None:
        """Take a line. Raises TraceError: it cannot be read."""
        found = _FAULT.match(line)
        if found is None:
            lost = _LOST.search(line)
            if lost:
                self._lost += int(lost[1])
            elif _TIMED.match(line) and b"fault [" not in line:
                self._job.counts["system calls"] += 1
            elif line.strip() and not line.startswith(b"#"):
                raise self._job.fault(number, line, f"a line of {_WANTED}")
            return
        comm, pid = found["comm"] or b"", found["pid"]
        if (self._comm and comm not in self._comm) or (self._pid and pid not in self._pid):
            self._job.counts["others' faults"] += 1
            return
        page, named = self._page(found["target"], line, number)
        if named and self._anonymous:
            self._job.counts["faults of files"] += 1
            return
        self._job.counts["major faults"] += found["kind"] == b"maj"
        owner = self._owners.of(comm.decode("utf-8", "replace") or None, int(pid))
        time_ns = int(found["ms"]) * 10**6 + int(found["us"]) * 10**3
        self.accesses.add(time_ns, self._event, page + owner.offset, owner.memcg, number)

    def _page(self, target: bytes, line: bytes, number: int) -> tuple[int, bool]:
        """Return the page that a fault is of, and whether a file is behind it."""
        found = _ADDRESS.match(target)
        if found is not None:
            page = int(found["address"], 16) >> _SHIFT
            dso = found["dso"]
            if dso is None or dso.startswith(
                (b"//anon", b"[", b"/dev/zero", b"/SYSV", b"anon_inode", b"/anon_hugepage")
            ):
                return page, False
            return self._base(dso, line, number) + (page & ((1 << _FILE_PAGES) - 1)), True
        symbol = _SYMBOL.match(target)
        if symbol is None:
            raise self._job.fault(number, line, "a target such as 0x7f00000 or /bin/ls@0x1d00")
        # where in the file a symbol is, is not printed: it counts as a page of its own
        return self._base(target[: target.rindex(b"+")], line, number), True

    def _base(self, name: bytes, line: bytes, number: int) -> int:
        """Return the number of a file's first page."""
        file = self._files.setdefault(name, len(self._files))
        if file >= _MOST_FILES:
            raise self._job.fault(number, line, f"a target in one of at most {_MOST_FILES:,} files")
        return (1 << _FILES) + (file << _FILE_PAGES)
