"""A sample of a trace: all events of some of its pages, chosen by a hash, below limits that are as much smaller."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zswap_replay.errors import SettingsError
from zswap_replay.lib.splitmix import mixed
from zswap_replay.trace.batch import Batch, Control
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.events import Reclaim
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.scaled import SIZES, scaled_size
from zswap_replay.trace.schema import Event
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import PAGE_SIZE

_PIECE = 1 << 20
"""Pages of rows of many pages that are looked at in one go."""


@dataclass(frozen=True)
class SampleSummary:
    """What a sample came to."""

    rows: int
    rows_before: int
    accesses: int
    """Rows that are page events, before they were split where pages between were left out."""


def sample(
    trace: str | os.PathLike[str],
    output: str | os.PathLike[str],
    rate: Fraction,
    *,
    seed: int = 0,
    strict: bool = False,
    overwrite: bool = False,
    batch_rows: int | None = None,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SampleSummary:
    """Write the events of the share `rate` of a trace's pages; which these are says a hash of memcg, page and `seed`.

    A page is in the sample with all its events or with none, and holds what it held. Rows of many pages are split
    where pages between are left out. Other rows stay, with limits, sizes and the trace's RAM at the same share, which
    the metadata keep: a replay scales the limits that it is given. A sample of a sample is chosen anew among its pages.
    What was seen of a shrink worker is left out with a note: it was about pages that may not be there.

    A batch of rows is in memory at a time. `progress` is told the rows read and the rows in all.

    Raises TraceError: a trace that cannot be read; SettingsError: the output is an input or, without `overwrite`,
    exists.
    """
    if not 0 < rate <= 1:
        raise SettingsError(f"rate is {rate}: expected a share above 0 and at most 1")
    reader = open_trace(trace, strict=strict)
    for text in reader.notes:
        if notes is not None:
            notes(text)
    metadata = reader.metadata
    before = metadata.sample_rate or Fraction(1)
    ram = metadata.totalram_pages
    chosen = Chosen(rate, f"{seed} {before}")
    metadata = replace(
        metadata,
        sample_rate=before * rate if before * rate < 1 else None,
        totalram_pages=None if ram is None else scaled_size(ram * PAGE_SIZE, rate) // PAGE_SIZE,
        prologue_rows=_prologue_rows(reader, chosen, rate),
        origin=f"sample of {rate}, seed {seed}: {metadata.origin or os.path.basename(os.fspath(trace))}",
    )
    accesses = worker_rows = 0
    with TraceWriter(output, metadata, inputs=trace_files(trace), overwrite=overwrite) as writer:
        for batch in reader.batches(batch_rows):
            for table in _sampled(batch, reader.paths, chosen, rate):
                writer.write(table)
            accesses += int(np.count_nonzero(batch.event <= Event.DISCARD))
            worker_rows += int(np.count_nonzero(batch.event == Event.WORKER))
            if progress is not None:
                progress(batch.first_row + len(batch), reader.num_rows)
    if worker_rows and notes is not None:
        notes(
            f"{worker_rows:,} rows of what was seen of the shrink worker were left out: the replay's runs instead"
        )
    return SampleSummary(writer.rows, reader.num_rows, accesses)


def _prologue_rows(reader: TraceReader, chosen: Chosen, rate: Fraction) -> int | None:
    """Count the rows of a cut's prologue that are in the sample; None for a trace that has none."""
    rows = reader.metadata.prologue_rows
    if rows is None:
        return None
    kept = 0
    again = reader.again()
    for batch in again.batches():
        prologue = batch.part(0, min(len(batch), rows - batch.first_row))
        kept += sum(table.num_rows for table in _sampled(prologue, again.paths, chosen, rate))
        if batch.first_row + len(batch) >= rows:
            break
    return kept


class Chosen:
    """Which pages are in a sample."""

    def __init__(self, rate: Fraction, salt: str) -> None:
        self._below = max(int(rate * (1 << 64)), 1) - 1
        self._salt = salt
        self._seeds: npt.NDArray[np.uint64] = np.empty(0, np.uint64)

    def __call__(
        self, memcg: npt.NDArray[np.int32], page: npt.NDArray[np.uint64], paths: Sequence[str]
    ) -> npt.NDArray[np.bool_]:
        """Decide for each page, by the number of its memcg among `paths` and its own, whether it is in the sample."""
        if len(self._seeds) < len(paths):
            self._seeds = np.array([self._seed(path) for path in paths], np.uint64)
        return mixed(mixed(page) ^ self._seeds[memcg]) <= np.uint64(self._below)

    def _seed(self, path: str) -> int:
        digest = hashlib.blake2b(
            f"{self._salt} {path}".encode("utf-8", "surrogatepass"), digest_size=8
        ).digest()
        return int.from_bytes(digest, "little")


def _sampled(batch: Batch, paths: Sequence[str], chosen: Chosen, rate: Fraction) -> Iterator[pa.Table]:
    """Yield what of a batch is in the sample, in tables of at most about _PIECE rows."""
    ends = np.cumsum(np.where(batch.event <= Event.DISCARD, batch.count, np.uint32(1)), dtype=np.float64)
    start = 0
    while start < len(batch):
        done = ends[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(ends, done + _PIECE, side="right")))
        yield from _sampled_rows(batch.part(start, stop), paths, chosen, rate)
        start = stop


def _sampled_rows(batch: Batch, paths: Sequence[str], chosen: Chosen, rate: Fraction) -> Iterator[pa.Table]:
    if len(batch) == 1 and batch.event[0] <= Event.DISCARD and int(batch.count[0]) > _PIECE:
        yield from _sampled_wide(batch, paths, chosen, rate)
        return
    rows, offsets, counts = _kept(batch, paths, chosen)
    yield _table(batch, rows, offsets, counts, paths, rate)


def _sampled_wide(batch: Batch, paths: Sequence[str], chosen: Chosen, rate: Fraction) -> Iterator[pa.Table]:
    """Yield what is kept of one row of very many pages, some of them at a time."""
    many = int(batch.count[0])
    if int(batch.event[0]) in (Event.PAGEOUT, Event.DISCARD):
        # of pages that are not in the sample it says nothing: no access to them is in it either
        one = np.zeros(1, np.intp)
        yield _table(batch, one, np.zeros(1, np.uint64), batch.count, paths, rate)
        return
    for first in range(0, many, _PIECE):
        offset = np.uint64(first)
        piece = replace(
            batch,
            page=batch.page + offset,
            content=batch.content + offset,
            count=np.array([min(_PIECE, many - first)], np.uint32),
        )
        yield from _sampled_rows(piece, paths, chosen, rate)


def _kept(
    batch: Batch, paths: Sequence[str], chosen: Chosen
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Find the rows that are kept: which of the batch each is of, from which of its pages on, and how many."""
    is_page = batch.event <= Event.DISCARD
    count = np.where(is_page, batch.count, np.uint32(1)).astype(np.intp)
    row = np.repeat(np.arange(len(batch)), count)
    offset = (np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)).astype(np.uint64)
    keep = np.where(is_page[row], True, batch.event[row] != Event.WORKER)
    asked = np.flatnonzero(is_page[row])
    of = row[asked]
    keep[asked] = chosen(batch.memcg[of], batch.page[of] + offset[asked], paths)
    # a run begins where the page before it, of the same row, is not kept
    begins = keep.copy()
    begins[1:] &= ~(keep[:-1] & (row[1:] == row[:-1]))
    ends = keep.copy()
    ends[:-1] &= ~(keep[1:] & (row[1:] == row[:-1]))
    first, last = np.flatnonzero(begins), np.flatnonzero(ends)
    return row[first], offset[first], (last - first + 1).astype(np.uint32)


def _table(
    batch: Batch,
    rows: npt.NDArray[np.intp],
    offsets: npt.NDArray[np.uint64],
    counts: npt.NDArray[np.uint32],
    paths: Sequence[str],
    rate: Fraction,
) -> pa.Table:
    is_page = batch.event[rows] <= Event.DISCARD
    place = {int(row): at for at, row in enumerate(rows.tolist())} if batch.controls else {}
    taken = Batch(
        batch.first_row,
        batch.time_ns[rows],
        batch.event[rows],
        batch.memcg[rows],
        batch.page[rows] + offsets,
        np.where(is_page, counts, np.uint32(1)),
        batch.node[rows],
        batch.content[rows] + np.where(batch.has_content[rows] != 0, offsets, np.uint64(0)),
        batch.has_content[rows],
        [_scaled(control, place[control.row], rate) for control in batch.controls if control.row in place],
    )
    return batch_table(taken, slice(0, len(rows)), np.arange(len(paths), dtype=np.int32), paths)


def _scaled(control: Control, row: int, rate: Fraction) -> Control:
    """Put a control row at its new place, with the size that it writes at the sample's share."""
    value = control.value
    if control.event is Event.MEMCG_SET and control.key in SIZES:
        assert isinstance(value, int)
        value = scaled_size(value, rate)
    elif isinstance(value, Reclaim):
        value = Reclaim(scaled_size(value.size, rate), value.swappiness)
    elif control.event is Event.MEMCG_RECLAIM:
        assert isinstance(value, int)
        value = scaled_size(value, rate)
    return control._replace(row=row, value=value)
