"""The rows of a trace as tables of SCHEMA, batch by batch, and what an export came to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.reader import TraceReader

Progress = Callable[[int, int], None]
Name = str | os.PathLike[str]


@dataclass(slots=True)
class Exported:
    """What an export came to."""

    figures: dict[str, int] = field(default_factory=dict)
    """Counts of what was written, by what they are."""
    notes: list[str] = field(default_factory=list)
    """Remarks, a line each."""


def tables(reader: TraceReader, progress: Progress | None) -> Iterator[pa.Table]:
    """Yield the rows of a trace, checked. Raises TraceError: a trace that cannot be read."""
    done = 0
    for batch in reader.batches():
        memcgs = np.arange(len(reader.paths), dtype=np.int32)
        yield batch_table(batch, slice(0, len(batch)), memcgs, reader.paths)
        done += len(batch)
        if progress is not None:
            progress(done, reader.num_rows)
