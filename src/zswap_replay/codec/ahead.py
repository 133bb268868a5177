"""Lengths that worker processes find while a replay goes on, before it comes to them.

Reclaim names what it will store next, in memory that the workers share (lib/wanted.py), and takes their answers from
there. A length is a function of the content alone, so that nothing depends on which process found it, or when.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, Self

from zswap_replay.codec.batch import Job, bench_of
from zswap_replay.codec.contents import NO_TIME, Timing
from zswap_replay.codec.workers import CodecWorkers, is_worth_a_start
from zswap_replay.errors import ZswapReplayError
from zswap_replay.files import memory_file
from zswap_replay.lib.wanted import NR_WORDS, STOP, Answers, Wanted

if TYPE_CHECKING:
    from types import TracebackType

    from zswap_replay.lib.length_index import Lengths

_SHORTEST, _LONGEST = 50e-6, 2e-3
"""Seconds that a worker sleeps while nothing is wanted: each time twice as long."""


class Ahead:
    """What workers find for one replay, as a context manager."""

    def __init__(self, workers: CodecWorkers) -> None:
        """Take the workers, which start when there is enough to do. Raises OSError: there is no memory to share."""
        self.spent = NO_TIME
        """Time that workers have spent on this replay, once they were stopped."""
        self._workers = workers
        self._before = workers.spent
        self._file = memory_file("zswap-replay-lengths", NR_WORDS * 8)
        try:
            self._words = memoryview(mmap.mmap(self._file, 0)).cast("Q")
        except BaseException:
            os.close(self._file)
            raise
        self._wanted = Wanted(self._words)
        self._jobs: list[Job] = []
        self._lengths: list[Lengths] = []
        self._running = False

    def attach(self, lengths: Lengths, job: Job) -> None:
        """Let workers find what is wanted of ``lengths``, those of a job."""
        if lengths.wanted is not None:
            return
        lengths.wanted, lengths.job = self._wanted, len(self._jobs)
        self._lengths.append(lengths)
        self._jobs.append(job)
        if self._running:  # they know the jobs before this one
            self._stop()
            self._start()

    def look_after_workers(self) -> None:
        """Start the workers once there is enough to do, and go on without those that have died."""
        if not self._running:
            if self._workers.has_started or is_worth_a_start(self._wanted.named):
                self._start()
        elif self._workers.has_died:
            self._stop()
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers, and let lengths be found where they are needed."""
        try:
            for lengths in self._lengths:
                lengths.wanted = None
            self._stop()
            self.spent = self._workers.spent - self._before
        finally:
            os.close(self._file)

    def _start(self) -> None:
        self._words[STOP] = 0
        self._running = True
        self._workers.call_all(measure_wanted, self._jobs, file=self._file)

    def _stop(self) -> None:
        self._words[STOP] = 1
        if self._running:
            self._workers.take_all()
        self._running = False


def measure_wanted(descriptor: int, jobs: list[Job], part: int, parts: int) -> Timing:
    """Measure what is wanted in a file of shared memory until that says stop; return the time that this took.

    Of the names each ``parts``-th is for this process. A job whose pages cannot be made is left to the replay, which
    will say why.
    """
    with open(descriptor, "r+b") as file:
        answers = Answers(memoryview(mmap.mmap(file.fileno(), 0)).cast("Q"), part, parts)
    benches = {}
    for number, job in enumerate(jobs):
        with suppress(ZswapReplayError):
            benches[number] = bench_of(job)
    before = [bench.timing for bench in benches.values()]
    pause = _SHORTEST
    while not answers.is_stopped():
        number = answers.next_job()
        if number < 0:
            sleep(pause)
            pause = min(2 * pause, _LONGEST)
            continue
        pause = _SHORTEST
        if number not in benches:
            answers.skip()
            continue
        try:
            benches[number].answer(answers, number)
        except ZswapReplayError:
            answers.skip()
    return sum((bench.timing - then for bench, then in zip(benches.values(), before, strict=True)), NO_TIME)
