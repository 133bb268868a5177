"""The range of a result: the same replay under other delays of the shrink worker, in several processes at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.errors import ZswapReplayError
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.result.over_time import Number
from zswap_replay.result.ranges import RANGE_DELAYS, SCHEDULING, span, values_of
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings

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
    cost: CostProfile | None = None
    """What figures of time and wear are reckoned by; None for the default."""
    shared: str | None = None
    """Where the rows are kept: see trace.reader.open_shared_or(); None: nowhere."""


ReplayAgain = Callable[[Again], Result]
"""A function of some module, which worker processes call too."""


def with_range(result: Result, again: Again, replay_again: ReplayAgain, *, jobs: int | None) -> Result:
    """Add to a result the range of each counter; ``again`` would repeat its replay.

    Up to ``jobs`` processes, this one included, or as many as there are cores, replay at once. No replay is made where
    no delay can matter. Raises ZswapReplayError: a replay under another delay failed.
    """
    others: list[Values] = []
    if result.depends_on_scheduling:
        own = again.settings.shrink_delay
        tasks = [
            replace(again, settings=replace(again.settings, shrink_delay=delay))
            for delay in RANGE_DELAYS
            if delay != own
        ]
        many = jobs or len(os.sched_getaffinity(0))
        events = result.manifest.trace["events"]
        worth = isinstance(events, int) and events >= _WORTH_A_PROCESS
        others = _values_of_all(tasks, min(many, len(tasks)) - 1 if worth else 0, replay_again)
    told = tuple(text for text in result.warnings if text != SCHEDULING)
    return replace(result, range=span(_values(result), others), warnings=told)


def _values(result: Result) -> Values:
    return values_of(result.end, result.derived)


def _values_of_all(tasks: list[Again], apart: int, replay_again: ReplayAgain) -> list[Values]:
    """Replay ``apart`` of the tasks in processes of their own, while the others are replayed here."""
    with ExitStack() as stack:
        workers = []
        if apart > 0:
            from zswap_replay.codec.worker_process import WorkerProcesses  # long to import

            processes = stack.enter_context(WorkerProcesses(replay_again.__module__))
            for task in tasks[:apart]:
                workers.append(processes.start())
                workers[-1].send(attempt, replay_again, task)
        here = [_values(replay_again(task)) for task in tasks[len(workers) :]]
        found: list[Values] = []
        for task, worker in zip(tasks, workers, strict=False):
            try:
                answer: Values | None = worker.receive()
            except (EOFError, OSError):  # it was killed
                answer = None
            found.append(_values(replay_again(task)) if answer is None else answer)
        return found + here


def attempt(replay_again: ReplayAgain, task: Again) -> Values | None:
    """Replay in a worker; None where that fails, so that the caller's process meets the error."""
    try:
        return _values(replay_again(task))
    except ZswapReplayError:
        return None
