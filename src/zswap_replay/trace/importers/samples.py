"""Traces from samples of a process's pages: soft-dirty bits of pagemap, or idle bits of /sys/kernel/mm/page_idle.

A line: time in ns, process, first page (address / 4096), pages, flags. Flags of soft-dirty: P present, S swapped, D
written since the last sample. Flags of idle-page: A accessed since the last sample, I idle. The lines of one time and
process are a sample. What happened between two samples is an access at the time of the second.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.importing.accesses import READ, WRITE, Accesses, each_line
from zswap_replay.trace.importing.job import Common, Imported, Job, Progress, importing
from zswap_replay.trace.importing.owners import Owners
from zswap_replay.trace.importing.source import Where

_LINE = re.compile(rb"\s*(\d{1,20}) (\d{1,10}) (\d{1,16}) (\d{1,10}) ([A-Z]+)\s*$")
_Pages = npt.NDArray[np.uint64]
_BITS = {"P": 1, "S": 2, "D": 4, "A": 8, "I": 16}
_MOST_PAGES = 1 << 28
"""Pages of one line: 1 TiB."""


def import_soft_dirty(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn samples of soft-dirty bits into the trace `output`.

    A page that is seen for the first time, or written since the last sample, is a write; one that was swapped in the
    last sample and is present and not written, a read. Other reads are not seen.

    Raises TraceError: a line that cannot be read, or no page at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    return _import(lines, common, "soft-dirty samples", frozenset("PSD"))


def import_idle_page(
    lines: Where,
    output: str | os.PathLike[str],
    *,
    memcg: str | None = None,
    origin: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Turn samples of idle bits into the trace `output`.

    A page that was accessed since the last sample, or is seen for the first time, is a read: nothing tells writes.

    Raises TraceError: a line that cannot be read, or no page at all; SettingsError: an output that cannot be.
    """
    common = Common(output, memcg, origin, overwrite, progress)
    return _import(lines, common, "idle-page samples", frozenset("AI"))


def _import(lines: Where, common: Common, made: str, flags: frozenset[str]) -> Imported:
    with importing(lines, common, made) as job:
        samples = _Samples(job, flags)
        each_line(job, samples.take, samples.accesses)
        samples.end()
        samples.accesses.write(job)
        return job.finish("lines of TIME_NS PID FIRST_PAGE COUNT FLAGS")


@dataclass(slots=True)
class _Process:
    """What is known of the pages of a process."""

    seen: _Pages = field(default_factory=lambda: np.empty(0, np.uint64))
    swapped: _Pages = field(default_factory=lambda: np.empty(0, np.uint64))


class _Samples:
    """The lines of an input, sample by sample."""

    def __init__(self, job: Job, flags: frozenset[str]) -> None:
        self._job = job
        self._flags = flags
        self._dirty = "D" in flags
        self._owners = Owners(job)
        self._processes: dict[int, _Process] = {}
        self._key: tuple[int, int] | None = None
        self._line = 0
        self._runs: list[tuple[int, int, int]] = []
        self.accesses = Accesses()

    def take(self, line: bytes, number: int) -> None:
        """Take a line. Raises TraceError: it cannot be read."""
        found = _LINE.match(line)
        if found is None:
            if not line.strip() or line.startswith(b"#"):
                return
            raise self._job.fault(number, line, self._expected())
        time_ns, pid, first, count = (int(found[each]) for each in range(1, 5))
        flags = found[5].decode()
        if not set(flags) <= self._flags or not 0 < count <= _MOST_PAGES or time_ns >= 1 << 64:
            raise self._job.fault(number, line, self._expected())
        if (time_ns, pid) != self._key:
            self.end()
            self._key, self._line = (time_ns, pid), number
        self._runs.append((first, count, sum(_BITS[flag] for flag in set(flags))))

    def _expected(self) -> str:
        flags = " ".join(sorted(self._flags))
        example = f"15163124420 166 1223 1 {min(self._flags)}"
        return f"TIME_NS PID FIRST_PAGE COUNT FLAGS, flags of {flags}, such as '{example}'"

    def end(self) -> None:
        """Write the accesses of the sample that was gathered."""
        if self._key is None:
            return
        time_ns, pid = self._key
        self._job.counts["samples"] += 1
        process = self._processes.setdefault(pid, _Process())
        pages, flags = self._expanded()
        new = pages[~_among(process.seen, pages)]
        if len(new):
            # stable: two sorted runs are merged in one pass
            process.seen = np.sort(np.concatenate((process.seen, new)), kind="stable")
        if self._dirty:
            written = np.union1d(new, pages[flags & _BITS["D"] != 0])
            present = pages[flags & _BITS["P"] != 0]
            read = present[_among(process.swapped, present) & ~_among(written, present)]
            process.swapped = pages[flags & _BITS["S"] != 0]
            self._add(time_ns, pid, WRITE, written)
        else:
            read = np.union1d(new, pages[flags & _BITS["A"] != 0])
        self._add(time_ns, pid, READ, read)
        self._runs = []

    def _expanded(self) -> tuple[_Pages, npt.NDArray[np.int64]]:
        """Return the pages of the sample, in order and each once, and the flags of each as bits."""
        first, count, flags = np.array(self._runs, np.int64).T
        ends = np.cumsum(count)
        which = np.repeat(np.arange(len(count)), count)
        pages = (first[which] + np.arange(len(which)) - (ends - count)[which]).astype(np.uint64)
        if (pages[1:] > pages[:-1]).all():
            return pages, flags[which]
        found, inverse = np.unique(pages, return_inverse=True)
        bits = np.zeros(len(found), np.int64)
        np.bitwise_or.at(bits, inverse, flags[which])
        return found, bits

    def _add(self, time_ns: int, pid: int, event: int, pages: _Pages) -> None:
        """Add accesses to pages, each run of them as one."""
        if not len(pages):
            return
        owner = self._owners.of(None, pid)
        begin = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), np.diff(pages) != 1)))
        length = np.diff(np.append(begin, len(pages)))
        for first, count in zip(pages[begin].tolist(), length.tolist(), strict=True):
            self.accesses.add_run(time_ns, event, first + owner.offset, count, owner.memcg, self._line)


def _among(known: _Pages, pages: _Pages) -> npt.NDArray[np.bool_]:
    """Tell which pages are among others, which are in order."""
    if not len(known):
        return np.zeros(len(pages), np.bool_)
    at = np.minimum(np.searchsorted(known, pages), len(known) - 1)
    found: npt.NDArray[np.bool_] = known[at] == pages
    return found
