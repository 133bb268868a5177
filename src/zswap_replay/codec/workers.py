"""The farm: processes that make pages, compress them ahead of the replay and send back lengths.

A length is a function of the content alone, so that nothing depends on which process found it, or when. What a worker
had in hand when it died is done again: a death costs time and nothing else.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import astuple, dataclass, field
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.batch import Job, measure
from zswap_replay.codec.contents import Timing
from zswap_replay.codec.length_table import LengthTable

_CHUNK = 256
"""Contents that a worker is given at a time: a few milliseconds of work."""
_UNDER_WAY = 12
"""Chunks that a worker holds at most, so that it has work while the replay has none to give, and no pipe fills up."""
_WORTH_A_START = 1 << 13
"""Contents in all for which workers are started: it takes one as long to start as to compress so many."""
_PATIENCE = 2.0
"""Seconds that a worker has to end by itself."""


@dataclass(slots=True)
class Order:
    """Contents that were ordered together, and what has come of them so far."""

    size: int
    """Contents."""
    chunks: int = 0
    """Chunks that are not back, and not lost."""
    found: list[LengthTable] = field(default_factory=list)


@dataclass(slots=True)
class _Chunk:
    order: Order
    job: Job
    contents: npt.NDArray[np.uint64]


class _Worker:
    """One process, and the chunks that it has been given, oldest first."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # A process of its own kind, not a copy of this one: the caller's main module is none of its business.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zswap_replay.codec.worker_main", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self.connection = Connection(ours.detach())
        self.chunks: deque[_Chunk] = deque()

    def end(self) -> None:
        """Ask the process to end; one that does not is killed."""
        self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def shared_farm(jobs: int | None, notes: Callable[[str], None]) -> AbstractContextManager[Farm | None]:
    """A farm of so many processes for several replays; none where they are to find lengths on their way."""
    return nullcontext() if jobs is None else Farm(jobs, notes)


class Farm:
    """Some worker processes, as a context manager. They start when there is enough to do, and serve all orders."""

    def __init__(self, jobs: int, notes: Callable[[str], None]) -> None:
        """So many processes, this one included, which works too while it waits; ``notes`` is told of deaths."""
        self._wanted = jobs - 1
        self._notes = notes
        self._workers: list[_Worker] | None = None
        self._waiting: deque[_Chunk] = deque()
        self._ordered = 0
        self._spent = Timing(0, 0, 0, 0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._workers or ():
            worker.end()
        self._workers = []
        self._waiting.clear()

    @property
    def works(self) -> bool:
        """Whether it is to go on: no worker was wanted, or one is left."""
        return not self._wanted or self._workers is None or bool(self._workers)

    @property
    def spent(self) -> Timing:
        """What the workers have spent so far."""
        return self._spent

    def order(self, job: Job, contents: npt.NDArray[np.uint64]) -> Order:
        """Have contents compressed, whenever a worker gets to it."""
        order = Order(len(contents))
        self._ordered += len(contents)
        for first in range(0, len(contents), _CHUNK):
            self._waiting.append(_Chunk(order, job, contents[first : first + _CHUNK]))
            order.chunks += 1
        self.hand_out()
        return order

    def hand_out(self) -> None:
        """Take what is done and give what is to be done, without waiting."""
        if self._workers is None and self._ordered >= _WORTH_A_START:
            self._workers = [_Worker() for _ in range(self._wanted)]
        if self._workers:
            self._take(0)
            self._give()

    def collect(self, order: Order) -> list[LengthTable]:
        """The lengths of an order, once all of it is done; what no worker has begun is done here."""
        while order.chunks:
            self.hand_out()
            if order.chunks and self._waiting:
                chunk = self._waiting.popleft()
                self._done(chunk, *measure(chunk.job, chunk.contents.tolist()))
            elif order.chunks:
                self._take(None)
        return order.found

    def _give(self) -> None:
        while self._waiting and self._workers:
            worker = min(self._workers, key=lambda each: len(each.chunks))
            if len(worker.chunks) >= _UNDER_WAY:
                return
            chunk = self._waiting.popleft()
            worker.chunks.append(chunk)
            try:
                worker.connection.send((chunk.job, chunk.contents.tobytes()))
            except OSError:
                self._bury(worker)

    def _take(self, timeout: float | None) -> None:
        """Take every answer that is there; without a timeout, wait for one."""
        by_connection = {worker.connection: worker for worker in self._workers or ()}
        for ready in wait(list(by_connection), timeout):
            worker = by_connection[ready]  # type: ignore[index]  # what goes in comes out
            try:
                while worker.chunks and worker.connection.poll():
                    table, spent = worker.connection.recv()
                    self._done(worker.chunks.popleft(), table, spent)
                if not worker.chunks and worker.connection.poll():
                    worker.connection.recv()  # it has nothing to answer: it has died
            except (EOFError, OSError):
                self._bury(worker)

    def _done(self, chunk: _Chunk, table: LengthTable, spent: Timing) -> None:
        chunk.order.chunks -= 1
        chunk.order.found.append(table)
        both = zip(astuple(self._spent), astuple(spent), strict=True)
        self._spent = Timing(*(before + now for before, now in both))

    def _bury(self, worker: _Worker) -> None:
        assert self._workers is not None
        self._workers.remove(worker)
        worker.end()
        self._waiting.extendleft(reversed(worker.chunks))
        left = len(self._workers)
        self._notes(
            f"a codec worker has died; the replay goes on with {left} of {self._wanted}"
            if left
            else "the last codec worker has died; the replay goes on by itself"
        )
