"""Where points are replayed: in this process or in processes of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from queue import SimpleQueue
from typing import Protocol

from zswap_replay.codec.worker_process import Worker, WorkerProcesses
from zswap_replay.errors import SweepError, ZswapReplayError
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.point import Outcome, Task, read_files_of_lengths, replay_point

_PATIENCE = 1.0
"""Seconds that a thread has to see that its worker is gone."""


class Workers(Protocol):
    """Take tasks and give futures of concurrent.futures."""

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
    """Turn any error of a point into one line with an exit status."""
    if isinstance(error, ZswapReplayError):
        return PointError(str(error), error.exit_code)
    if type(error).__name__ == "KilledWorker":  # Dask's
        return PointError("its worker was killed", 1)
    return PointError(f"{type(error).__name__}: {' '.join(str(error).split())}", 1)


class Here:
    """Replay in this process, while ``submit`` waits."""

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
        """Do nothing: there is nothing to end."""


def attempt(task: Task) -> Outcome | tuple[str, int]:
    """Replay a point; of one that fails return the text and the status of its error."""
    try:
        return replay_point(task)
    except Exception as error:
        failed = point_error(error)
        return str(failed), failed.exit_code


def worker_processes(*, forks: bool = False) -> WorkerProcesses:
    """Start the process that workers are forked from: it imports while this one has other things to do.

    With ``forks`` it is a copy of this one: see WorkerProcesses.
    """
    return WorkerProcesses(__name__, forks=forks)


def early_processes(
    jobs: int | None, scheduler: str | None, options: Iterable[Option]
) -> AbstractContextManager[WorkerProcesses | None]:
    """Start what workers are forked from, as long as there are no threads; None where no workers are wanted.

    The files of lengths that ``options`` name are read before, once for all of them.
    """
    if jobs == 1 or scheduler is not None:
        return nullcontext()
    read_files_of_lengths(options)
    return worker_processes(forks=True)


class Processes:
    """Worker processes, of which each replays one point at a time."""

    def __init__(self, count: int, processes: WorkerProcesses | None = None) -> None:
        """Start ``count`` of them; ``close`` ends ``processes`` too, which are made here where none are given."""
        self._processes = processes or worker_processes()
        self._places: list[_Place] = []
        try:
            for _ in range(count):
                self._places.append(_Place(self._processes))
        except BaseException:
            self.close()
            raise

    @property
    def slots(self) -> int:
        """One for each process."""
        return len(self._places)

    @property
    def pids(self) -> list[int]:
        """The process ids."""
        return [place.worker.pid for place in self._places]

    def submit(self, task: Task) -> Future[Outcome]:
        """Start a point in a process that is idle."""
        return next(place for place in self._places if not place.busy).submit(task)

    def close(self) -> None:
        """Kill the processes, and end the threads that wait for them; no row is theirs to keep."""
        try:
            self._processes.close()
        finally:
            for place in self._places:
                place.close()


_Exchange = tuple[Worker, Task, Future[Outcome]]


class _Place:
    """One worker, and another one in its place where it was killed.

    One thread waits for all that it answers: to start one for each point takes a millisecond where all cores are busy.
    """

    def __init__(self, processes: WorkerProcesses) -> None:
        self._processes = processes
        self._current: Future[Outcome] | None = None
        self._exchanges: SimpleQueue[_Exchange | None] = SimpleQueue()
        self.worker = processes.start()
        self._thread = threading.Thread(target=_exchange_all, args=(self._exchanges,), daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        return self._current is not None and not self._current.done()

    def submit(self, task: Task) -> Future[Outcome]:
        if self.worker.died:
            self.worker.close()
            self.worker = self._processes.start()
        self._current = future = Future[Outcome]()
        self._exchanges.put((self.worker, task, future))
        return future

    def close(self) -> None:
        """End the thread: its worker is killed, so that it waits for nothing."""
        self._exchanges.put(None)
        self._thread.join(_PATIENCE)


def _exchange_all(exchanges: SimpleQueue[_Exchange | None]) -> None:
    """Make one exchange after the other, up to None."""
    while (each := exchanges.get()) is not None:
        _exchange(*each)


def _exchange(worker: Worker, task: Task, future: Future[Outcome]) -> None:
    """Send a task and wait for what comes of it."""
    try:
        worker.send(attempt, task)
        answer: Outcome | tuple[str, int] = worker.receive()
    except (EOFError, OSError):
        future.set_exception(PointError("its worker was killed", 1))
        return
    except BaseException as error:  # whoever waits for the point must hear of it
        future.set_exception(error)
        return
    if isinstance(answer, Outcome):
        future.set_result(answer)
    else:
        future.set_exception(PointError(*answer))
