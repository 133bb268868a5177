"""The range of a result: the same replay under other delays of the shrink worker, in several processes at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.worker_process import WorkerProcesses
from zswap_replay.errors import ZswapReplayError
from zswap_replay.replay.controls import ignore
from zswap_replay.replay.loop import Progress, Replay
from zswap_replay.replay.page_data import LengthMemo
from zswap_replay.replay.scheduling import SCHEDULING, depends_on_scheduling
from zswap_replay.result.derived import Number
from zswap_replay.result.ranges import RANGE_DELAYS, span, values_of
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace

_WORTH_A_PROCESS: Final = 1 << 17
"""Events for which a process is started: fewer are replayed in the time that one takes to start."""

Values = dict[str, Number | None]


@dataclass(frozen=True, slots=True)
class Again:
    """All that a process needs to replay a trace once more."""

    trace: str
    settings: Settings
    strict: bool
    interval_ns: int
    batch_rows: int | None
    known: Mapping[str, LengthTable]
    """Lengths by the key of LengthMemo, so that a codec need not run again."""

    def values(self, progress: Progress = ignore) -> Values:
        """Replay, and list what it counts. Raises ZswapReplayError."""
        memo = LengthMemo()
        memo.update(self.known)
        run = Replay(open_trace(self.trace, strict=self.strict), self.trace, self.settings, ignore, memo)
        result = run.result(self.interval_ns, self.batch_rows, progress)
        return values_of(result.end, result.derived)


def with_range(
    result: Result,
    run: Replay,
    memo: LengthMemo,
    *,
    interval_ns: int,
    batch_rows: int | None,
    jobs: int | None,
    progress: Progress,
) -> Result:
    """Add to a result the range of each counter; ``run`` is its replay, and ``memo`` has the lengths that it found.

    Up to ``jobs`` processes, this one included, or as many as there are cores, replay at once. No replay is made where
    no delay can matter. Raises ZswapReplayError: a replay under another delay failed.
    """
    own = values_of(result.end, result.derived)
    others: list[Values] = []
    if depends_on_scheduling(run.machine):
        settings = run.settings
        tasks = [
            Again(
                run.loop.trace,
                replace(settings, shrink_delay=delay),
                run.reader.strict,
                interval_ns,
                batch_rows,
                memo.tables(),
            )
            for delay in RANGE_DELAYS
            if delay != settings.shrink_delay
        ]
        many = jobs or len(os.sched_getaffinity(0))
        apart = min(many, len(tasks)) - 1 if run.loop.events >= _WORTH_A_PROCESS else 0
        others = _values_of_all(tasks, apart, progress)
    told = tuple(text for text in result.warnings if text != SCHEDULING)
    return replace(result, range=span(own, others), warnings=told)


def _values_of_all(tasks: list[Again], apart: int, progress: Progress) -> list[Values]:
    """Replay ``apart`` of the tasks in processes of their own, while the others are replayed here."""
    with ExitStack() as stack:
        workers = []
        if apart > 0:
            processes = stack.enter_context(WorkerProcesses(__name__))
            for task in tasks[:apart]:
                workers.append(processes.start())
                workers[-1].send(attempt, task)
        here = [task.values(progress) for task in tasks[len(workers) :]]
        found: list[Values] = []
        for task, worker in zip(tasks, workers, strict=False):
            try:
                answer: Values | None = worker.receive()
            except (EOFError, OSError):  # it was killed
                answer = None
            found.append(task.values() if answer is None else answer)
        return found + here


def attempt(task: Again) -> Values | None:
    """Replay in a worker; None where that fails, so that the caller's process meets the error."""
    try:
        return task.values()
    except ZswapReplayError:
        return None
