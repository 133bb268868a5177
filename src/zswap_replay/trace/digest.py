"""A digest of the rows of a trace, whatever the file's row groups, encodings and compression."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.batch import NO_MEMCG, Batch

_Column = npt.NDArray[np.integer[Any]]


class RowDigest:
    """SHA-256 over the logical rows, column by column, fed batch by batch.

    Equal rows give equal digests however they are cut into batches. A null count is 1 and a null node is 0,
    as the format says, and limits count as the bytes that they parse to.
    """

    def __init__(self) -> None:
        self._dense = [hashlib.sha256() for _ in range(3)]
        self._sparse = [hashlib.sha256() for _ in range(4)]
        self._controls = hashlib.sha256()
        self._rows = 0
        self._memcg = NO_MEMCG

    def update(self, batch: Batch) -> None:
        """Takes in the next batch of the trace."""
        if not len(batch):
            return
        dense: tuple[_Column, ...] = (batch.time_ns, batch.event, batch.page)
        for digest, column in zip(self._dense, dense, strict=True):
            digest.update(_little(column))
        # The other columns seldom leave their default, so only the rows that do are fed, with their number.
        changed = np.diff(batch.memcg, prepend=np.int32(self._memcg)) != 0
        self._memcg = int(batch.memcg[-1])
        sparse: tuple[tuple[_Column, npt.NDArray[np.bool_]], ...] = (
            (batch.memcg, changed),
            (batch.count, batch.count != 1),
            (batch.node, batch.node != 0),
            (batch.content, batch.has_content.view(np.bool_)),
        )
        for digest, (column, rows) in zip(self._sparse, sparse, strict=True):
            at = np.flatnonzero(rows)
            if len(at):
                # Rows and values by turns, so that the bytes do not depend on where a batch ends.
                pairs = np.empty((len(at), 2), "<u8")
                pairs[:, 0] = at + batch.first_row
                pairs[:, 1] = column[at]
                digest.update(pairs.data)
        for control in batch.controls:
            row = batch.first_row + control.row
            self._controls.update(f"{row} {control.key!r} {control.value!r}\n".encode())
        self._rows += len(batch)

    def hexdigest(self, paths: list[str]) -> str:
        """The digest of all rows so far, `paths` being the names of their memcg ids."""
        whole = hashlib.sha256(f"zswap-replay rows {self._rows} {paths!r}".encode())
        for digest in (*self._dense, *self._sparse, self._controls):
            whole.update(digest.digest())
        return whole.hexdigest()


def _little(column: _Column) -> memoryview:
    return column.astype(column.dtype.newbyteorder("<"), copy=False).data
