"""A fast digest of the rows of a trace, for telling traces apart: no protection against one who makes two of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

from zswap_replay.trace.batch import Batch

_Column = npt.NDArray[np.integer[Any]]

_DIGEST_BYTES: Final = xxhash.xxh3_128().digest_size

_FILL_ROWS: Final = 1 << 14
"""Rows of a column's default that are hashed in one go."""


class ColumnDigest:
    """XXH3 of 128 bits over the logical rows, column by column, fed batch by batch.

    Equal rows give equal digests however they are split into batches; what counts as equal is as in RowDigest.
    """

    def __init__(self) -> None:
        self._time, self._event, self._memcg, self._page = (_ColumnHash() for _ in range(4))
        self._count, self._node, self._has_content, self._content = (
            _DefaultedHash(np.full(_FILL_ROWS, default, dtype))
            for default, dtype in ((1, "<u4"), (0, "u1"), (0, "u1"), (0, "<u8"))
        )
        self._controls = xxhash.xxh3_128()
        self._rows = 0

    def update(self, batch: Batch) -> None:
        """Add the next batch of the trace."""
        if not len(batch):
            return
        # From the column that the check of the rows has looked at last: caches hold what was looked at lately.
        facts = batch.facts
        self._page.feed(batch.page)
        self._content.feed_unless(batch.content, all_default=facts.no_content)
        self._has_content.feed_unless(batch.has_content, all_default=facts.no_content)
        self._node.feed_unless(batch.node, all_default=facts.all_on_first_node)
        self._count.feed_unless(batch.count, all_default=facts.all_single)
        self._memcg.feed(batch.memcg)
        self._event.feed(batch.event)
        self._time.feed(batch.time_ns)
        for control in batch.controls:
            row = batch.first_row + control.row
            self._controls.update(f"{row} {control.key!r} {control.value!r}\n".encode())
        self._rows += len(batch)

    def hexdigest(self, paths: Sequence[str]) -> str:
        """Return the digest of all rows so far, in hexadecimal; `paths` are the names of their memcg ids."""
        whole = xxhash.xxh3_128(f"zswap-replay rows {self._rows} {list(paths)!r}".encode())
        for hashed in (self._time, self._event, self._memcg, self._page):
            whole.update(hashed.digest())
        for defaulted in (self._count, self._node, self._has_content, self._content):
            whole.update(defaulted.digest())
        whole.update(self._controls.digest())
        return whole.hexdigest()


class _ColumnHash:
    """The hash of a column, all of whose values are fed."""

    def __init__(self) -> None:
        self._hash = xxhash.xxh3_128()

    def feed(self, values: _Column) -> None:
        self._hash.update(values.astype(values.dtype.newbyteorder("<"), copy=False).data)

    def digest(self) -> bytes:
        return self._hash.digest()


class _DefaultedHash:
    """The hash of a column, which is known without its values as long as they are the default."""

    def __init__(self, fill: _Column) -> None:
        self._values = _ColumnHash()
        self._fill = fill
        self._skipped = 0
        """Rows of the default that are not hashed yet."""
        self._varies = False

    def feed_unless(self, values: _Column, *, all_default: bool) -> None:
        """Add values; as long as there are no others, defaults are counted alone."""
        if not self._varies:
            if all_default or int(values.min()) == int(values.max()) == int(self._fill[0]):
                self._skipped += len(values)
                return
            self._varies = True
        self._catch_up()
        self._values.feed(values)

    def digest(self) -> bytes:
        if not self._varies:
            return bytes(_DIGEST_BYTES)
        self._catch_up()
        return self._values.digest()

    def _catch_up(self) -> None:
        while self._skipped:
            rows = min(self._skipped, len(self._fill))
            self._values.feed(self._fill[:rows])
            self._skipped -= rows
