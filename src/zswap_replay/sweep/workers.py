"""Where points are replayed: in this process or in processes of its own."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future
from multiprocessing import connection, forkserver, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Protocol

from zswap_replay.errors import SweepError, ZswapReplayError
from zswap_replay.sweep.point import Outcome, Task, replay_point


class Workers(Protocol):
    """Takes tasks and gives futures of concurrent.futures."""

    @property
    def slots(self) -> int:
        """How many tasks can be under way at a time; no more may be submitted."""

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point."""

    def close(self) -> None:
        """End the workers, and what they are at."""


class PointError(SweepError):
    """Why a point has no row, with the exit status that this asks for."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def point_error(error: Exception) -> PointError:
    """Any error of a point, in one line."""
    if isinstance(error, ZswapReplayError):
        return PointError(str(error), error.exit_code)
    if type(error).__name__ == "KilledWorker":  # Dask's
        return PointError("its worker was killed", 1)
    return PointError(f"{type(error).__name__}: {' '.join(str(error).split())}", 1)


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


def warm_up() -> ForkServerContext:
    """Starts the process of which workers are forks, so that it imports while this one has other things to do."""
    context = get_context("forkserver")
    context.set_forkserver_preload([replay_point.__module__])
    forkserver.ensure_running()
    return context


class Processes:
    """Worker processes, each at the end of a pipe of its own.

    A pool of concurrent.futures will not do: it hangs where Ctrl-C comes while a task is handed over, or where a worker
    is killed while it sends its result; and where one worker is killed, it fails the points of all.
    """

    def __init__(self, count: int) -> None:
        context = warm_up()
        self._workers = [_Worker(context) for _ in range(count)]

    @property
    def slots(self) -> int:
        """One for each process."""
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [worker.pid for worker in self._workers]

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point in a process that is idle."""
        return next(worker for worker in self._workers if not worker.busy).submit(task)

    def close(self) -> None:
        """Kill the processes; no row is theirs to keep."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.join()


class _Worker:
    """One process, and another one in its place where it was killed."""

    def __init__(self, context: ForkServerContext) -> None:
        self._context = context
        self._current: Future[Outcome] | None = None
        self._start()

    def _start(self) -> None:
        self._pipe, other = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()
        other.close()  # so that the pipe ends with the process

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def busy(self) -> bool:
        return self._current is not None and not self._current.done()

    def submit(self, task: Task) -> Future[Outcome]:
        killed = self._current is not None and isinstance(self._current.exception(), _KilledError)
        if killed or not self._process.is_alive():
            self.join()
            self._start()
        self._current = future = Future[Outcome]()
        threading.Thread(target=_exchange, args=(self._pipe, task, future), daemon=True).start()
        return future

    def kill(self) -> None:
        self._process.kill()

    def join(self) -> None:
        self._process.join()


class _KilledError(PointError):
    """A worker that is gone with its point."""

    def __init__(self) -> None:
        super().__init__("its worker was killed", 1)


def _exchange(pipe: Connection, task: Task, future: Future[Outcome]) -> None:
    """Sends a task and waits for what comes of it."""
    try:
        pipe.send(task)
        answer: Outcome | tuple[str, int] = pipe.recv()
    except (EOFError, OSError):
        future.set_exception(_KilledError())
        return
    if isinstance(answer, Outcome):
        future.set_result(answer)
    else:
        future.set_exception(PointError(*answer))


def _serve(pipe: Connection) -> None:
    """A worker: replays what comes through the pipe until it ends.

    It leaves Ctrl-C to the process that started it, and ends when that one is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(replay_point(task))
        except Exception as error:
            failed = point_error(error)
            pipe.send((str(failed), failed.exit_code))


def _follow_parent() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
