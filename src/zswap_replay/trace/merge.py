"""Merging traces into one by time, each below a memcg of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.files import check_output, shown
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.decode import RowError, decode
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.interleave import interleave
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import TraceReader, open_trace, trace_files
from zswap_replay.trace.schema import ROOT, SCHEMA, Event, path_fault, with_ancestors
from zswap_replay.trace.validate import RowChecker
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import quoted, whole


@dataclass(frozen=True)
class MergeInput:
    """One trace of a merge: where it is, below which memcg it goes, and what is added to its content ids."""

    path: str | os.PathLike[str]
    memcg: str = ROOT
    content_offset: int = 0

    @classmethod
    def parse(cls, text: str) -> MergeInput:
        """Read ``TRACE``, ``TRACE=/MEMCG`` or ``TRACE=/MEMCG+OFFSET``.

        Raises SettingsError: an offset that is no number.
        """
        path, equals, place = text.rpartition("=/")
        if not equals:
            return cls(text)
        name, plus, offset = place.partition("+")
        if plus and not (offset.isascii() and offset.isdigit()):
            raise SettingsError(
                f"{quoted(text)}: {quoted(offset)} is no content offset: expected a whole number"
            )
        if whole(offset or "0") >= 1 << 64:
            raise SettingsError(f"{quoted(text)}: the content offset does not fit 64 bits")
        return cls(path, f"/{name}", whole(offset or "0"))


@dataclass(frozen=True)
class MergeSummary:
    """The size of a merged trace."""

    rows: int
    memcgs: int
    """Memcgs that rows name, and their ancestors, the root included."""


def merge(
    inputs: Sequence[MergeInput],
    output: str | os.PathLike[str],
    *,
    totalram_pages: int | None = None,
    drop_recipe: bool = False,
    overwrite: bool = False,
    batch_rows: int | None = None,
    notes: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MergeSummary:
    """Interleave traces by time into one; of rows at the same time those of an earlier input come first.

    Each input's memcgs move below its `memcg` (``/`` becomes ``/web``, ``/x`` becomes ``/web/x``), which is
    created first; with ``/`` they keep their names. Machine events (param, settle, snapshot) are kept from
    each. A row that limits the root of an input does not exist, so no limit changes its meaning. Two inputs
    below one name share its pages; where one creates or uses what the other created or removed, that is an error.

    The content of a page without an explicit id is derived from its memcg's path, so moved pages hold other
    bytes of the same recipe. Explicit ids stay as they are, because they may index a payload file, unless an
    input has an offset. Two inputs whose ranges of ids overlap are an error: one id would name two contents.

    `totalram_pages` of the result is the argument, or else the largest of any input; `nodes` is the largest of any.
    Where the inputs' recipes differ, that is an error or, with `drop_recipe`, the result has none; an input without
    a recipe and without pages, writes to files of memcgs say, takes no part in that. `notes` gets remarks for people
    on what of the inputs is passed over.

    Memory is bounded by a batch of each input. `progress` is told the rows written and the rows of all inputs.

    Raises TraceError: a bad input, or one that does not go with the others, so that the result would be no valid trace;
    SettingsError: a name that is no path, no input, or an output that is an input or, without `overwrite`, exists.
    """
    if not inputs:
        raise SettingsError("no trace to merge: expected at least one")
    for item in inputs:
        wrong = path_fault(item.memcg)
        if wrong:
            raise SettingsError(
                f"memcg {item.memcg!r} is no path ({wrong}): expected a path from the root, such as /web"
            )
    files = [file for item in inputs for file in trace_files(item.path)]
    check_output(output, inputs=files, overwrite=overwrite, regular=True)
    readers = [open_trace(item.path) for item in inputs]
    for text in dict.fromkeys(text for reader in readers for text in reader.notes):
        if notes is not None:
            notes(text)
    if notes is not None:
        for item, reader in zip(inputs, readers, strict=True):
            if reader.metadata.prologue_rows is not None:
                notes(
                    f"{os.fspath(item.path)}: the rows of its prologue are rows like others from here on, and count"
                )
    metadata = _merged_metadata(inputs, readers, totalram_pages, drop_recipe)
    names = {ROOT: 0}
    with TraceWriter(output, metadata, inputs=files, overwrite=overwrite) as writer:
        sources = [
            _Source(item, reader, names, batch_rows) for item, reader in zip(inputs, readers, strict=True)
        ]
        checked = _Checked(writer, metadata)
        _make_parents(inputs, checked, names)
        rows = sum(reader.num_rows for reader in readers)
        for table in interleave(sources):
            checked.write(table)
            if progress is not None:
                progress(min(writer.rows, rows), rows)
        _check_contents_apart(sources)
    return MergeSummary(writer.rows, len(names))


class _Checked:
    """A writer of rows that make a valid trace."""

    def __init__(self, writer: TraceWriter, metadata: TraceMetadata) -> None:
        self._writer = writer
        self._checker = RowChecker(MemcgTable([]), nodes=metadata.nodes)

    def write(self, table: pa.Table) -> None:
        """Append rows. Raises TraceError: they do not go with those before them."""
        for rows in table.combine_chunks().to_batches():
            try:
                self._checker.check(decode(rows), self._writer.rows)
            except RowError as fault:
                time_ns = rows.column("time_ns")[fault.row].as_py()
                raise TraceError(
                    f"the inputs do not go together: at {time_ns} ns, column {fault.column}: found {fault.found}; "
                    f"expected {fault.expected} (TRACE=/MEMCG gives each input a memcg of its own)"
                ) from None
        self._writer.write(table)


class _Source:
    """One input while it is read: its current batch, how much of it is taken, and its memcgs under their new names."""

    def __init__(
        self, item: MergeInput, reader: TraceReader, names: dict[str, int], batch_rows: int | None
    ) -> None:
        self.item = item
        self._reader = reader
        self._batches = (batch for batch in reader.batches(batch_rows) if len(batch))
        self._names = names
        self._memcgs = np.empty(0, np.int32)
        self._batch: Batch | None = None
        self._taken = 0
        self.contents: tuple[int, int] | None = None
        """Lowest and highest explicit content id, offset added; None before the first."""
        self._next_batch()

    @property
    def last_time(self) -> int | None:
        """Time of the last row of the current batch; None once the input is at its end."""
        return None if self._batch is None else int(self._batch.time_ns[-1])

    def take(self, time_ns: int, *, with_equal: bool) -> pa.Table | None:
        """Take the rows of the current batch before `time_ns`, or up to it; None where there are none."""
        if self._batch is None:
            return None
        side: Literal["left", "right"] = "right" if with_equal else "left"
        end = int(np.searchsorted(self._batch.time_ns, np.uint64(time_ns), side))
        rows = slice(self._taken, end)
        if end <= self._taken:
            return None
        self._note_contents(rows)
        table = batch_table(self._batch, rows, self._memcgs, list(self._names), self.item.content_offset)
        self._taken = end
        if end == len(self._batch):
            self._next_batch()
        return table

    def _next_batch(self) -> None:
        self._batch = next(self._batches, None)
        self._taken = 0
        new_paths = [_moved_below(self.item.memcg, path) for path in self._reader.paths[len(self._memcgs) :]]
        ids = [self._names.setdefault(path, len(self._names)) for path in new_paths]
        self._memcgs = np.concatenate((self._memcgs, np.array(ids, np.int32)))

    def _note_contents(self, rows: slice) -> None:
        assert self._batch is not None
        at = np.flatnonzero(self._batch.has_content[rows])
        if not len(at):
            return
        first = self._batch.content[rows][at]
        last = first + (self._batch.count[rows][at] - np.uint32(1))
        low, high = int(first.min()) + self.item.content_offset, int(last.max()) + self.item.content_offset
        if high >= 1 << 64:
            raise SettingsError(
                f"{os.fspath(self.item.path)}: content id {high} with its offset is past 2^64"
            )
        known = self.contents or (low, high)
        self.contents = min(low, known[0]), max(high, known[1])


def _make_parents(inputs: Sequence[MergeInput], writer: _Checked, names: dict[str, int]) -> None:
    """Write the creation of the memcgs below which the inputs go, ancestors first, each once."""
    made = list(dict.fromkeys(path for item in inputs for path in with_ancestors(item.memcg)))
    for path in made:
        names.setdefault(path, len(names))
    if made:
        rows = [{"time_ns": 0, "event": Event.MEMCG_CREATE.name.lower(), "memcg": path} for path in made]
        writer.write(pa.Table.from_pylist(rows, schema=SCHEMA))


def _moved_below(memcg: str, path: str) -> str:
    if memcg == ROOT:
        return path
    return memcg if path == ROOT else memcg + path


def _has_pages(reader: TraceReader) -> bool:
    return any((batch.event <= Event.DISCARD).any() for batch in reader.again().batches())


def _merged_metadata(
    inputs: Sequence[MergeInput], readers: list[TraceReader], totalram_pages: int | None, drop_recipe: bool
) -> TraceMetadata:
    known = [reader.metadata for reader in readers]
    recipes = [each.recipe for each in known]
    if any(each != recipes[0] for each in recipes):
        recipes = [
            each
            for each, reader in zip(recipes, readers, strict=True)
            if each is not None or _has_pages(reader)
        ]
    recipe = recipes[0]
    if any(each != recipe for each in recipes):
        if not drop_recipe:
            names = ", ".join(os.fspath(item.path) for item in inputs)
            raise TraceError(f"{names}: payload recipes differ; --drop-recipe leaves them out")
        recipe = None
    rates = {metadata.sample_rate for metadata in known}
    if len(rates) > 1:
        told = ", ".join(
            f"{os.fspath(item.path)}: {each.sample_rate or 1}"
            for item, each in zip(inputs, known, strict=True)
        )
        raise TraceError(
            f"the inputs are samples of different shares of pages: {told}; expected the same of all"
        )
    sources = (
        f"{shown(Path(item.path).name)} at {item.memcg}" + (f": {metadata.origin}" if metadata.origin else "")
        for item, metadata in zip(inputs, known, strict=True)
    )
    return TraceMetadata(
        schema=max(each.schema for each in known),
        totalram_pages=totalram_pages or max(each.totalram_pages or 0 for each in known) or None,
        nodes=max(each.nodes or 0 for each in known) or None,
        origin="merged from " + "; ".join(sources),
        recipe=recipe,
        sample_rate=known[0].sample_rate,
    )


def _check_contents_apart(sources: list[_Source]) -> None:
    """Check that the ranges of the inputs' explicit content ids do not overlap. Raises TraceError: two do."""
    ranges = sorted((source.contents, os.fspath(source.item.path)) for source in sources if source.contents)
    for (one, one_name), (other, other_name) in itertools.pairwise(ranges):
        if other[0] <= one[1]:
            raise TraceError(
                f"{other_name}: content ids {other[0]}..{other[1]} overlap {one[0]}..{one[1]} of {one_name}; "
                f"a content offset of {one[1] + 1 - other[0]} more keeps them apart"
            )
