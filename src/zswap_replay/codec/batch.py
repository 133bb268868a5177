"""Lengths of many contents at a time: what codec workers do, and the process that wants them while it waits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.contents import NO_TIME, Timing, Verify
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.measure import Measure
from zswap_replay.errors import ZswapReplayError
from zswap_replay.lib.wanted import Answers
from zswap_replay.payload.recipe import Recipe
from zswap_replay.payload.source import FilePages, GeneratedPages, PageSource


@dataclass(frozen=True, slots=True)
class Payload:
    """Where pages come from, in a form that a worker makes them from: a recipe with its seed, or a file."""

    recipe: str
    """In JSON."""
    seed: int
    file: str | None = None

    def source(self) -> PageSource:
        """Open the source of the pages. Raises SettingsError, RecipeError."""
        if self.file is not None:
            return FilePages(self.file)
        return GeneratedPages(Recipe.from_json(self.recipe), self.seed)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done with contents: make them, compress them, and by ``verify`` compare what comes back."""

    payload: Payload
    compressor: str
    verify: Verify
    kinds: tuple[int, ...]
    """The kinds of pages that may reach the compressor; of others the kind alone is found."""
    kernel: str
    """The release whose lengths are wanted."""


class Bench:
    """The payload and the compressor of one kind of job, with which contents are made and measured."""

    def __init__(self, job: Job) -> None:
        self._measure = Measure(job.payload.source(), get_codec(job.compressor, job.kernel), job.verify)
        self._kinds = sum(1 << kind for kind in job.kinds)

    @property
    def timing(self) -> Timing:
        """Time spent so far."""
        return self._measure.timing

    def answer(self, answers: Answers, number: int) -> None:
        """Measure what is wanted of this job, by its number. Raises ZswapReplayError: a page cannot be made."""
        self._measure.answer(answers, number, self._kinds)

    def measure(self, contents: npt.NDArray[np.uint64]) -> tuple[LengthTable, Timing]:
        """Find lengths and kinds, and the time that this took; UNMEASURED for a page that no compressor will see.

        A page that does not come back as it was is left out, for the replay to meet it where it is loaded.
        """
        before = self._measure.timing
        return self._measure.table(contents, self._kinds), self._measure.timing - before


bench_of = lru_cache(maxsize=8)(Bench)


def measure(job: Job, contents: npt.NDArray[np.uint64]) -> tuple[LengthTable, Timing]:
    """Find lengths and kinds of some contents, and the time that this took.

    Nothing, where a page cannot be made: the replay will meet it, and say why.
    """
    try:
        return bench_of(job).measure(contents)
    except ZswapReplayError:
        return LengthTable.of_rows([]), NO_TIME


def measure_bytes(job: Job, contents: bytes) -> tuple[LengthTable, Timing]:
    """Measure contents that are given as an array of uint64 in memory, as a process is sent them."""
    return measure(job, np.frombuffer(contents, np.uint64))
