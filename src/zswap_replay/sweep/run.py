"""A sweep from its options to its rows: planned, handed out, kept as it goes, and put together at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol

from zswap_replay.codec.worker_process import WorkerProcesses
from zswap_replay.errors import Interrupted, ResultError, SweepError
from zswap_replay.files import check_output, check_writable, replacing
from zswap_replay.replay.interrupts import HeldInterrupts, forget_met, raise_lost
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.settings import FILE_SETTINGS, Settings, files_named
from zswap_replay.sweep import file as sweep_file
from zswap_replay.sweep.alike import Alike
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.journal import SUFFIX, Journal, check_same
from zswap_replay.sweep.pareto import DEFAULT, parse_figures
from zswap_replay.sweep.plan import Plan, identity, make_plan, new_token
from zswap_replay.sweep.point import Outcome, forget
from zswap_replay.sweep.result import Failure, Sweep
from zswap_replay.sweep.schedule import Schedule
from zswap_replay.sweep.table import Record, records_of, together
from zswap_replay.sweep.workers import Here, Processes, Workers, point_error, worker_processes
from zswap_replay.trace.reader import trace_files
from zswap_replay.units import counted

_PATIENCE = 0.1
"""Seconds after which Ctrl-C is looked for while points are under way."""


class Watch(Protocol):
    """A listener that is told how a sweep gets on."""

    def begin(self, points: Sequence[str], kept: int) -> None:
        """Take the labels of the grid's points, and how many of them have rows already."""

    def started(self, point: int) -> None:
        """Note that a point was given to a worker."""

    def ended(self, point: int) -> None:
        """Note that a point has its row, or failed."""


def sweep(
    trace: str,
    options: Sequence[Option],
    *,
    strict: bool = False,
    allow_missing: bool = False,
    output: str | None = None,
    pareto: Sequence[str] = DEFAULT,
    allow_oom: bool = False,
    cost: CostProfile | None = None,
    timing: bool = False,
    force: bool = False,
    jobs: int = 0,
    processes: WorkerProcesses | None = None,
    scheduler: str | None = None,
    watch: Watch | None = None,
    notes: Callable[[str], None] | None = None,
) -> Sweep:
    """Replay a trace at every point of a grid.

    A setting for a memcg that the trace does not have is an error, unless ``allow_missing`` makes it a warning; one of
    several values is an error in any case.

    ``output`` is a Parquet file that appears when all points have rows; until then they are kept beside it, and a
    sweep of the same inputs goes on from them unless ``force`` is given. ``pareto`` names figures whose front is
    marked; ``allow_oom`` lets points on it under which a kernel would have killed programs. ``cost`` is what
    time and wear are reckoned by, None for nvme. ``timing`` adds the seconds of each point. ``jobs`` is the number of
    processes, 1 for this one alone and 0 for as many as there are cores; ``processes`` is what worker_processes() gave,
    where that was asked for before, and is the caller's to close. With ``scheduler``, the address of a Dask
    scheduler, its workers are taken instead. ``notes`` gets remarks for people, each once.

    A point that fails has no row, and is among the failures of what is returned; no output is written then.

    Raises ZswapReplayError: a bad option, trace or output, before the first point runs. OSError: the output cannot be
    written. Interrupted: Ctrl-C, or a signal that asks for an end.
    """
    if output is not None:
        inputs = _inputs(trace, options)
        for name in (output, output + SUFFIX):
            check_output(name, inputs=inputs, regular=True)
        check_writable(output)
    jobs = jobs or len(os.sched_getaffinity(0))
    with ExitStack() as stack:
        if processes is None and jobs > 1 and scheduler is None:
            processes = stack.enter_context(worker_processes())
        token = new_token()
        stack.callback(forget, token)
        plan = make_plan(
            trace,
            options,
            strict=strict,
            remember=scheduler is None,
            allow_missing=allow_missing,
            cost=cost,
            token=token,
        )
        figures = parse_figures(pareto, plan.columns)
        journal: Journal | None = None
        records: dict[int, Record] = {}
        warnings: tuple[str, ...] = ()
        if output is not None:
            if _is_whole(output) and not force:
                records, warnings = _records_in(output, plan, timing=timing)
            else:
                journal = Journal(output, plan.identity, force=force)
                stack.callback(journal.close)
                records = journal.records
        run = _Run(plan, records, journal, watch, notes)
        try:
            run.all(scheduler, jobs, processes)
        except KeyboardInterrupt as stop:
            forget_met()
            raise Interrupted(_kept(journal, len(plan.settings)), stop) from None
        found = together(plan, records, figures, run.failures, timing=timing, allow_oom=allow_oom)
        if warnings:  # of the sweep that the file is of; of a point no record has them
            found = replace(found, warnings=warnings)
        if output is not None and not found.failures:
            with replacing(output, inputs=inputs, regular=True) as path:
                sweep_file.write(path, found)
            if journal is not None:
                journal.discard()
    return found


def _kept(journal: Journal | None, points: int) -> str:
    """Say how many rows of so many points an interrupted sweep has, and where."""
    if journal is None:
        return "without --output no point is kept"
    kept = journal.kept()
    where = f" in {journal.path}; the same command goes on from there" if kept else ""
    return f"{kept} of {counted(points, 'point')} kept{where}"


def _inputs(trace: str, options: Sequence[Option]) -> list[str]:
    """Return the files that the points of a grid read."""
    values = (value for option in options if option.name in FILE_SETTINGS for value in option.values)
    return [*trace_files(trace), *files_named(str(value) for value in values)]


def _is_whole(output: str) -> bool:
    """Tell whether there is an output, and no unfinished sweep that will replace it."""
    return os.path.exists(output) and not os.path.exists(output + SUFFIX)


def _records_in(output: str, plan: Plan, *, timing: bool) -> tuple[dict[int, Record], tuple[str, ...]]:
    """Return the records of a sweep that has been finished, and its warnings.

    Raises SweepError: it is another one, or lacks timings.
    """
    try:
        found = sweep_file.read(output)
    except ResultError as error:
        raise SweepError(f"{error}; --force replaces it") from None
    check_same(output, identity(found.manifest), plan.identity)
    if timing and "timing.total" not in found.columns:
        raise SweepError(f"{output}: holds this sweep without timings; --force starts anew")
    return records_of(found), found.warnings


class _Run:
    """The points of a plan that have no record yet, on their way."""

    def __init__(
        self,
        plan: Plan,
        records: dict[int, Record],
        journal: Journal | None,
        watch: Watch | None,
        notes: Callable[[str], None] | None,
    ) -> None:
        self._failures: dict[int, Failure] = {}
        self._plan = plan
        self._records = records
        self._journal = journal
        self._watch = watch
        self._notes = notes
        self._noted: set[str] = set()
        self._memos: dict[Hashable, LengthMemo] = {}
        self._alike = Alike()

    @property
    def failures(self) -> list[Failure]:
        """The points that failed, in the order of the grid."""
        return [self._failures[point] for point in sorted(self._failures)]

    def all(self, scheduler: str | None, jobs: int, processes: WorkerProcesses | None) -> None:
        """Replay the points. Raises SweepError: the Dask cluster cannot do it."""
        plan = self._plan
        missing = [point for point in plan.order() if point not in self._records]
        if self._watch:
            self._watch.begin(plan.grid.labels, len(self._records))
        if not missing:
            return
        workers = _workers(plan, scheduler, min(jobs, len(missing)), processes)
        schedule = Schedule((point, plan.group(point)) for point in missing)
        try:
            if isinstance(workers, Here):
                self._replay(workers, schedule, raise_lost)  # the others are acted on at once
            else:
                with HeldInterrupts() as interrupts:
                    self._replay(workers, schedule, interrupts.check)
        finally:
            workers.close()

    def _replay(self, workers: Workers, schedule: Schedule, check: Callable[[], None]) -> None:
        running: dict[Future[Outcome], tuple[int, Settings]] = {}
        while True:
            while len(running) < workers.slots and (point := schedule.next()) is not None:
                if self._watch:
                    self._watch.started(point)
                task = self._plan.task(point, self._memo(point).tables())
                known = self._alike.find(task.settings)
                if known is None:
                    running[workers.submit(task)] = point, task.settings
                else:
                    self._keep(point, known)
                    self._ended(schedule, point, learned=True)
                    check()
            if not running:
                return
            done, _ = wait(running, _PATIENCE, FIRST_COMPLETED)
            for future in sorted(done, key=lambda each: running[each][0]):
                point, settings = running.pop(future)
                self._ended(schedule, point, learned=self._end(point, settings, future))
            check()

    def _ended(self, schedule: Schedule, point: int, *, learned: bool) -> None:
        schedule.ended(point, learned=learned)
        if self._watch:
            self._watch.ended(point)

    def _end(self, point: int, settings: Settings, future: Future[Outcome]) -> bool:
        """Keep what came of a point; whether it is a row."""
        try:
            outcome = future.result()
        except Exception as error:
            failed = point_error(error)
            label = self._plan.grid.points.label(point)
            self._failures[point] = Failure(label, str(failed), failed.exit_code)
            return False
        self._alike.add(settings, outcome)
        self._memo(point).update(outcome.learned)
        self._keep(point, outcome)
        return True

    def _keep(self, point: int, outcome: Outcome) -> None:
        """Keep the row of a point, and tell what is remarked."""
        record = Record(point, outcome.figures, outcome.timing, outcome.warnings)
        if self._journal is not None:
            self._journal.append(record)
        self._records[point] = record
        for text in outcome.notes:
            if self._notes and text not in self._noted:
                self._noted.add(text)
                self._notes(text)

    def _memo(self, point: int) -> LengthMemo:
        return self._memos.setdefault(self._plan.group(point), LengthMemo())


def _workers(plan: Plan, scheduler: str | None, count: int, processes: WorkerProcesses | None) -> Workers:
    if scheduler is not None:
        from zswap_replay.sweep.cluster import Cluster

        return Cluster.for_plan(scheduler, plan)
    return Here() if count == 1 else Processes(count, processes)
