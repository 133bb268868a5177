"""Traces for libCacheSim, as its type oracleGeneral.

A record: time in seconds (u32), object (u64), its size (u32), and the number of the next request of the object, counted
from 1, or -1 (i64). That number is known later, and is then written into the record.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import TraceError
from zswap_replay.files import replacing
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.exporters.tables import Exported, Name, Progress
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.room import check_room
from zswap_replay.trace.schema import Event
from zswap_replay.units import PAGE_SIZE

_RECORD = np.dtype([("time", "<u4"), ("obj_id", "<u8"), ("obj_size", "<u4"), ("next", "<i8")])
_NEXT = _RECORD.fields["next"][1]  # type: ignore[index]  # it has fields
_PIECE = 1 << 20
"""Requests that are in memory at a time."""
_OBJECT_BYTES = 150
"""Memory that the place of an object takes: an entry of a dictionary, its key and its value."""
_SHIFT = 52
"""Bits of a page's number in that of an object; the number of its memcg stands above them."""


def export_oraclegeneral(
    trace: Name, output: Name, *, overwrite: bool = False, progress: Progress | None = None
) -> Exported:
    """Write the reads and writes of a trace as requests; memory holds a place for each distinct page.

    Pages keep their numbers where one memcg has all of them; of others they have the number of the memcg above 52 bits.

    Raises TraceError: a trace that cannot be read, has no access, or has a time or page that the format has no room
    for; SettingsError: the output is an input or, without `overwrite`, exists.
    """
    reader = open_trace(trace)
    with (
        replacing(output, inputs=trace_files(trace), overwrite=overwrite, regular=True) as file,
        open(file, "r+b") as stream,
    ):
        export = _Export(reader, stream.fileno())
        done = 0
        for batch in reader.batches():
            for requests in export.requests(batch):
                stream.write(requests.tobytes())
                stream.flush()
            done += len(batch)
            if progress is not None:
                progress(done, reader.num_rows)
        if not export.written:
            raise TraceError(f"{', '.join(reader.files)}: found no read or write; expected at least one")
    notes = [f"{export.left_out:,} events are no accesses, and were left out"] if export.left_out else []
    return Exported({"requests": export.written, "objects": len(export.last)}, notes)


class _Export:
    """Requests on their way to a file."""

    def __init__(self, reader: TraceReader, descriptor: int) -> None:
        self._reader = reader
        self._descriptor = descriptor
        self._memcgs: dict[int, int] = {}
        """By memcg, its number among those that have accesses."""
        self.last: dict[int, int] = {}
        """By object, the place of its last request."""
        self.written = 0
        self.left_out = 0

    def requests(self, batch: Batch) -> Iterator[npt.NDArray[np.void]]:
        """Yield the requests of a batch, and mend those before that were waiting for them. Raises TraceError."""
        rows = np.flatnonzero(batch.event <= Event.WRITE)
        self.left_out += len(batch) - len(rows)
        if not len(rows):
            return
        seconds = batch.time_ns[rows] // np.uint64(10**9)
        if int(seconds[-1]) >= 1 << 32:
            raise TraceError(
                f"{self._reader.files[-1]}: found the time {int(batch.time_ns[rows[-1]])} ns; "
                f"expected less than 2^32 s "
                "(trace shift moves a clock)"
            )
        check_room(self._reader.files[-1], batch, len(batch), lambda: len(self.last), _OBJECT_BYTES)
        base = self._bases(batch, rows)
        for which, page in _expanded(batch.page[rows], batch.count[rows]):
            found = np.empty(len(page), _RECORD)
            found["time"] = seconds[which]
            found["obj_id"] = base[which] + page
            found["obj_size"] = PAGE_SIZE
            found["next"] = -1
            self._link(found)
            yield found
            self.written += len(found)

    def _bases(self, batch: Batch, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
        """Return what is added to the pages of each row."""
        memcg = batch.memcg[rows]
        for each in memcg[np.sort(np.unique(memcg, return_index=True)[1])].tolist():
            self._memcgs.setdefault(each, len(self._memcgs))
        if len(self._memcgs) > 1:
            last = batch.page[rows] + batch.count[rows].astype(np.uint64) - np.uint64(1)
            if len(self._memcgs) > 1 << (64 - _SHIFT) or int(last.max()) >= 1 << _SHIFT:
                raise TraceError(
                    f"{self._reader.files[-1]}: found {len(self._memcgs):,} memcgs and the page "
                    f"{int(last.max())}; expected at "
                    f"most {1 << (64 - _SHIFT):,} memcgs, and pages below 2^{_SHIFT}, where there are several"
                )
        numbers = np.zeros(max(self._memcgs) + 1, np.uint64)
        for each, number in self._memcgs.items():
            numbers[each] = number
        return numbers[memcg] << np.uint64(_SHIFT)

    def _link(self, found: npt.NDArray[np.void]) -> None:
        """Write into each request the number of the next one of its object."""
        order = np.argsort(found["obj_id"], kind="stable")
        sorted_ids = found["obj_id"][order]
        same = sorted_ids[1:] == sorted_ids[:-1]
        found["next"][order[:-1][same]] = self.written + order[1:][same] + 1
        firsts = np.concatenate((np.ones(1, np.bool_), ~same))
        lasts = np.concatenate((~same, np.ones(1, np.bool_)))
        before, places = self.last, (self.written + order).tolist()
        for at, name in zip(np.flatnonzero(firsts).tolist(), sorted_ids[firsts].tolist(), strict=True):
            earlier = before.get(name)
            if earlier is not None:
                number = (places[at] + 1).to_bytes(8, "little")
                os.pwrite(self._descriptor, number, earlier * _RECORD.itemsize + _NEXT)
        before.update(
            zip(
                sorted_ids[lasts].tolist(), [places[at] for at in np.flatnonzero(lasts).tolist()], strict=True
            )
        )


def _expanded(
    page: npt.NDArray[np.uint64], count: npt.NDArray[np.uint32]
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.uint64]]]:
    """Yield, piece by piece, the row and the page of each access of rows that hold runs of pages."""
    if int(count.max()) == 1 and len(page) <= _PIECE:
        yield np.arange(len(page)), page
        return
    ends = np.cumsum(count.astype(np.int64))
    for start in range(0, int(ends[-1]), _PIECE):
        place = np.arange(start, min(start + _PIECE, int(ends[-1])))
        which = np.searchsorted(ends, place, side="right")
        offset = place - (ends[which] - count[which])
        yield which, page[which] + offset.astype(np.uint64)
