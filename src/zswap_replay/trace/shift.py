"""A trace whose clock starts elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.encode import columns_table
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import parse_duration

_MAX_U64 = (1 << 64) - 1


@dataclass(frozen=True)
class ShiftSummary:
    """What shifting a trace came to; times are nanoseconds."""

    rows: int
    first_ns: int
    """Time of the first row before."""
    last_ns: int
    """Time of the last row now."""


def parse_time(text: str) -> int:
    """Parse a time to nanoseconds: a number of them, or a duration (``36h``) since 0.

    Raises SettingsError: the text is neither, or is past 2^64 - 1.
    """
    word = text.strip().replace("_", "")
    if word.isascii() and word.isdigit() and len(word) <= 20:
        time_ns = int(word)
    else:
        try:
            time_ns = parse_duration(word)
        except SettingsError:
            raise SettingsError(
                f"{text!r} is no time: expected nanoseconds (0, 1764000000000000000), or a time after 0 (36h, 10ms)"
            ) from None
    if time_ns > _MAX_U64:
        raise SettingsError(f"{text!r} is past the end of the clock: expected at most {_MAX_U64} ns")
    return time_ns


def shift(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    to_ns: int,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ShiftSummary:
    """Write a trace with its clock moved so that the first row is at `to_ns` nanoseconds; nothing else changes.

    A batch of rows is in memory at a time. `progress` is told the rows written and the rows in all.

    Raises TraceError: a trace that cannot be read, a row earlier than the one
    before it, or one that would be past the end of the clock, 2^64 - 1; SettingsError: the output is an input or,
    without `overwrite`, exists.
    """
    reader = open_trace(trace)
    inputs = trace_files(trace)
    first: int | None = None
    last = 0
    with TraceWriter(output, reader.metadata, inputs=inputs, overwrite=overwrite) as writer:
        for columns, before in reader.unchecked():
            times = columns.time_ns
            if not len(times):
                continue
            if first is None:
                first = last = int(times[0])
            back = np.flatnonzero(np.concatenate(([int(times[0]) < last], times[1:] < times[:-1])))
            if back.size:
                row = int(back[0])
                earlier = last if row == 0 else int(times[row - 1])
                raise TraceError(
                    f"{trace}: row {before + row}, column time_ns: found {times[row]} after {earlier}; "
                    "expected rows in order (zswap-replay trace sort)"
                )
            last = int(times[-1])
            if last - first + to_ns > _MAX_U64:
                row = int(np.flatnonzero(times - np.uint64(first) > np.uint64(_MAX_U64 - to_ns))[0])
                raise TraceError(
                    f"{trace}: row {before + row}, column time_ns: {times[row]} would become "
                    f"{int(times[row]) - first + to_ns}; expected at most {_MAX_U64}: --to an earlier time"
                )
            table = columns_table(columns)
            moved = columns.time_ns - np.uint64(first) + np.uint64(to_ns)
            writer.write(table.set_column(0, table.schema.field(0), pa.array(moved)))
            if progress is not None:
                progress(writer.rows, reader.num_rows)
    return ShiftSummary(writer.rows, first or 0, last - (first or 0) + to_ns if first is not None else to_ns)
