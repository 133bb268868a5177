"""Codec workers: processes that make pages, compress them ahead of the replay and send back lengths.

A length is a function of the content alone, so that nothing depends on which process found it, or when. What a worker
had in hand when it died is done again: a death costs time and nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.batch import Job, measure, measure_bytes
from zswap_replay.codec.contents import NO_TIME, Timing
from zswap_replay.codec.length_table import LengthTable

if TYPE_CHECKING:
    from zswap_replay.codec.worker_process import Worker, WorkerProcesses

_CHUNK = 256
"""Contents that a worker is given at a time: a few milliseconds of work."""
_UNDER_WAY = 12
"""Chunks that a worker holds at most, so that it has work while the replay has none to give, and no pipe fills up."""
_WORTH_A_START = 1 << 13
"""Contents in all for which workers are started: one takes as long to start as to compress this number."""


def is_worth_a_start(contents: int) -> bool:
    """Tell whether there are so many contents to compress that workers are started."""
    return contents >= _WORTH_A_START


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


@dataclass(slots=True, eq=False)
class _Hand:
    """A worker, and the chunks that it has been given, oldest first."""

    worker: Worker
    chunks: deque[_Chunk] = field(default_factory=deque)
    called: bool = False
    """Whether it owes what call_all() let it call."""


def shared_workers(
    jobs: int | None, notes: Callable[[str], None], *, forks: bool = False
) -> AbstractContextManager[CodecWorkers | None]:
    """Make ``jobs`` codec workers for several replays to share; None where one process finds lengths on its way."""
    return nullcontext() if jobs is None or jobs == 1 else CodecWorkers(jobs, notes, forks=forks)


class CodecWorkers:
    """Some worker processes, as a context manager. They start when there is enough to do, and serve all orders."""

    def __init__(self, jobs: int, notes: Callable[[str], None], *, forks: bool = False) -> None:
        """Take the number of processes, with this one, which works too while it waits; ``notes`` is told of deaths.

        With ``forks`` they start now, as WorkerProcesses' do: that takes milliseconds.
        """
        self._wanted = jobs - 1
        self._notes = notes
        self._processes: WorkerProcesses | None = None
        self._hands: list[_Hand] = []
        self._waiting: deque[_Chunk] = deque()
        self._ordered = 0
        self._spent = NO_TIME
        if forks and self._wanted:
            self._start(forks=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers, whatever they are at; none is started again."""
        if self._processes is not None:
            self._processes.close()
        for hand in self._hands:
            hand.worker.close()
        self._hands = []
        self._wanted = 0
        self._waiting.clear()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that have been started and not been found dead."""
        return [hand.worker.pid for hand in self._hands]

    @property
    def spent(self) -> Timing:
        """What the workers have spent so far."""
        return self._spent

    def call_all(self, function: Callable[..., Timing], *arguments: object, file: int) -> None:
        """Let all workers call a function, with an open file, the arguments, the place of each and their number.

        They are started if they have not been; take_all() takes what they return, and nothing is ordered until then.
        """
        if self._processes is None and self._wanted:
            self._start(forks=False)
        self.take_all()  # of a call before that was interrupted
        for hand in [hand for hand in self._hands if hand.worker.died]:
            self._bury(hand)
        hands = list(self._hands)
        for part, hand in enumerate(hands):
            hand.called = True
            try:
                hand.worker.send(function, *arguments, part, len(hands), file=file)
            except OSError:
                self._bury(hand)

    def take_all(self) -> None:
        """Wait until all workers have returned from what call_all() let them call."""
        for hand in [hand for hand in self._hands if hand.called]:
            try:
                self._spent += hand.worker.receive()
                hand.called = False
            except (EOFError, OSError):
                self._bury(hand)

    @property
    def has_died(self) -> bool:
        """Whether a worker has died that owes no answer yet."""
        return any(hand.worker.died for hand in self._hands)

    @property
    def has_started(self) -> bool:
        """Whether the workers have been started."""
        return self._processes is not None

    def order(self, job: Job, contents: npt.NDArray[np.uint64]) -> Order:
        """Queue contents to be compressed, whenever a worker gets to it."""
        order = Order(len(contents))
        self._ordered += len(contents)
        for first in range(0, len(contents), _CHUNK):
            self._waiting.append(_Chunk(order, job, contents[first : first + _CHUNK]))
            order.chunks += 1
        self.hand_out()
        return order

    def hand_out(self) -> None:
        """Take what is done and give what is to be done, without waiting."""
        if self._processes is None and self._wanted and is_worth_a_start(self._ordered):
            self._start(forks=False)
        if self._hands:
            self._take(0)
            self._give()

    def collect(self, order: Order, progress: Callable[[int], None] | None = None) -> list[LengthTable]:
        """Return the lengths of an order; what no worker has begun is done here.

        ``progress`` is told now and then how many of its contents are done.
        """
        while order.chunks:
            if progress is not None:
                progress(max(order.size - order.chunks * _CHUNK, 0))
            self.hand_out()
            if order.chunks and self._waiting:
                chunk = self._waiting.popleft()
                self._done(chunk, *measure(chunk.job, chunk.contents))
            elif order.chunks:
                self._take(None)
        return order.found

    def _start(self, *, forks: bool) -> None:
        # what processes need takes longer to import than a short run has to spend
        from zswap_replay.codec.worker_process import WorkerProcesses

        self._processes = WorkerProcesses(measure_bytes.__module__, forks=forks)
        self._hands = [_Hand(self._processes.start()) for _ in range(self._wanted)]

    def _give(self) -> None:
        while self._waiting and self._hands:
            hand = min(self._hands, key=lambda each: len(each.chunks))
            if len(hand.chunks) >= _UNDER_WAY:
                return
            chunk = self._waiting.pop()  # what was ordered first is what this process comes to first
            hand.chunks.append(chunk)
            try:
                hand.worker.send(measure_bytes, chunk.job, chunk.contents.tobytes())
            except OSError:
                self._bury(hand)

    def _take(self, timeout: float | None) -> None:
        """Take every answer that is there; without a timeout, wait for one."""
        from multiprocessing.connection import wait

        by_connection = {hand.worker.connection: hand for hand in self._hands}
        for ready in wait(list(by_connection), timeout):
            hand = by_connection[ready]  # type: ignore[index]  # what goes in comes out
            try:
                while hand.chunks and hand.worker.connection.poll():
                    table, spent = hand.worker.receive()
                    self._done(hand.chunks.popleft(), table, spent)
                if not hand.chunks and hand.worker.died:
                    self._bury(hand)
            except (EOFError, OSError):
                self._bury(hand)

    def _done(self, chunk: _Chunk, table: LengthTable, spent: Timing) -> None:
        chunk.order.chunks -= 1
        chunk.order.found.append(table)
        self._spent += spent

    def _bury(self, hand: _Hand) -> None:
        """Give up a worker that has died, and have done by others what it had been given."""
        self._hands.remove(hand)
        hand.worker.close()
        self._waiting.extendleft(reversed(hand.chunks))
        left = len(self._hands)
        self._notes(
            f"a codec worker has died; the replay goes on with {left} of {self._wanted}"
            if left
            else f"the {'last ' if self._wanted > 1 else ''}codec worker has died; the replay goes on by itself"
        )
