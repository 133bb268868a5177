"""What DAMON tells of regions of addresses, expanded to accesses at their rate; and maps of a process."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.accesses import WRITE, Accesses
from zswap_replay.trace.importing.job import Job
from zswap_replay.trace.importing.owners import Owner
from zswap_replay.units import PAGE_SIZE

_MOST_PAGES = 1 << 31
LONGEST_REGION = 1 << 57
"""Bytes of the largest address space that a program has, with five levels of page tables."""
_MAP = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*(.*)$")
_KERNELS = ("[vvar]", "[vdso]", "[vsyscall]", "[vvar_vclock]")


@dataclass(frozen=True, slots=True)
class Region:
    """Addresses from `start` up to `end`, and in how many of a window's samples they were found accessed."""

    start: int
    end: int
    accesses: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """A range of a process's addresses, and whether it has no file behind it."""

    start: int
    end: int
    anonymous: bool


def read_maps(path: str | os.PathLike[str]) -> list[Mapping]:
    """Read a copy of /proc/PID/maps. Raises TraceError: it cannot be opened, or its first line that is none."""
    found: list[Mapping] = []
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                match = _MAP.match(line.rstrip("\n"))
                if match is None:
                    raise TraceError(
                        f"{os.fspath(path)}: line {number}: found {line[:60]!r}; expected a line of /proc/PID/maps"
                    )
                start, end = int(match[1], 16), int(match[2], 16)
                if end > 1 << 64 or end - start > LONGEST_REGION:
                    raise TraceError(
                        f"{os.fspath(path)}: line {number}: found {line[:60]!r}; expected a range of a program"
                    )
                anonymous = match[4] == "0" and "w" in match[3] and match[5] not in _KERNELS
                found.append(Mapping(start, end, anonymous))
    except OSError as error:
        raise TraceError(f"{os.fspath(path)}: cannot be opened: {error.strerror}") from None
    return found


class Expansion:
    """Regions on their way to accesses.

    A region that was found accessed in n samples of a window has all its pages accessed n times, evenly over the
    window: what DAMON assumes of a region is that its pages are accessed alike. Regions without an access give none;
    with the maps of the process, what is mapped there without a file is touched once, at its first window, and what
    is not mapped is left out of regions.
    """

    def __init__(self, job: Job, event: int, maps: Sequence[Mapping] | None) -> None:
        self._job = job
        self._event = event
        self._maps = maps
        self._begun: set[tuple[int, int]] = set()
        self.accesses = Accesses()
        self.accesses.count = []

    def window(self, owner: Owner, start_ns: int, end_ns: int, regions: Sequence[Region], line: int) -> None:
        """Add the accesses of one window of one process."""
        counts = self._job.counts
        counts["windows"] += 1
        counts["regions"] += len(regions)
        if (owner.memcg, owner.offset) not in self._begun:
            self._begun.add((owner.memcg, owner.offset))
            for mapping in self._maps or ():
                if mapping.anonymous:
                    self._run(owner, start_ns, WRITE, mapping.start, mapping.end, line)
        length = max(end_ns - start_ns, 1)
        for region in regions:
            if not region.accesses:
                counts["idle regions"] += 1
                continue
            for low, high in self._mapped(region):
                for number in range(region.accesses):
                    # in the middle of its part of the window
                    time_ns = start_ns + length * (2 * number + 1) // (2 * region.accesses)
                    self._run(owner, time_ns, self._event, low, high, line)

    def _run(self, owner: Owner, time_ns: int, event: int, start: int, end: int, line: int) -> None:
        page, last = start // PAGE_SIZE, (end - 1) // PAGE_SIZE
        while page <= last:
            count = min(last - page + 1, _MOST_PAGES)
            self.accesses.add_run(time_ns, event, page + owner.offset, count, owner.memcg, line)
            page += count

    def _mapped(self, region: Region) -> list[tuple[int, int]]:
        if self._maps is None:
            return [(region.start, region.end)]
        cut = [(max(each.start, region.start), min(each.end, region.end)) for each in self._maps]
        return [(low, high) for low, high in cut if low < high]

    def write(self) -> None:
        """Write what was gathered, in order of time."""
        accesses = self.accesses
        order = sorted(range(len(accesses.time_ns)), key=accesses.time_ns.__getitem__)
        for column in (accesses.time_ns, accesses.event, accesses.page, accesses.memcg, accesses.line):
            column[:] = [column[at] for at in order]
        assert accesses.count is not None
        accesses.count[:] = [accesses.count[at] for at in order]
        accesses.write(self._job)
        accesses.count = []
