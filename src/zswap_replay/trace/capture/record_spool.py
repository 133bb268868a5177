"""The records of a capture on disk: written as they are read, and given back in order of time, as often as asked.

Sorted runs of records are in one file that has no name. Most tools print records in order, and of those that do not
the late ones are not far behind: a run is opened only when another that is read has come to its first record.
"""

from __future__ import annotations

import heapq
import marshal
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from zswap_replay.trace.capture.kept_file import KeptFile
from zswap_replay.trace.capture.record import Record

RUN_RECORDS = 1 << 15
"""Records that are sorted in memory at a time: some 25 MB."""

_BLOCK_RECORDS = 1 << 10
"""Records of a run that are in memory while it is read."""


@dataclass(slots=True)
class _Run:
    first: int
    last: int
    blocks: list[tuple[int, int]] = field(default_factory=list)
    """Offset and bytes of each."""


class RecordSpool(KeptFile):
    """Records in a file; a context manager, at whose end they are gone."""

    KEPT = "records"

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, *, run_records: int | None = None
    ) -> None:
        """Keep the file in ``folder``, or where temporary files are. Raises TraceError: it cannot be made."""
        super().__init__(folder)
        self._run_records = run_records or RUN_RECORDS
        self._pending: list[Record] = []
        self._runs: list[_Run] = []
        self.records = 0
        self.out_of_order = 0
        """Records that were added behind a later one."""
        self._last = 0

    def __len__(self) -> int:
        return self.records

    def add(self, record: Record) -> None:
        """Take the next record. Raises TraceError: it cannot be written."""
        self.records += 1
        self.out_of_order += record.time_ns < self._last
        self._last = max(self._last, record.time_ns)
        self._pending.append(record)
        if len(self._pending) >= self._run_records:
            self._write_run()

    def __iter__(self) -> Iterator[Record]:
        """Yield all records in order of time; those of the same time in the order in which they were added."""
        self._write_run()
        # by first record, and those that begin at the same time in the order of the text
        waiting = sorted(range(len(self._runs)), key=lambda run: (self._runs[run].first, run), reverse=True)
        heap: list[tuple[int, int, Record, Iterator[Record]]] = []
        while heap or waiting:
            while waiting and (not heap or self._runs[waiting[-1]].first <= heap[0][0]):
                run = waiting.pop()
                records = self._read(self._runs[run])
                first = next(records)
                heapq.heappush(heap, (first.time_ns, run, first, records))
            _, run, record, records = heap[0]
            yield record
            following = next(records, None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (following.time_ns, run, following, records))

    def _write_run(self) -> None:
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        # stable: what has the same time stays in the order of the lines
        pending.sort(key=lambda record: record.time_ns)
        run = _Run(pending[0].time_ns, pending[-1].time_ns)
        try:
            offset = self._file.seek(0, os.SEEK_END)
            for first in range(0, len(pending), _BLOCK_RECORDS):
                data = marshal.dumps([each.parts() for each in pending[first : first + _BLOCK_RECORDS]])
                self._file.write(data)
                run.blocks.append((offset, len(data)))
                offset += len(data)
            self._file.flush()
        except OSError as error:
            raise self._fault(error) from None
        self._runs.append(run)

    def _read(self, run: _Run) -> Iterator[Record]:
        for offset, size in run.blocks:
            block: list[Any] = marshal.loads(os.pread(self._file.fileno(), size, offset))
            for parts in block:
                yield Record(*parts)
