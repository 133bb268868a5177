"""Where points are replayed: in this process, in processes of its own, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, forkserver, get_context, parent_process
from multiprocessing.context import ForkServerContext
from typing import Protocol

from zswap_replay.sweep.point import Outcome, Task, replay_point


def warm_up() -> ForkServerContext:
    """Starts the process of which workers are forks, so that it imports while this one has other things to do."""
    context = get_context("forkserver")
    context.set_forkserver_preload([replay_point.__module__])
    forkserver.ensure_running()
    return context


class Workers(Protocol):
    """Takes tasks and gives futures of concurrent.futures."""

    @property
    def slots(self) -> int:
        """How many tasks can be under way at a time; no more may be submitted."""

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point."""

    def close(self) -> None:
        """End the workers, and what they are at."""


class Here:
    """Replays in this process, while ``submit`` waits."""

    slots = 1

    def submit(self, task: Task) -> Future[Outcome]:
        """Replay a point; the future is done."""
        future: Future[Outcome] = Future()
        try:
            future.set_result(replay_point(task))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Nothing to end."""


class Processes:
    """Worker processes, each of which has a pool of its own, so that one that is killed fails its own point alone."""

    def __init__(self, count: int) -> None:
        self._lanes = [_Lane(warm_up()) for _ in range(count)]

    @property
    def slots(self) -> int:
        """One for each process."""
        return len(self._lanes)

    @property
    def pids(self) -> list[int]:
        """Their process ids, once they have started."""
        return [lane.pid.result() for lane in self._lanes]

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point in a process that is idle."""
        return next(lane for lane in self._lanes if not lane.busy).submit(task)

    def close(self) -> None:
        """Kill the processes that are at work and end the others."""
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join()


class _Lane:
    """One process, started at once, and started anew for the next task after it was killed."""

    def __init__(self, context: ForkServerContext) -> None:
        self._context = context
        self._current: Future[Outcome] | None = None
        self._start()

    def _start(self) -> None:
        self._pool = ProcessPoolExecutor(1, self._context, _set_up)
        self.pid = self._pool.submit(os.getpid)

    @property
    def busy(self) -> bool:
        return self._current is not None and not self._current.done()

    def submit(self, task: Task) -> Future[Outcome]:
        try:
            self._current = self._pool.submit(replay_point, task)
        except BrokenProcessPool:
            self.join()
            self._start()
            self._current = self._pool.submit(replay_point, task)
        return self._current

    def stop(self) -> None:
        if self.busy and self.pid.exception() is None:
            os.kill(self.pid.result(), signal.SIGKILL)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        self._pool.shutdown(wait=True)


def _set_up() -> None:
    """A worker leaves Ctrl-C to the process that started it, and ends when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
