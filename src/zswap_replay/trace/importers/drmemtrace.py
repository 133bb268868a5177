"""Traces from the text that drmemtrace's view tool prints: ``drrun -t drmemtrace -tool view``.

A line: number of the record, instructions so far, thread, and what it is: ``ifetch``, ``read`` and ``write`` with
size and address, a marker in angle brackets, or bytes of an instruction that did not fit the line before. Layout:
view_t, clients/drcachesim/tools/view.cpp of DynamoRIO.
"""

from __future__ import annotations

import os
import re

from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.trace.importing.window import Window
from zswap_replay.units import PAGE_SIZE

_RECORD = re.compile(
    rb"^\s*(?:\d+\s+)?(?P<instructions>\d{1,18}): +(?:W(?P<workload>\d{1,10})\.)?T?(?P<tid>\d+) +"
    rb"(?P<kind>ifetch|read|write|[a-z][\w ]*?) +(?P<size>\d{1,10}) byte\(s\) @ 0x(?P<address>[0-9a-fA-F]{1,16})\b"
)
_OTHER = re.compile(
    rb"^\s*(?:\d+\s+)?\d+: +(?:W\d+\.)?T?\d+ +(?:<.*>|[0-9a-f]{2}(?: "
    rb"[0-9a-f]{2})*\s*|(?:iflush|dflush|header|encoding|no fetch)\b.*)$"
)
_THREAD = re.compile(
    rb"^\s*(?:\d+\s+)?\d+: .*<thread \d+ exited>|^-+$|^Output format:|^<--|^View tool results|^=+$"
)
_SHIFT = PAGE_SIZE.bit_length() - 1
_KINDS = {b"read": READ, b"write": WRITE}


def import_drmemtrace(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    ns_per_instruction: int = 1,
    instructions: bool = False,
    window: int = 1,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn the text of drmemtrace's view tool into the trace `output`.

    An instruction takes `ns_per_instruction` and is dropped, or kept as a read of its page with `instructions`.
    Prefetches and flushes are passed over. An access across a page boundary is two. `window` is as in
    import_lackey(); 0 keeps every access. The workloads of a trace that has several have a memcg each.

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    made = f"drmemtrace view, {ns_per_instruction} ns per instruction, window {window}"
    with importing(lines, common, made) as job:
        records = _Records(job, ns_per_instruction, instructions, window)
        each_line(job, records.take, records.accesses)
        return job.finish("lines of drrun -t drmemtrace -tool view")


class _Records:
    """The records of an input, line by line."""

    def __init__(self, job: Job, rate: int, instructions: bool, window: int) -> None:
        self._job = job
        self._rate = rate
        self._kinds = _KINDS | ({b"ifetch": READ} if instructions else {})
        self._window = window
        self._seen: dict[int, Window] = {}
        self._owners = Owners(job)
        self._ended = False
        self.accesses = Accesses()

    def take(self, line: bytes, number: int) -> None:
        """Take a line. Raises TraceError: it cannot be read."""
        found = _RECORD.match(line)
        if found is None:
            self._ended = self._ended or line.startswith(b"View tool results")
            if line.strip() and not (self._ended or _OTHER.match(line) or _THREAD.match(line)):
                raise self._job.fault(number, line, "a record of drrun -t drmemtrace -tool view")
            return
        counts = self._job.counts
        kind = found["kind"]
        counts["instructions"] += kind == b"ifetch"
        event = self._kinds.get(kind)
        if event is None:
            counts["others"] += kind != b"ifetch"
            return
        address, size = int(found["address"], 16), int(found["size"])
        workload = int(found["workload"] or 0)
        counts["accesses"] += 1
        owner = self._owners.of(None, workload)
        first, last = address >> _SHIFT, min(address + max(size, 1) - 1, (1 << 64) - 1) >> _SHIFT
        if last > first + 1:
            raise self._job.fault(number, line, "an access of at most a page")
        seen = self._seen.get(workload)
        if seen is None:
            seen = self._seen[workload] = Window(self._window)
        time_ns = int(found["instructions"]) * self._rate
        for page in (first, last) if last != first else (first,):
            if seen.keeps(page, event == WRITE):
                self.accesses.add(time_ns, event, page + owner.offset, owner.memcg, number)
