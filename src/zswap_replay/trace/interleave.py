"""Merging streams of rows, each in order of time, into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa


class Source(Protocol):
    """A stream of rows in order of time, of which some are at hand."""

    @property
    def last_time(self) -> int | None:
        """Time of the last row at hand, in nanoseconds; None once the stream is at its end."""

    def take(self, time_ns: int, *, with_equal: bool) -> pa.Table | None:
        """Take the rows at hand before `time_ns`, or up to it; None where there are none."""


def interleave(sources: Sequence[Source]) -> Iterator[pa.Table]:
    """Yield tables in order of (time, source), each up to where every source is known to have no earlier row."""
    while True:
        ends = [(source.last_time, place) for place, source in enumerate(sources)]
        known = [(time_ns, place) for time_ns, place in ends if time_ns is not None]
        if not known:
            return
        # What ends first sets the end. Its stream may have more rows at that very time, and they come before those of
        # later streams, which therefore wait.
        time_ns, ends_first = min(known)
        taken = [source.take(time_ns, with_equal=place <= ends_first) for place, source in enumerate(sources)]
        parts = [table for table in taken if table is not None]
        table = pa.concat_tables(parts)
        if len(parts) > 1:
            order = np.argsort(table.column("time_ns").to_numpy(), kind="stable")
            table = table.unify_dictionaries().combine_chunks().take(order)
        yield table
