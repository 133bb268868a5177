"""Rows put in order of time, in bounded memory: sorted runs on disk, merged."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import TraceError
from zswap_replay.trace.encode import columns_table
from zswap_replay.trace.interleave import interleave
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.writer import DEFAULT_ROW_GROUP_ROWS, TraceWriter

RUN_ROWS = 1 << 20
"""Rows that are sorted in memory at a time: with their texts some 100 MB."""

MERGED_RUNS = 64
"""Runs that are merged at a time; where there are more, the merged ones are runs of the next round."""

_BATCH_ROWS = 1 << 13
"""Rows of a run that are in memory while it is merged."""


@dataclass(frozen=True)
class SortSummary:
    """What sorting a trace came to."""

    rows: int
    out_of_order: int
    """Rows that were earlier than the row before them."""


def sort(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    run_rows: int = RUN_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> SortSummary:
    """Write the rows of a trace in order of time; rows of the same time keep their order.

    Memory holds `run_rows` rows, whatever the length of the trace. The sorted runs of a longer one are kept in files
    beside the output, of about its size, until they are merged. `progress` is told the rows sorted, and merged,
    and how many these are in all: each row counts twice. What rows mean is not looked at: `trace validate` does.

    Raises TraceError: a trace that cannot be read, has a row without a time, or an output that cannot be written;
    SettingsError: the output is an input or, without `overwrite`, exists.
    """
    reader = open_trace(trace)
    origin = reader.metadata.origin
    metadata = replace(reader.metadata, origin=f"{origin}, sorted by time" if origin else "sorted by time")
    inputs = trace_files(trace)
    with ExitStack() as stack:
        writer = stack.enter_context(
            TraceWriter(
                output,
                metadata,
                row_group_rows=min(run_rows, DEFAULT_ROW_GROUP_ROWS),
                inputs=inputs,
                overwrite=overwrite,
            )
        )
        out_of_order = _OutOfOrder()
        runs = _Runs(Path(output).parent, stack)
        done = 0

        def tell(rows: int) -> None:
            nonlocal done
            done += rows
            if progress is not None:
                progress(done, 2 * reader.num_rows)

        for table in _sorted_runs(reader, run_rows, out_of_order):
            tell(table.num_rows)
            if table.num_rows == reader.num_rows:
                writer.write(table)  # all there is: nothing to merge
            else:
                runs.add([table])
        for table in runs.merged():
            writer.write(table)
            tell(table.num_rows)
    return SortSummary(writer.rows, out_of_order.rows)


class _OutOfOrder:
    """Counts the rows that are earlier than the row before them."""

    def __init__(self) -> None:
        self.rows = 0
        self._last = 0

    def add(self, times: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> None:
        if len(times):
            self.rows += int(np.count_nonzero(times[1:] < times[:-1])) + (int(times[0]) < self._last)
            self._last = int(times[-1])


def _sorted_runs(reader: TraceReader, run_rows: int, out_of_order: _OutOfOrder) -> Iterator[pa.Table]:
    """Yield the rows of a trace in sorted tables of at least `run_rows` rows; the last may have fewer."""
    pending: list[pa.Table] = []
    for columns, _ in reader.unchecked(min(run_rows, 1 << 16)):
        out_of_order.add(columns.time_ns)
        pending.append(columns_table(columns))
        if sum(table.num_rows for table in pending) >= run_rows:
            yield _sorted(pending)
            pending = []
    if pending:
        yield _sorted(pending)


def _sorted(tables: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    times = table.column("time_ns").to_numpy()
    if (times[1:] < times[:-1]).any():
        table = table.take(np.argsort(times, kind="stable"))
    return table


class _Runs:
    """Sorted runs in files of a temporary folder, which goes when the sort ends."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._beside = folder
        self._stack = stack
        self._folder: Path | None = None
        self._made = 0
        self._waiting: list[Path] = []

    def add(self, tables: Sequence[pa.Table] | Iterator[pa.Table]) -> None:
        """Write a run: tables in order. Raises TraceError: the folder cannot be written."""
        try:
            if self._folder is None:
                self._folder = Path(
                    self._stack.enter_context(
                        tempfile.TemporaryDirectory(prefix=".zswap-replay-sort-", dir=self._beside)
                    )
                )
            path = self._folder / str(self._made)
            self._made += 1
            # a stream may change its dictionaries from one batch to the next, as the merged tables of a run do
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            with pa.OSFile(str(path), "wb") as file, ExitStack() as open_:
                stream: pa.ipc.RecordBatchStreamWriter | None = None
                for table in tables:
                    if stream is None:
                        stream = open_.enter_context(pa.ipc.new_stream(file, table.schema, options=options))
                    stream.write_table(table, max_chunksize=_BATCH_ROWS)
        except OSError as error:
            raise TraceError(f"{self._beside}: a sorted run cannot be written: {error}") from None
        self._waiting.append(path)

    def merged(self) -> Iterator[pa.Table]:
        """Yield the rows of all runs in order, those of an earlier run first where times are equal."""
        while len(self._waiting) > MERGED_RUNS:
            runs, self._waiting = self._waiting, []
            for first in range(0, len(runs), MERGED_RUNS):
                group = runs[first : first + MERGED_RUNS]
                with _opened(group) as sources:
                    self.add(interleave(sources))
                for path in group:
                    path.unlink()
        with _opened(self._waiting) as sources:
            yield from interleave(sources)


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[list[_Run]]:
    with ExitStack() as files:
        yield [_Run(files.enter_context(pa.OSFile(str(path), "rb"))) for path in paths]


class _Run:
    """A sorted run that is being read, a batch at a time."""

    def __init__(self, file: pa.NativeFile) -> None:
        self._batches = iter(pa.ipc.open_stream(file))
        self._rows: pa.Table | None = None
        self._times: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._next()

    @property
    def last_time(self) -> int | None:
        """Time of the last row at hand, in nanoseconds; None at the end of the run."""
        return None if self._rows is None else int(self._times[-1])

    def take(self, time_ns: int, *, with_equal: bool) -> pa.Table | None:
        """Take the rows at hand before `time_ns`, or up to it; None where there are none."""
        if self._rows is None:
            return None
        side: Literal["left", "right"] = "right" if with_equal else "left"
        end = int(np.searchsorted(self._times, np.uint64(time_ns), side))
        if not end:
            return None
        taken = self._rows.slice(0, end)
        if end == self._rows.num_rows:
            self._next()
        else:
            self._rows, self._times = self._rows.slice(end), self._times[end:]
        return taken

    def _next(self) -> None:
        batch = next(self._batches, None)
        self._rows = None if batch is None else pa.Table.from_batches([batch])
        if self._rows is not None:
            self._times = self._rows.column("time_ns").to_numpy()
