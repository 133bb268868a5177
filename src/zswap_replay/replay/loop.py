"""The loop: batches of a trace into the machine. Controls act on it, a listener looks at it, a Result comes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Unpack

import numpy as np

from zswap_replay.codec.workers import CodecWorkers, shared_workers
from zswap_replay.errors import SelfCheckError, SettingsError, VerificationError, ZswapReplayError
from zswap_replay.machine.events import Events
from zswap_replay.machine.recount import recount
from zswap_replay.replay.assemble import Snapshots, Spent, assemble
from zswap_replay.replay.checkpoint import Checkpoint, Checkpoints, RowsSoFar
from zswap_replay.replay.controls import Controls, Notes, ignore
from zswap_replay.replay.driven import ControlHandler, Core
from zswap_replay.replay.from_settings import make_machine
from zswap_replay.replay.keywords import SettingsOptions, settings_of
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.listener import Listener
from zswap_replay.replay.page_data import ONCE_ROWS, PageData
from zswap_replay.replay.sampled import of_sample, told
from zswap_replay.replay.settings_check import check_settings, filled_in, flags_for, nearest
from zswap_replay.replay.shares import resolved
from zswap_replay.replay.spread import Again, with_range
from zswap_replay.replay.upkeep import with_upkeep
from zswap_replay.result.cost_profile import CostProfile, profile_of
from zswap_replay.result.numbers import Numbers
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.batch import Batch, Control, cut
from zswap_replay.trace.reader import TraceReader, open_shared_or, open_trace
from zswap_replay.trace.room import check_room
from zswap_replay.trace.schema import Event
from zswap_replay.units import parse_duration

Progress = Callable[[int, int], None]

_LOOK_AFTER_ROWS = 1 << 13
"""Rows between two looks after the workers that find lengths ahead: they start late, or die, some time between."""

MOST_UNASKED = 4
"""Processes that compress at most where nobody has said how many."""


def replay(
    trace: str | os.PathLike[str],
    settings: Settings | None = None,
    *,
    strict: bool = False,
    range: bool = False,  # noqa: A002  # as --range
    allow_missing: bool = False,
    interval: str | None = None,
    interval_ns: int = 0,
    batch_rows: int | None = None,
    memo: LengthMemo | None = None,
    jobs: int | None = None,
    workers: CodecWorkers | None = None,
    progress: Progress | None = None,
    notes: Notes | None = None,
    follow: Callable[[Settings, PackedSnapshots], None] | None = None,
    checkpoint: Checkpoints | str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    self_check: int = 0,
    cost: CostProfile | str | os.PathLike[str] | None = None,
    sha256: bool = False,
    reader: TraceReader | None = None,
    **options: Unpack[SettingsOptions],
) -> Result:
    """Replay a trace under some settings, given as Settings or by keyword.

    >>> import zswap_replay as zr
    >>> r = zr.replay("traces/story.parquet", max_pool_percent=10)
    >>> r.counters["zswpout"], r.memcg["/web"]["zswpout"]
    (1660, 200)

    ``trace`` is a Parquet file, a folder of them or a URI. With ``strict`` a memcg must be created before it is named.
    A setting for a memcg that never comes is an error, known at the end of the trace, or with ``allow_missing`` a
    warning. With ``range`` the result has the range of each counter under a shrink worker that runs early or late.

    ``interval`` (``"50ms"``) or ``interval_ns`` takes a snapshot each time so much of the trace has passed, besides
    those that the trace asks for; intervals without an event have one together, at their end. ``batch_rows`` bounds the
    rows in memory at once; no counter depends on it. ``memo`` carries lengths from one replay to the next. With
    ``jobs``, and from ONCE_ROWS events on, each content is compressed and compared once, from 2 on by so many processes
    ahead of the replay, or by those of ``workers``. With a checkpoint each load of what is compressed here is compared.
    ``checkpoint`` names a file that the state is written to once a minute, or as often as a
    replay.checkpoint.Checkpoints says; ``resume`` is such a file, from which the replay goes on. ``cost`` is the cost
    profile, or its name or file, that time and wear are reckoned by; nvme where none is given. With ``sha256`` the
    manifest has the SHA-256 of the rows also where they are more than SHA256_ROWS. ``reader`` is what open_trace(trace)
    gave, for replays that share() its rows. ``self_check`` counts all pages, entries and charges again every so many
    events. ``progress`` is told the events done and those in all, ``notes`` remarks for people, ``follow`` the settings
    and all snapshots so far at each snapshot.

    Raises TraceError, SettingsError, RecipeError, CodecError, CostError: bad input. VerificationError, at the end of
    the replay: pages came back with other bytes; its ``result`` is what was replayed. CheckpointError: it is another
    replay's. OSError: one cannot be written. SelfCheckError: the model lost count. TypeError: an unknown keyword.
    """
    settings = settings_of(settings, options)
    if interval is not None:
        if interval_ns:
            raise SettingsError(
                f"interval {interval!r} and interval_ns {interval_ns}: expected one of the two"
            )
        interval_ns = parse_duration(interval)
    path = os.fspath(trace)
    profile = profile_of(cost, *settings.compressors)
    if range and (checkpoint is not None or resume is not None):
        raise SettingsError("range: a checkpoint is of one replay, and a range needs several")
    begun = Checkpoint.read(resume) if resume is not None else None
    if range and memo is None:
        memo = LengthMemo()
    given = reader
    reader = open_trace(path, strict=strict) if given is None else given.again()
    reader.choose_digests(sha256=sha256)
    if range:
        reader.share()
    events = min(reader.num_rows, settings.max_events or reader.num_rows)
    once = jobs is not None or workers is not None or events >= ONCE_ROWS
    once = once and checkpoint is None and resume is None  # what goes on must find there what is loaded later
    run = Replay(reader, path, resolved(settings, reader), notes or ignore, memo, begun, once=once)
    if checkpoint is not None:
        run.checkpoints = checkpoint if isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint)
    run.self_check = self_check
    run.snapshots.follow = partial(follow or ignore, run.settings)
    with shared_workers(None if workers else jobs, notes or ignore) as own:  # no counter depends on it
        result = run.result(interval_ns, batch_rows, progress or ignore, workers or own).priced(profile)
    if run.unmet and run.is_whole and not allow_missing:
        raise SettingsError(f"{run.unmet[0]} (--allow-missing makes this a warning)")
    if memo is not None:
        memo.settle()
    if range and memo is not None:
        known, shared = memo.tables(), reader.shared_path()
        again = Again(path, run.settings, strict, interval_ns, batch_rows, known, profile, shared)
        result = with_range(result, again, replay_again, jobs=jobs)
        if given is None:
            reader.unshare()
    if run.faults:
        raise VerificationError("; ".join(run.faults), result)
    return result


def jobs_unasked(reader: TraceReader, settings: Settings) -> int | None:
    """Return how many processes to compress with where nobody has said it; None for a replay that is soon done."""
    events = min(reader.num_rows, settings.max_events or reader.num_rows)
    if settings.lengths or events < ONCE_ROWS:
        return None
    return min(len(os.sched_getaffinity(0)), MOST_UNASKED)


def replay_again(task: Again) -> Result:
    """Replay a trace once more under other settings, with the lengths that were found. Raises ZswapReplayError."""
    memo = LengthMemo()
    memo.update(task.known)
    reader = open_shared_or(task.trace, task.shared, strict=task.strict)
    reader.with_sha256 = False  # it is in the result that is there
    run = Replay(reader, task.trace, task.settings, ignore, memo, once=True)
    result = run.result(task.interval_ns, task.batch_rows, ignore).priced(task.cost)
    reader.unshare()
    return result


class Loop:
    """Gives the rows of batches to a core, stopping where an event or a listener asks for it."""

    def __init__(
        self,
        trace: str,
        nodes: int,
        core: Core,
        controls: ControlHandler,
        listener: Listener,
        held: Callable[[], int] = int,
    ) -> None:
        """Take ``trace``, its name for errors, and ``nodes``, the number of NUMA nodes that pages may be on.

        ``held`` counts the pages that the core holds.
        """
        self.held = held
        self.trace = trace
        self.nodes = nodes
        self.core = core
        self.controls = controls
        self.listener = listener
        self.events = 0
        """Rows taken so far."""
        self.now = 0
        """Time of the last row, in nanoseconds."""
        self.origin = 0
        """Time of the trace's first row, from which the machine counts: a trace's clock may start anywhere."""

    def take(self, batch: Batch, rows: int) -> None:
        """Replay the first ``rows`` rows of a batch, which are not 0.

        Raises SettingsError: a page on a node that there is not, or more pages than memory holds; and what controls
        raise.
        """
        self._check_nodes(batch, rows)
        check_room(self.trace, batch, rows, self.held)
        if not self.events:
            self.origin = int(batch.time_ns[0])
        time_ns, *others = batch.columns()
        if self.origin:
            time_ns = time_ns - np.uint64(self.origin)
        index = None if batch.page_index is None else batch.page_index.data
        columns = (column.data for column in others)
        events = Events(time_ns.data, *columns, facts=batch.facts, page_index=index)
        controls = {control.row: control for control in batch.controls}
        row = 0
        for stop in self.listener.stops(batch, rows):
            self._run(batch, events, controls, row, stop.row)
            row = stop.row
            time = stop.time_ns
            if time is None:  # a hit does not tell the machine its time
                time = int(batch.time_ns[row - 1]) if row else self.now
            self.core.advance(time - self.origin)
            self.listener.reached(stop)
        self._run(batch, events, controls, row, rows)
        self.events = batch.first_row + rows
        self.now = int(batch.time_ns[rows - 1])

    def finish(self) -> None:
        """Let the machine come to the time of the last row, behind which there are no more."""
        if self.events:
            self.core.advance(self.now - self.origin)

    def _run(self, batch: Batch, events: Events, controls: dict[int, Control], row: int, stop: int) -> None:
        """Replay rows up to ``stop``; those that the core leaves to the caller are done here."""
        while row < stop:
            control = controls.get(row)
            if control is not None:
                self._control(batch, control)  # the core looks ahead each time it is entered, in vain here
                row += 1
                continue
            try:
                row = self.core.run(events, row, stop)
            except (OverflowError, MemoryError) as error:
                why = f": {error}" if str(error) else ""
                raise SettingsError(f"{self.trace}: found more pages than memory holds{why}") from None
            if row < stop and row not in controls:
                self.controls.ensure_memcg(int(batch.memcg[row]))

    def _control(self, batch: Batch, control: Control) -> None:
        """Do what a row asks for that is more than an access, at its time."""
        self.core.advance(control.time_ns - self.origin)
        if control.key is not None and control.event is Event.SNAPSHOT:
            self.listener.snapshot(str(control.key), control.time_ns)
            return
        try:
            self.controls.control(control)
        except ZswapReplayError as error:
            raise type(error)(f"{self.trace}: row {batch.first_row + control.row}: {error}") from None

    def _check_nodes(self, batch: Batch, rows: int) -> None:
        """Refuse a page on a node that the machine does not have."""
        if batch.facts.all_on_first_node or int(batch.node.max()) < self.nodes:
            return
        beyond = np.flatnonzero((batch.node[:rows] >= self.nodes) & (batch.event[:rows] <= Event.DISCARD))
        if beyond.size:
            row = int(beyond[0])
            raise SettingsError(
                f"{self.trace}: row {batch.first_row + row}, column node: found {batch.node[row]}; "
                f"expected a node below {self.nodes} (--nodes, or the trace's metadata)"
            )


class Replay:
    """One replay: a reader, a machine with its controls, and the snapshots taken so far."""

    def __init__(
        self,
        reader: TraceReader,
        path: str,
        settings: Settings,
        notes: Notes,
        memo: LengthMemo | None = None,
        resumed: Checkpoint | None = None,
        *,
        once: bool = False,
    ) -> None:
        """Make the machine and write nothing to it yet; ``path`` is the trace as it was given.

        With ``once`` a page is compared when it is first stored, not each time that it is loaded, and is not kept.

        Raises SettingsError, RecipeError, CodecError: settings that do not fit the trace or the release.
        CheckpointError: a machine that a checkpoint, ``resumed``, does not have.
        """
        for text in reader.notes:
            notes(text)
        self.resumed = resumed
        self.checkpoints: Checkpoints | None = None
        self.self_check = 0
        """Events from one count of everything to the next; 0 for none."""
        self._checked_at = 0
        self.reader = reader
        self.page_data = PageData.of(settings, reader.metadata.recipe, memo, once=once)
        check_settings(settings, reader.metadata, self.page_data)
        self.settings = filled_in(settings, reader.metadata)
        rate = reader.metadata.sample_rate
        self._of_machine = of_sample(self.settings, rate)
        if rate is not None:
            notes(told(rate))
        self.machine = resumed.machine(self.page_data) if resumed else make_machine(self._of_machine)
        self.controls = Controls(self.machine, reader.paths, self._of_machine, self.page_data, notes)
        self._prologue = reader.metadata.prologue_rows or 0
        if self._prologue:
            notes(f"the first {self._prologue:,} rows are the prologue of a cut: nothing in them is counted")
        warmup = self.settings.warmup + self._prologue
        self.snapshots = Snapshots(self.machine, self.controls.memcg_path, warmup, self.page_data.mismatches)
        assert self.settings.nodes is not None
        listener = with_upkeep(self.snapshots, self.controls.zram, self.settings)
        self.loop = Loop(path, self.settings.nodes, self.machine, self.controls, listener, self._pages_held)

    def result(
        self,
        interval_ns: int,
        batch_rows: int | None,
        progress: Progress,
        workers: CodecWorkers | None = None,
    ) -> Result:
        """Replay to the end of the trace; with workers, lengths are found ahead of it.

        Pages that do not come back as they went in are counted, and named in ``faults`` and in the result's warnings.
        """
        started = perf_counter()
        self.snapshots.interval_ns = interval_ns
        if self.resumed is None:
            self.controls.begin()
        else:
            self.resumed.restore(self)
        reading = 0.0
        total = self.snapshots.total_rows = self.total
        batches = self.reader.batches(batch_rows)
        with RowsSoFar() as rows, self.page_data.found_ahead(workers) as ahead:
            if ahead is not None:
                batches = cut(batches, _LOOK_AFTER_ROWS)
            batches = self._going_on(batches, rows)
            while self.loop.events < total:
                before = perf_counter()
                batch = next(batches, None)
                reading += perf_counter() - before
                if batch is None:
                    break
                taken = min(len(batch), total - self.loop.events)
                self.page_data.saw(batch, taken)
                if ahead is not None:
                    ahead.look_after_workers()
                self.loop.take(batch, taken)
                self._keep(rows, batch if taken == len(batch) else batch.part(0, taken))
                del batch  # it need not be there while the next one is made
                progress(self.loop.events, total)
            if self.checkpoints is not None:
                self.checkpoints.write(self, rows)
            if self.self_check:
                self._check_self()
            before = perf_counter()
            next(batches, None)  # the reader's digest is there when it has come to the end
            reading += perf_counter() - before
        self.loop.finish()
        self.page_data.saw_pages(self.machine.pages.flags)
        self.snapshots.end(self.loop.events, self.loop.now)
        spent = Spent(
            self.loop.events, reading, perf_counter() - started, ahead.spent if ahead is not None else None
        )
        return assemble(
            self.loop.trace,
            self.reader,
            self.settings,
            self.page_data,
            self.machine,
            self.controls.memcg_names,
            self.snapshots,
            spent,
            self.loop.origin,
            self.unmet,
        )

    def _pages_held(self) -> int:
        return len(self.machine.pages.indices())

    def _going_on(self, batches: Iterator[Batch], rows: RowsSoFar) -> Iterator[Batch]:
        """Pass over what a checkpoint has behind it, and end batches where a check or a checkpoint is due."""
        if self.resumed is not None:
            batches = self.resumed.rest(batches, rows, self.reader.paths)
        every = self.self_check
        if self.checkpoints is not None:
            self.checkpoints.begin(self.loop.events, self.resumed)
            every = min(filter(None, (every, self.checkpoints.every.events)), default=0)
        self._checked_at = self.loop.events
        return cut(batches, every) if every else batches

    def _keep(self, rows: RowsSoFar, batch: Batch) -> None:
        """Check and write down the machine after a batch, where either is due."""
        if self.self_check and self.loop.events - self._checked_at >= self.self_check:
            self._check_self()
        if self.checkpoints is not None:
            rows.add(batch)
            self.checkpoints.after(self, rows)

    def _check_self(self) -> None:
        """Count all again. Raises SelfCheckError: the sums are not what was counted."""
        self._checked_at = self.loop.events
        fault = recount(self.machine)
        if fault:
            raise SelfCheckError(f"{self.loop.trace}: self-check after {self.loop.events} events: {fault}")

    @property
    def total(self) -> int:
        """The number of events that will be replayed, those of a prologue too."""
        most = self.settings.max_events
        rows = self.reader.num_rows
        return rows if most is None else min(rows, most + self._prologue)

    @property
    def is_whole(self) -> bool:
        """Whether the replay has come to the end of the trace."""
        return self.loop.events == self.reader.num_rows

    @property
    def unmet(self) -> list[str]:
        """Which memcgs that settings are for have not come, a line each."""
        where = "by the end of the trace" if self.is_whole else f"in the first {self.loop.events:,} events"
        came = list(dict.fromkeys(self.controls.memcg_names))
        return [
            f"{flags_for(path, self.settings.knobs)}: no memcg {path} came {where}{nearest(path, came)}"
            for path in self.controls.unmet()
        ]

    @property
    def faults(self) -> tuple[str, ...]:
        """Which contents did not come back as they went in, a line for each compressor."""
        return self.page_data.faults()

    @property
    def watch(self) -> Callable[[Numbers], None]:
        """Called with each snapshot that the trace asks for, when it is taken."""
        return self.snapshots.watch

    @watch.setter
    def watch(self, watch: Callable[[Numbers], None]) -> None:
        self.snapshots.watch = watch
