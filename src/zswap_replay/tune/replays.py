"""The replays that a search asks for, several at once, and each content compressed once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace

from zswap_replay.codec.base import lengths_key
from zswap_replay.replay.interrupts import HeldInterrupts, raise_lost
from zswap_replay.replay.length_memo import LengthMemo
from zswap_replay.replay.settings_check import filled_in
from zswap_replay.replay.shares import totalram_of
from zswap_replay.result.ranges import SCHEDULING
from zswap_replay.settings import Settings
from zswap_replay.sweep.alike import Alike
from zswap_replay.sweep.grid import Option, build
from zswap_replay.sweep.plan import Plan
from zswap_replay.sweep.point import Outcome, Task
from zswap_replay.sweep.result import Cell
from zswap_replay.sweep.schedule import Schedule
from zswap_replay.sweep.workers import Here, PointError, Workers, point_error

_PATIENCE = 0.1
"""Seconds after which Ctrl-C is looked for while replays are under way."""


@dataclass(frozen=True, slots=True)
class Job:
    """One replay: a trace, by its place, and the settings."""

    trace: int
    settings: Settings
    label: str
    """What it is called in an error."""


class Replays:
    """Replays traces on some workers."""

    def __init__(
        self,
        plans: Sequence[Plan],
        workers: Workers,
        notes: Callable[[str], None],
        warnings: Callable[[str], None],
    ) -> None:
        """Take a plan a trace; ``notes`` and ``warnings`` hear each remark once."""
        self._plans = plans
        self._workers = workers
        self._notes = notes
        self._warnings = warnings
        self._said = {SCHEDULING}  # what that does to an answer is told by its delays
        self._memos: dict[Hashable, LengthMemo] = {}
        self._alike = Alike()

    def settings(self, trace: int, options: Sequence[Option]) -> Settings:
        """Make the settings of options of one value each, shares resolved by the trace."""
        plan = self._plans[trace]
        grid = build(options, plan.working, totalram_of(None, plan.metadata))
        return filled_in(grid.points.settings(0), plan.metadata)

    def run(self, jobs: Sequence[Job]) -> list[dict[str, Cell]]:
        """Replay, and return the figures of each. Raises SweepError: a replay failed, with its reason."""
        outcomes: dict[int, Outcome] = {}
        # A group that has learned already need not wait for its first.
        groups = [self._group(job) for job in jobs]
        schedule = Schedule(
            (at, at if group is None or group in self._memos else group) for at, group in enumerate(groups)
        )
        if isinstance(self._workers, Here):
            self._run(jobs, groups, schedule, outcomes, raise_lost)
        else:
            with HeldInterrupts() as interrupts:
                self._run(jobs, groups, schedule, outcomes, interrupts.check)
        return [outcomes[at].figures for at in range(len(jobs))]

    def _run(
        self,
        jobs: Sequence[Job],
        groups: Sequence[Hashable | None],
        schedule: Schedule,
        outcomes: dict[int, Outcome],
        check: Callable[[], None],
    ) -> None:
        running: dict[Future[Outcome], int] = {}
        while True:
            while len(running) < self._workers.slots and (at := schedule.next()) is not None:
                known = self._alike.find(jobs[at].settings, jobs[at].trace)
                if known is None:
                    running[self._workers.submit(self._task(jobs[at], groups[at]))] = at
                else:
                    outcomes[at] = known
                    schedule.ended(at, learned=True)
                    check()
            if not running:
                return
            done, _ = wait(running, _PATIENCE, FIRST_COMPLETED)
            for future in sorted(done, key=running.__getitem__):
                at = running.pop(future)
                outcomes[at] = self._outcome(future, jobs[at], groups[at])
                schedule.ended(at, learned=True)
            check()

    def _task(self, job: Job, group: Hashable | None) -> Task:
        memo = self._memos.get(group)
        task = self._plans[job.trace].task(0, {} if memo is None else memo.tables())
        return replace(task, settings=job.settings)

    def _outcome(self, future: Future[Outcome], job: Job, group: Hashable | None) -> Outcome:
        try:
            outcome = future.result()
        except Exception as error:
            failed = point_error(error)
            raise PointError(f"{job.label}: {failed}", failed.exit_code) from None
        self._alike.add(job.settings, outcome, job.trace)
        if group is not None:
            self._memos.setdefault(group, LengthMemo()).update(outcome.learned)
        for say, texts in ((self._notes, outcome.notes), (self._warnings, outcome.warnings)):
            for text in texts:
                if text not in self._said:
                    self._said.add(text)
                    say(text)
        return outcome

    def _group(self, job: Job) -> Hashable | None:
        """Name the replays that share compressed lengths; None where nothing is compressed."""
        settings = job.settings
        if settings.lengths:
            return None
        key = lengths_key(settings.compressor, settings.kernel)
        return job.trace, key, settings.recipe, settings.payload_file, settings.seed
