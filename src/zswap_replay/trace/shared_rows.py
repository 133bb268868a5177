"""The checked rows of a trace in memory, decoded once for several replays, those of other processes too.

They lie in a file of memory without a name (files.memory_file()), which whoever knows its path maps.
"""

from __future__ import annotations

import mmap
import os
import pickle
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self
from weakref import finalize

import numpy as np
import numpy.typing as npt

from zswap_replay.files import memory_file
from zswap_replay.lib.column_passes import RowFacts
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.lib.page_indices import PageIndices
from zswap_replay.trace.batch import Batch, Control
from zswap_replay.trace.digest import Digests
from zswap_replay.trace.read_ahead import TaskThread
from zswap_replay.trace.schema import Event

ROW_BYTES: Final = 51
"""Memory that a row takes at most; a column that has one value throughout a batch takes none there.

Of it are 12 for the table that its page is numbered by, which is there while rows are read.
"""

_SHARE: Final = 4
"""The rows of a trace may take one part in so many of the memory that is free."""

_COLUMNS: Final[dict[str, np.dtype[Any]]] = {
    name: np.dtype(kind)
    for name, kind in (
        ("time_ns", np.uint64),
        ("page", np.uint64),
        ("content", np.uint64),
        ("memcg", np.int32),
        ("count", np.uint32),
        ("event", np.uint8),
        ("node", np.uint8),
        ("has_content", np.uint8),
    )
}
"""The columns of a batch in the order in which they lie: the wide ones first, so that all are aligned."""

_GROUP_ROWS: Final = 16
"""Rows of a trace to one group of blocks, up to which its pages are numbered: a group takes up to 192 bytes."""
_FEW_GROUPS: Final = 1 << 12
"""Groups up to which they are in any trace."""
_MOST_GROUPS: Final = 1 << 25
"""Groups whose pages an index has numbers for."""

_MEMCG_OFFLINE: Final = Event.MEMCG_OFFLINE

_MAX_WAITING: Final = 2
"""Batches that may wait to be kept; they bound the memory that is not shared yet."""

_ALIGNMENT: Final = 8
_TAIL: Final = struct.Struct("<Q")
"""The last bytes of the file: where that begins which tells the rest from one another."""

_Column = npt.NDArray[Any]


def fits(rows: int) -> bool:
    """Tell whether so many rows may be kept: they take at most a quarter of the memory that is free."""
    return rows * ROW_BYTES <= available_memory() // _SHARE


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the columns of a batch lie, in the order of `_COLUMNS`."""

    first_row: int
    length: int
    offsets: tuple[int | None, ...]
    """None for a column that has one value."""
    values: tuple[int, ...]
    """The one value of each column that has no offset."""
    page_index: int | None
    """Where that column lies; None where the pages have no numbers."""
    controls: list[Control]
    facts: RowFacts


class SharedRows:
    """All rows of a trace, for as many readers as like, in any thread."""

    def __init__(self, file: int, places: list[_Place], paths: list[str], digest: Digests) -> None:
        """Take an open file of memory, which is closed with this object."""
        self.paths = paths
        """The trace's memcgs by id."""
        self.digest = digest
        """Those of the rows."""
        self._file = file
        self._close = finalize(self, os.close, file)
        self._places = places
        self._path: str | None = None
        self._mapped: mmap.mmap | None = None
        self._constants: dict[tuple[str, int], _Column] = {}

    @classmethod
    def open(cls, path: str) -> tuple[Self, Any]:
        """Open what path() named; return the rows, and what was handed over with them.

        Raises OSError: whoever kept the rows is gone, or lets nobody at them.
        """
        file = os.open(path, os.O_RDONLY)
        with closing(_map(file)) as whole:
            (start,) = _TAIL.unpack(whole[-_TAIL.size :])
            places, paths, digest, about = pickle.loads(whole[start : -_TAIL.size])
        rows = cls(file, places, paths, digest)
        rows._path = path
        return rows, about

    def path(self, about: object) -> str:
        """Return a path for other processes of this user, good as long as this object is there.

        ``about`` is handed over with the rows, the first time that this is asked.
        """
        if self._path is None:
            with open(self._file, "wb", closefd=False) as file:
                start = file.seek(0, os.SEEK_END)
                pickle.dump((self._places, self.paths, self.digest, about), file)
                file.write(_TAIL.pack(start))
            self._path = f"/proc/{os.getpid()}/fd/{self._file}"
        return self._path

    def batches(self) -> Iterator[Batch]:
        """Yield the batches in which the trace was first read; their columns are views of the memory that is shared."""
        if self._mapped is None and os.fstat(self._file).st_size:
            self._mapped = _map(self._file)
        for place in self._places:
            columns = {
                name: self._constant(name, value, place.length)
                if offset is None
                else np.frombuffer(self._mapped or b"", kind, place.length, offset)
                for (name, kind), offset, value in zip(
                    _COLUMNS.items(), place.offsets, place.values, strict=True
                )
            }
            index: npt.NDArray[np.int32] | None = None
            if place.page_index is not None:
                index = np.frombuffer(self._mapped or b"", np.int32, place.length, place.page_index)
            yield Batch(
                place.first_row, **columns, controls=place.controls, page_index=index, known=place.facts
            )

    def _constant(self, name: str, value: int, length: int) -> _Column:
        known = self._constants.get((name, value))
        if known is None or len(known) < length:
            known = np.full(length, value, _COLUMNS[name])
            known.flags.writeable = False
            self._constants[name, value] = known
        return known[:length]


class KeptRows:
    """What the readers of one trace share: its rows, once one of them has come to the end."""

    def __init__(self, rows: SharedRows | None = None) -> None:
        """Begin without rows, unless they are there."""
        self.rows = rows
        self.wanted = False
        """Whether they are to be kept."""

    def keep(self, rows: int) -> Keeping:
        """Begin to keep so many rows of a reading, unless nobody wants them or another one is about it."""
        keeping = Keeping(self, rows, wanted=self.wanted)
        self.wanted = False
        return keeping


class Keeping:
    """The rows of one reading, kept batch by batch by a thread. Where memory takes no more of them, they are given up.

    What takes time is the system's: it finds memory, and copies, while the reading goes on.
    """

    def __init__(self, kept: KeptRows, rows: int, *, wanted: bool) -> None:
        """Keep so many rows for ``kept`` where they are ``wanted``."""
        self._kept = kept
        self._places: list[_Place] = []
        self._thread: TaskThread[_Place] = TaskThread()
        self._file = -1
        if wanted:
            self._numbering = _Numbering(rows)
            with suppress(OSError):
                self._file = memory_file("zswap-replay-rows")

    def add(self, batch: Batch) -> None:
        """Keep the next batch, which must not change any more."""
        if self._file >= 0:
            self._take_places(_MAX_WAITING - 1)
        if self._file >= 0:
            self._thread.submit(partial(_write, self._file, batch, self._numbering))

    def end(self, paths: list[str], digest: Digests) -> None:
        """Give the rows, which are all there, to the readers."""
        if self._file >= 0:
            self._take_places(0)
        if self._file >= 0:
            self._kept.rows = SharedRows(self._file, self._places, list(paths), digest)
            self._file = -1

    def close(self) -> None:
        """End the thread, and give up rows that are not all there; the next reading may keep them."""
        self._thread.stop()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._kept.wanted = True

    def _take_places(self, left: int) -> None:
        """Wait until at most ``left`` batches are not kept yet; give up all where one found no room."""
        try:
            while self._thread.waiting > left:
                self._places.append(self._thread.take_result())
        except OSError:
            self._thread.stop()
            os.close(self._file)
            self._file = -1


class _Numbering:
    """Numbers the pages of batches, from the first one on to the last one in which every replay numbers them alike."""

    def __init__(self, rows: int) -> None:
        """Take the rows of the trace, which decide how much memory this may take."""
        groups = min(max(rows // _GROUP_ROWS, _FEW_GROUPS), _MOST_GROUPS)
        self._indices: PageIndices | None = PageIndices(groups)

    def number(self, batch: Batch) -> npt.NDArray[np.int32] | None:
        """Return the indices of the pages of the next batch; None from a batch on where they are not to be had.

        That is where a memcg is removed, behind which they depend on the settings, or where they take much memory.
        """
        found: npt.NDArray[np.int32] | None = None
        if self._indices is not None:
            with suppress(OSError, MemoryError):
                found = _numbered(self._indices, batch)
            if found is None:
                self._indices = None
        return found


def _numbered(indices: PageIndices, batch: Batch) -> npt.NDArray[np.int32] | None:
    """Return the indices of a batch's pages, None where there are none. Raises OSError, MemoryError: out of memory."""
    if any(control.event is _MEMCG_OFFLINE for control in batch.controls):
        return None
    found = np.empty(len(batch), np.int32)
    columns = (batch.event, batch.memcg, batch.page, batch.count, found)
    return found if indices.find_all(*(column.data for column in columns)) else None


def _write(descriptor: int, batch: Batch, numbering: _Numbering) -> _Place:
    """Append the columns of a batch, and the indices of its pages, to a file. Raises OSError: no room."""
    offsets: list[int | None] = []
    values = []
    page_index: int | None = None
    with open(descriptor, "wb", closefd=False) as file:
        at = os.lseek(descriptor, 0, os.SEEK_END)
        at += file.write(bytes(-at % _ALIGNMENT))
        index = numbering.number(batch)
        if index is not None:
            page_index = at
            at += file.write(index.data)
            at += file.write(bytes(-at % _ALIGNMENT))
        for name in _COLUMNS:
            column: _Column = getattr(batch, name)
            values.append(int(column[0]) if len(column) else 0)
            if not len(column) or (column[0] == column[-1] and bool((column == column[0]).all())):
                offsets.append(None)
            else:
                offsets.append(at)
                at += file.write(column.data)
    return _Place(
        batch.first_row, len(batch), tuple(offsets), tuple(values), page_index, batch.controls, batch.facts
    )


def _map(file: int) -> mmap.mmap:
    return mmap.mmap(file, 0, prot=mmap.PROT_READ)
