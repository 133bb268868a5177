"""A digest of the rows of a trace, whatever the file's row groups, encodings and compression."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.batch import NO_MEMCG, Batch
from zswap_replay.trace.read_ahead import Helper

_Column = npt.NDArray[np.integer[Any]]

_GATHERED_BYTES = 1 << 17
"""Bytes of a column that are worth a thread's while."""
_UNHASHED = 2
"""How often so many bytes of a column may be waiting."""


class RowDigest:
    """SHA-256 over the logical rows, column by column, fed batch by batch.

    Equal rows give equal digests however they are cut into batches. A null count is 1 and a null node is 0,
    as the format says, and limits count as the bytes that they parse to. Threads hash, until close().
    """

    def __init__(self) -> None:
        self._dense = [_Stream() for _ in range(3)]
        self._sparse = [_Stream() for _ in range(4)]
        self._controls = hashlib.sha256()
        self._rows = 0
        self._memcg = NO_MEMCG

    def update(self, batch: Batch) -> None:
        """Takes in the next batch of the trace."""
        if not len(batch):
            return
        dense: tuple[_Column, ...] = (batch.time_ns, batch.event, batch.page)
        for stream, column in zip(self._dense, dense, strict=True):
            stream.feed(column.astype(column.dtype.newbyteorder("<"), copy=False))
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
        for stream, (column, at) in zip(self._sparse, sparse, strict=True):
            if len(at):
                # Rows and values by turns, so that the bytes do not depend on where a batch ends.
                pairs = np.empty((len(at), 2), "<u8")
                pairs[:, 0] = at + batch.first_row
                pairs[:, 1] = column[at]
                stream.feed(pairs)
        for control in batch.controls:
            row = batch.first_row + control.row
            self._controls.update(f"{row} {control.key!r} {control.value!r}\n".encode())
        self._rows += len(batch)

    def hexdigest(self, paths: list[str]) -> str:
        """The digest of all rows so far, `paths` being the names of their memcg ids."""
        whole = hashlib.sha256(f"zswap-replay rows {self._rows} {paths!r}".encode())
        for stream in (*self._dense, *self._sparse):
            whole.update(stream.digest())
        whole.update(self._controls.digest())
        return whole.hexdigest()

    def close(self) -> None:
        """End the threads."""
        for stream in (*self._dense, *self._sparse):
            stream.thread.end()


class _Stream:
    """The bytes of one column: gathered, and hashed by a thread of its own when they are enough to be worth it."""

    def __init__(self) -> None:
        self.thread: Helper[None] = Helper()
        self._hash = hashlib.sha256()
        self._gathered: list[memoryview] = []
        self._size = 0

    def feed(self, values: _Column) -> None:
        """Take in what comes next; the values must not change any more."""
        self._gathered.append(values.data)
        self._size += values.nbytes
        if self._size >= _GATHERED_BYTES:
            if self.thread.waiting == _UNHASHED:
                self.thread.take()
            self.thread.give(partial(self._hash.update, self._all()))

    def digest(self) -> bytes:
        """The digest of all that came."""
        while self.thread.waiting:
            self.thread.take()
        self._hash.update(self._all())
        return self._hash.digest()

    def _all(self) -> bytes | memoryview:
        """What was gathered, to be gathered no more."""
        gathered, self._gathered, self._size = self._gathered, [], 0
        return gathered[0] if len(gathered) == 1 else b"".join(gathered)
