"""Traces from what ``perf mem`` sampled: its raw dump (``perf mem report -D``), or perf script's lines of it.

The dump has a heading, ``# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL``, and no times. Layout: dump_raw_samples(),
tools/perf/builtin-mem.c, which up to Linux 5.10 prints the address as ``0x016`` and its digits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from zswap_replay.trace.importers.perf_script import Samples, refuse_data
from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import By, Owners
from zswap_replay.trace.importing.source import Where
from zswap_replay.units import PAGE_SIZE

_SHIFT = PAGE_SIZE.bit_length() - 1
_HEADING = re.compile(rb"^#\s*PID,\s*TID,\s*IP,\s*ADDR,")
_HEAD_BYTES = 1 << 16
_SPLIT = re.compile(rb"[\s,;]+")
_STORE, _LOAD = 4, 2
"""Bits of perf_mem_data_src.mem_op."""


def import_perf_mem(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    by: By = "process",
    comm: Sequence[str] = (),
    pid: Sequence[str] = (),
    step_ns: int = 1000,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn the samples of perf mem into the trace `output`.

    The raw dump has no times: its samples are `step_ns` apart. Otherwise as import_perf_script().

    Raises TraceError: a line that cannot be read, or no access at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    with importing(lines, common, "perf mem") as job:
        refuse_data(job, "perf mem report -D")
        head = job.source.peek_text(_HEAD_BYTES)
        if any(_HEADING.match(line) for line in head.splitlines()):
            dump = _Dump(job, by, pid, step_ns)
            each_line(job, dump.take, dump.accesses)
        else:
            samples = Samples(job, by, comm, pid, READ)
            each_line(job, samples.take, samples.accesses)
            samples.tell()
        return job.finish("samples, as perf mem report -D or perf script prints them")


class _Dump:
    """The lines of a raw dump."""

    def __init__(self, job: Job, by: By, pid: Sequence[str], step_ns: int) -> None:
        self._job = job
        self._owners = Owners(job, by)
        self._pid = frozenset(number.encode() for number in pid)
        self._step_ns = step_ns
        self._time_ns = 0
        self._columns: list[str] = []
        self.accesses = Accesses()

    def take(self, line: bytes, number: int) -> None:
        """Take a line. Raises TraceError: it cannot be read."""
        if line.startswith(b"#") or not line.strip():
            if _HEADING.match(line):
                self._columns = [
                    name.strip(" #").lower() for name in line.decode("utf-8", "replace").split(",")
                ]
            return
        words = _SPLIT.split(line.strip())
        try:
            values = dict(zip(self._columns, words, strict=False))
            pid, address, source = int(values["pid"]), _address(values["addr"]), int(values["dsrc"], 16)
        except (KeyError, ValueError):
            heading = ", ".join(self._columns).upper() or "PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL"
            raise self._job.fault(number, line, f"a line of perf mem report -D: {heading}") from None
        time_ns, self._time_ns = self._time_ns, self._time_ns + self._step_ns
        if self._pid and values["pid"] not in self._pid:
            self._job.counts["others' samples"] += 1
        elif not address or not source & (_STORE | _LOAD):
            self._job.counts["no address"] += 1
        else:
            owner = self._owners.of(None, pid)
            event = WRITE if source & _STORE else READ
            self.accesses.add(time_ns, event, (address >> _SHIFT) + owner.offset, owner.memcg, number)


def _address(word: bytes) -> int:
    """Return an address, also where it is printed as ``0x016`` and its digits. Raises ValueError."""
    digits = word.lower().removeprefix(b"0x")
    if digits.startswith(b"016") and len(digits) != 16:
        digits = digits[3:] or b"0"
    value = int(digits, 16)
    if value >= 1 << 64:
        raise ValueError(word)
    return value
