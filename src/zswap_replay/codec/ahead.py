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
from zswap_replay.errors import ZswapReplayError
from zswap_replay.files import memory_file
from zswap_replay.lib.wanted import NR_WORDS, STOP, Answers, Wanted

if TYPE_CHECKING:
    from types import TracebackType

    from zswap_replay.codec.workers import CodecWorkers
    from zswap_replay.lib.length_index import Lengths

_WORTH_A_START = 1 << 13
"""Contents in all for which workers are started: one takes as long to start as to compress this number."""
_SHORTEST, _LONGEST = 50e-6, 2e-3
"""Seconds that a worker sleeps while nothing is wanted: each time twice as long."""


class Ahead:
    """What workers find for one replay."""

    def __init__(self, workers: CodecWorkers) -> None:
        """Take the workers, which start when there is enough to do."""
        self._workers = workers
        self._before = workers.spent
        self._file = memory_file("zswap-replay-lengths", NR_WORDS * 8)
        self._words = memoryview(mmap.mmap(self._file, 0)).cast("Q")
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
            if self._wanted.named >= _WORTH_A_START or self._workers.has_started:
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
        for lengths in self._lengths:
            lengths.wanted = None
        self._stop()
        os.close(self._file)

    @property
    def spent(self) -> Timing:
        """Time that workers have spent on this replay, once they were stopped."""
        return self._workers.spent - self._before

    def _start(self) -> None:
        self._words[STOP] = 0
        path = f"/proc/{os.getpid()}/fd/{self._file}"
        self._workers.call_all(measure_wanted, path, self._jobs)
        self._running = True

    def _stop(self) -> None:
        self._words[STOP] = 1
        if self._running:
            self._workers.take_all()
        self._running = False


def measure_wanted(path: str, jobs: list[Job], part: int, parts: int) -> Timing:
    """Measure what is wanted in a file of shared memory until it says stop; return the time that this took.

    Of the names each ``parts``-th is for this process. A job whose pages cannot be made is left to the replay, which
    will say why.
    """
    with open(path, "r+b") as file:
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
