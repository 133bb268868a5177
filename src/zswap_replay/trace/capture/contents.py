"""The lengths of what a capture's pages held, which is known by its length alone; on disk until all are known."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from zswap_replay.trace.capture.kept_file import KeptFile

LENGTHS_SCHEMA = pa.schema(
    [pa.field("content", pa.uint64()), pa.field("length", pa.uint32()), pa.field("fill", pa.uint64())]
)
"""The columns of the lengths, as the option ``--lengths`` takes them."""

TABLE_ROWS = 1 << 20
"""Rows of a row group of the lengths."""

_ANY_LENGTH = 2048
"""The length of a content of which none is known, and no other of its kind either."""

_HELD = 1 << 15
_UNKNOWN, _ZERO = -1, -2
_CONTENT = np.dtype([("length", "<i4"), ("memcg", "<i4")])


class Contents(KeptFile):
    """The contents of a capture: a new one for each store. A context manager, at whose end they are gone."""

    KEPT = "lengths"

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        """Keep them in ``folder``, or where temporary files are. Raises TraceError: no file can be made there."""
        super().__init__(folder)
        self._held: list[tuple[int, int]] = []
        self._numbers: dict[str, int] = {}
        # by memcg: how often each length is
        self._lengths: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._total = 0
        self.unknown = 0
        """Contents whose length nothing tells."""

    def __len__(self) -> int:
        return self._total

    def new(self, memcg: str, length: int | None, *, zero: bool = False) -> int:
        """Return the id of a new content; a length of 0 is a refusal of the compressor, None is not known.

        Raises TraceError: it cannot be written.
        """
        number = self._numbers.setdefault(memcg, len(self._numbers))
        if zero:
            code = _ZERO
        elif length is None:
            code = _UNKNOWN
            self.unknown += 1
        else:
            code = length
            if length:
                self._lengths[number][length] += 1
        self._held.append((code, number))
        if len(self._held) >= _HELD:
            self._keep()
        self._total += 1
        return self._total

    def tables(self) -> Iterator[pa.Table]:
        """Yield ids, lengths and fills; a length that is not known is its memcg's median, or that of all."""
        self._keep()
        everywhere: Counter[int] = Counter()
        for lengths in self._lengths.values():
            everywhere.update(lengths)
        other = _median(everywhere) if everywhere else _ANY_LENGTH
        medians = np.full(len(self._numbers), other, np.int64)
        for number, lengths in self._lengths.items():
            medians[number] = _median(lengths)
        size = TABLE_ROWS * _CONTENT.itemsize
        for first in range(0, max(self._total, 1), TABLE_ROWS):
            data = os.pread(self._file.fileno(), size, first * _CONTENT.itemsize)
            rows = np.frombuffer(data, _CONTENT)
            coded = rows["length"].astype(np.int64)
            lengths_of = np.where(coded == _UNKNOWN, medians[rows["memcg"]], np.maximum(coded, 0))
            yield pa.table(
                [
                    pa.array(np.arange(first + 1, first + 1 + len(rows), dtype=np.uint64)),
                    pa.array(lengths_of.astype(np.uint32)),
                    pa.array(np.zeros(len(rows), np.uint64), mask=coded != _ZERO),
                ],
                schema=LENGTHS_SCHEMA,
            )

    def _keep(self) -> None:
        data = np.array(self._held, _CONTENT).tobytes()
        self._held.clear()
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise self._fault(error) from None


def _median(lengths: Mapping[int, int]) -> int:
    """Return the median of lengths, by how often each is; of two in the middle the lower one."""
    middle = (sum(lengths.values()) - 1) // 2
    for length in sorted(lengths):
        middle -= lengths[length]
        if middle < 0:
            return length
    raise ValueError("no lengths")
