"""Accesses that are found line by line, gathered and written block by block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zswap_replay.errors import TraceError
from zswap_replay.trace.importing.job import Job
from zswap_replay.trace.importing.lines import blocks

READ, WRITE = 0, 1
"""The codes of the events, as lib/event_codes.py numbers them."""


class Accesses:
    """Accesses of a block; each column is a list."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin with empty columns."""
        self.time_ns: list[int] = []
        self.event: list[int] = []
        self.page: list[int] = []
        self.memcg: list[int] = []
        self.line: list[int] = []
        self.count: list[int] | None = None
        """The pages of each access, where there are runs of them."""

    def add(self, time_ns: int, event: int, page: int, memcg: int, line: int) -> None:
        """Add one access to one page."""
        self.time_ns.append(time_ns)
        self.event.append(event)
        self.page.append(page)
        self.memcg.append(memcg)
        self.line.append(line)

    def add_run(self, time_ns: int, event: int, page: int, count: int, memcg: int, line: int) -> None:
        """Add one access to a run of pages; where one is added so, all are."""
        if self.count is None:
            self.count = []
        self.add(time_ns, event, page, memcg, line)
        self.count.append(count)

    def write(self, job: Job) -> None:
        """Write what was gathered, and begin anew."""
        if self.time_ns:
            late = max(self.time_ns)
            if late >= 1 << 64:
                line = self.line[self.time_ns.index(late)]
                raise job.fault(line, f"{late} ns", "a time below 2^64 ns")
            job.write(
                np.array(self.time_ns, np.uint64),
                np.array(self.event, np.int32),
                np.array(self.page, np.uint64),
                np.array(self.memcg, np.int32),
                np.array(self.line, np.int64),
                None if self.count is None else np.array(self.count, np.uint32),
            )
        self.clear()
        job.tell()


def each_line(job: Job, take: Callable[[bytes, int], None], accesses: Accesses) -> None:
    """Give `take` each line, and its number, and write the accesses that it gathers.

    A last line that ends in the middle, and cannot be read, is left out. Raises TraceError: as `take` does.
    """
    for block in blocks(job.source):
        number = block.first
        try:
            for line in block.lines():
                take(line, number)
                number += 1
        except TraceError:
            if not block.unfinished:
                raise
            job.cut_off = True
            number += 1
        job.read = number - 1
        accesses.write(job)
