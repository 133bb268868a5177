"""The digests of the rows of a trace, whatever the file's row groups, encodings and compression."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.batch import NO_MEMCG, Batch
from zswap_replay.trace.column_digest import ColumnDigest
from zswap_replay.trace.read_ahead import TaskThread

_Column = npt.NDArray[np.integer[Any]]

_HASHED_AT_ONCE = 1 << 17
"""Bytes of a column that are gathered before its thread hashes them: a smaller task costs more than it saves."""
SHA256_ROWS = 1 << 18
"""Rows of a trace up to which a replay takes their SHA-256 unasked: some milliseconds."""

_MAX_WAITING = 2
"""Tasks of a column's thread that may wait; they bound the memory that is not hashed yet."""


@dataclass(frozen=True)
class Digests:
    """The digests of all rows of a trace, in hexadecimal."""

    xxh3: str
    """Of a ColumnDigest."""
    sha256: str | None
    """Of a RowDigest; None where it was not asked for."""


class TraceDigest:
    """The digests that are asked for, fed batch by batch; close() ends the threads of the slower one."""

    def __init__(self, *, sha256: bool) -> None:
        self._columns = ColumnDigest()
        self._rows = RowDigest() if sha256 else None

    def update(self, batch: Batch) -> None:
        """Add the next batch of the trace."""
        self._columns.update(batch)
        if self._rows is not None:
            self._rows.update(batch)

    def digests(self, paths: list[str]) -> Digests:
        """Return the digests of all rows so far; `paths` are the names of their memcg ids."""
        return Digests(self._columns.hexdigest(paths), self._rows.hexdigest(paths) if self._rows else None)

    def close(self) -> None:
        """End the threads."""
        if self._rows is not None:
            self._rows.close()


class RowDigest:
    """SHA-256 over the logical rows, column by column, fed batch by batch.

    Equal rows give equal digests however they are split into batches. A null count is 1 and a null node is 0,
    as the format says, and limits count as the bytes that they parse to. Threads do the hashing; close() ends them.
    """

    def __init__(self) -> None:
        self._dense = [_ColumnHash() for _ in range(3)]
        self._sparse = [_ColumnHash() for _ in range(4)]
        self._controls = hashlib.sha256()
        self._rows = 0
        self._memcg = NO_MEMCG

    def update(self, batch: Batch) -> None:
        """Add the next batch of the trace."""
        if not len(batch):
            return
        dense: tuple[_Column, ...] = (batch.time_ns, batch.event, batch.page)
        for hashed, column in zip(self._dense, dense, strict=True):
            hashed.feed(column.astype(column.dtype.newbyteorder("<"), copy=False))
        # The other columns seldom leave their default, so only the rows that do are fed, with their number.
        memcg = batch.memcg
        changed = np.flatnonzero(memcg[1:] != memcg[:-1]) + 1
        if memcg[0] != self._memcg:
            changed = np.concatenate(([0], changed))
        self._memcg = int(memcg[-1])
        sparse: tuple[tuple[_Column, npt.NDArray[np.intp]], ...] = (
            (batch.memcg, changed),
            (batch.count, np.flatnonzero(batch.count != 1)),
            (batch.node, np.flatnonzero(batch.node)),
            (batch.content, np.flatnonzero(batch.has_content.view(np.bool_))),
        )
        for hashed, (column, rows) in zip(self._sparse, sparse, strict=True):
            if len(rows):
                # Rows and values by turns, so that the bytes do not depend on where a batch ends.
                pairs = np.empty((len(rows), 2), "<u8")
                pairs[:, 0] = rows + batch.first_row
                pairs[:, 1] = column[rows]
                hashed.feed(pairs)
        for control in batch.controls:
            row = batch.first_row + control.row
            self._controls.update(f"{row} {control.key!r} {control.value!r}\n".encode())
        self._rows += len(batch)

    def hexdigest(self, paths: list[str]) -> str:
        """Return the digest of all rows so far, in hexadecimal; `paths` are the names of their memcg ids."""
        whole = hashlib.sha256(f"zswap-replay rows {self._rows} {paths!r}".encode())
        for hashed in (*self._dense, *self._sparse):
            whole.update(hashed.digest())
        whole.update(self._controls.digest())
        return whole.hexdigest()

    def close(self) -> None:
        """End the threads."""
        for hashed in (*self._dense, *self._sparse):
            hashed.thread.stop()


class _ColumnHash:
    """The hash of one column: its bytes are gathered, and hashed by a thread of its own once they are enough."""

    def __init__(self) -> None:
        self.thread: TaskThread[None] = TaskThread()
        self._hash = hashlib.sha256()
        self._gathered: list[memoryview] = []
        self._size = 0

    def feed(self, values: _Column) -> None:
        """Add the next values, which must not change any more."""
        self._gathered.append(values.data)
        self._size += values.nbytes
        if self._size >= _HASHED_AT_ONCE:
            if self.thread.waiting == _MAX_WAITING:
                self.thread.take_result()
            self.thread.submit(partial(self._hash.update, self._take_gathered()))

    def digest(self) -> bytes:
        """Hash what is left and return the digest of all values."""
        while self.thread.waiting:
            self.thread.take_result()
        self._hash.update(self._take_gathered())
        return self._hash.digest()

    def _take_gathered(self) -> bytes | memoryview:
        """Return the gathered bytes and start gathering anew."""
        gathered, self._gathered, self._size = self._gathered, [], 0
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)
