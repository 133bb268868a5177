"""Lengths that are found ahead without another process, so that what was found does not depend on who is faster."""

from __future__ import annotations

from zswap_replay.codec.ahead import Ahead
from zswap_replay.codec.batch import bench_of
from zswap_replay.lib.wanted import Answers


class MeasuredHere(Ahead):
    """What is wanted is measured between two batches, by this process."""

    def look_after_workers(self) -> None:
        """Measure all that is wanted, but for what is left to the replay."""
        answers = Answers(self._words, 0, 1)
        while (number := answers.next_job()) >= 0:
            bench_of(self._jobs[number]).answer(answers, number)
