"""One import while it runs: the rows of the input on their way to a trace, and what is told of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.files import check_output
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.decode import RowError, decode
from zswap_replay.trace.importing.distinct import DistinctPages
from zswap_replay.trace.importing.lines import fault
from zswap_replay.trace.importing.ordering import Held, Ordering
from zswap_replay.trace.importing.source import Source, Where, opened, path_in
from zswap_replay.trace.memcg_table import MemcgTable
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import EVENT_NAMES, ROOT, SECOND_SCHEMA, Event, path_fault, with_ancestors
from zswap_replay.trace.validate import RowChecker
from zswap_replay.trace.writer import TraceWriter, page_rows

Progress = Callable[[int, float | None], None]


@dataclass(slots=True)
class Imported:
    """What an import came to."""

    figures: dict[str, int] = field(default_factory=dict)
    """Counts of what was read and written, by what they are."""
    notes: list[str] = field(default_factory=list)
    """Remarks, a line each."""
    warnings: list[str] = field(default_factory=list)
    """What is missing or cannot be right, a line each."""


@dataclass(frozen=True, slots=True)
class Common:
    """The arguments that all importers take."""

    output: str | os.PathLike[str]
    memcg: str | None = None
    """The memcg of all pages; None: named after the program, or after the file."""
    origin: str | None = None
    overwrite: bool = False
    progress: Progress | None = None


class Job:
    """An import while it runs: importers give it rows, and counts and remarks for people."""

    def __init__(
        self, source: Source, common: Common, inputs: list[str | os.PathLike[str]], made: str
    ) -> None:
        self.source = source
        self.memcg = common.memcg
        self.unit = "line"
        """What a row of the input is called in an error."""
        self.read = 0
        """Lines or records of the input so far."""
        self.given = 0
        """Rows that were written, or are held back."""
        self.share: float | None = None
        """Share of the input that is read, where the format tells it and not the bytes."""
        self.counts: Counter[str] = Counter()
        """Figures of the format's own."""
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.metadata = TraceMetadata()
        self.checks = False
        """Whether rows are checked as a reader of the trace does it; where not, none can be bad."""
        self.cut_off = False
        """Whether the last line was left out, as it ends in the middle."""
        self._common = common
        self._inputs = inputs
        self._made = made
        self._ordering: Ordering | None = None
        self._paths: list[str] = []
        self._created: set[str] = {ROOT}
        self._memcgs = [ROOT]
        self._checker = RowChecker(MemcgTable(self._memcgs))
        self._writer: TraceWriter | None = None
        self._stack = ExitStack()
        self._rows = 0
        self._events = np.zeros(256, np.int64)
        self._pages = DistinctPages()
        self._span: tuple[int, int] | None = None

    # ---- what importers call ----

    def new_memcg(self, path: str) -> int:
        """Return the number of a memcg of this path, which is created before its first event."""
        self._paths.append(path)
        return len(self._paths) - 1

    def fault(self, line: int, found: bytes | str, expected: str) -> TraceError:
        """Return the error of a line that cannot be read."""
        return fault(self.source.name, line, found, expected, self.unit)

    def times(self, ticks: npt.NDArray[np.uint64], step_ns: int) -> npt.NDArray[np.uint64]:
        """Return the times of steps of a clock, counted from 0. Raises TraceError: one is past 2^64 ns."""
        last = int(ticks.max(initial=0))
        if last * step_ns >= 1 << 64:
            raise TraceError(
                f"{self.source.name}: found {last:,} steps of {step_ns} ns; expected a time below 2^64 ns"
            )
        return ticks * np.uint64(step_ns if last else 0)

    def write(
        self,
        time_ns: npt.NDArray[np.uint64],
        event: npt.NDArray[np.int32] | Event,
        page: npt.NDArray[np.uint64],
        memcg: npt.NDArray[np.int32] | int,
        line: npt.NDArray[np.int64],
        count: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        """Write accesses: arrays of one length, of which `line` says where each comes from."""
        if not len(time_ns):
            return
        owner = np.full(len(time_ns), memcg, np.int32) if isinstance(memcg, int) else memcg
        table = page_rows(time_ns, event, page, (owner, self._paths), count)
        self.write_table(table, time_ns, line, owner)

    def write_table(
        self,
        table: pa.Table,
        time_ns: npt.NDArray[np.uint64],
        line: npt.NDArray[np.int64],
        owner: npt.NDArray[np.int32] | None = None,
    ) -> None:
        """Write rows of SCHEMA; without `owner` they create their memcgs themselves, if they do."""
        if self._ordering is None:
            self._ordering = Ordering(self.source.name, self.unit)
        self.given += len(time_ns)
        for rows in self._ordering.add(Held(table, time_ns, line, owner)):
            self._put(rows)

    def tell(self) -> None:
        """Tell how far the import is, block by block."""
        if self._common.progress is not None:
            self._common.progress(self.given, self.source.share if self.share is None else self.share)

    # ---- the end ----

    def finish(self, expected: str) -> Imported:
        """Write what is left, and return what the import came to. Raises TraceError: there was no event at all."""
        if self._ordering is not None:
            for rows in self._ordering.rest():
                self._put(rows)
        accesses = int(self._events[: Event.DISCARD + 1].sum())
        if not self._rows:
            raise TraceError(
                f"{self.source.name}: found no access in {self.read:,} {self.unit}s; expected {expected}"
            )
        figures = {f"{self.unit}s": self.read, **self.counts, "events": accesses}
        others = self._rows - accesses
        if others:
            figures["other events"] = others
        for event in (Event.READ, Event.WRITE):
            figures[f"{event.name.lower()}s"] = int(self._events[event])
        if self._pages.number is not None:
            figures["pages"] = self._pages.number
        figures["memcgs"] = max(len(self._created), len(self._memcgs)) - 1
        first, last = self._span or (0, 0)
        figures["time_ns"] = last - first
        notes = list(self.notes)
        if self._ordering is not None and self._ordering.late:
            notes.append(f"rows that stood behind later ones, and were put in order: {self._ordering.late:,}")
        if self.cut_off:
            notes.append(f"the last {self.unit} ends in the middle, and was dropped")
        return Imported(figures, notes, self.warnings)

    def close(self, failed: BaseException | None) -> None:
        """End the trace, which stays where nothing failed."""
        self._stack.__exit__(
            type(failed) if failed else None, failed, failed.__traceback__ if failed else None
        )

    def _put(self, rows: Held) -> None:
        """Write rows that are in order, after what creates their memcgs."""
        writer = self._open_writer(rows)
        times = rows.time_ns
        self._rows += len(rows)
        self._span = (self._span[0] if self._span else int(times[0]), int(times[-1]))
        if rows.owner is not None:
            self._create(rows, rows.owner, writer)
        if self.checks:
            self._check(rows)
        elif rows.owner is not None:
            event: Any = rows.table.column("event").combine_chunks()
            page = rows.table.column("page").to_numpy()
            runs = rows.table.column("count").null_count < len(rows)
            parts: list[Any] = event.chunks if isinstance(event, pa.ChunkedArray) else [event]
            for codes in parts:
                self._events += np.bincount(codes.indices.to_numpy(), minlength=256)
            self._count(rows.owner, page, runs)
        writer.write(rows.table)

    def _count(self, memcg: npt.NDArray[np.int32], page: npt.NDArray[np.uint64], runs: bool) -> None:
        if runs:
            self._pages.give_up()  # `trace info` counts them
        self._pages.add(memcg, page)

    def _open_writer(self, rows: Held) -> TraceWriter:
        if self._writer is None:
            if self.checks and _second(rows.table):
                self.metadata = replace(self.metadata, schema=2)
            common, origin = self._common, self._common.origin
            known = self.metadata.origin
            made = f"{known} ({self._made})" if known and not origin else self._made
            self._writer = self._stack.enter_context(
                TraceWriter(
                    common.output,
                    replace(self.metadata, origin=f"{origin} ({made})" if origin else made),
                    inputs=self._inputs,
                    overwrite=common.overwrite,
                )
            )
        return self._writer

    def _check(self, rows: Held) -> None:
        """Check rows as a reader of the trace would. Raises TraceError: the first bad one."""
        done = 0
        for part in rows.table.unify_dictionaries().combine_chunks().to_batches():
            try:
                batch = self._checker.check(decode(part), 0)
            except RowError as error:
                raise TraceError(
                    f"{self.source.name}: {self.unit} {rows.line[done + error.row]}, column {error.column}: "
                    f"found {error.found}; expected {error.expected}"
                ) from None
            done += part.num_rows
            self._events += np.bincount(batch.event, minlength=256)
            accesses = batch.event <= Event.DISCARD
            self._count(batch.memcg[accesses], batch.page[accesses], bool((batch.count[accesses] > 1).any()))

    def _create(self, rows: Held, owner: npt.NDArray[np.int32], writer: TraceWriter) -> None:
        builder = TraceBuilder(step_ns=0).at(int(rows.time_ns[0]))
        before = len(self._created)
        for each in np.unique(owner).tolist():
            if each < 0:
                continue  # it has none
            for path in with_ancestors(self._paths[each]):
                if path not in self._created:
                    self._created.add(path)
                    builder.memcg_create(path)
        if len(self._created) > before:
            table = builder.table()
            if self.checks:  # that they are there counts for the rows after them
                self._checker.check(decode(table.combine_chunks().to_batches()[0]), 0)
            writer.write(table)


@contextmanager
def importing(where: Where, common: Common, made: str, *more: str | os.PathLike[str]) -> Iterator[Job]:
    """Open an input and the trace that is made of it, which appears when the block ends well.

    `made` says, in the trace's origin, how it was made; `more` are other files that are read.

    Raises SettingsError: a memcg that is no path, or an output that is an input or, without ``overwrite``, exists.
    TraceError: the input cannot be opened.
    """
    if common.memcg is not None:
        wrong = path_fault(common.memcg)
        if wrong:
            raise SettingsError(
                f"memcg {common.memcg!r} is no path ({wrong}): expected one from the root, such as /build"
            )
    inputs = [*path_in(where), *more]
    check_output(common.output, inputs=inputs, overwrite=common.overwrite, regular=True)
    with opened(where) as source:
        job = Job(source, common, inputs, made)
        try:
            yield job
        except BaseException as error:
            job.close(error)
            raise
        job.close(None)


def _second(table: pa.Table) -> bool:
    """Tell whether rows have an event that only schema 2 has."""
    names = pa.array([EVENT_NAMES[event] for event in SECOND_SCHEMA])
    found = pc.is_in(table.column("event").cast(pa.string()), value_set=names)
    return bool(pc.any(found).as_py())
