"""Access patterns: which page of a region is touched next, as a function of parameters and random generators.

However many pages are taken at a time, the pages are the same. A pattern that draws for two purposes takes a generator
for each; where it is given one for both, its pages depend on how many are taken at a time too.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

Pages = npt.NDArray[np.uint64]

ZIPF_BYTES = 32
"""Memory that zipf takes for a page: its weight, twice, and its place, twice."""

_MAX_U64 = (1 << 64) - 1


class Pattern(Protocol):
    """What gives pages, numbered from 0 in their region."""

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""


class Zipf:
    """The page of rank r has the weight r ** -skew; ranks are spread over the pages."""

    def __init__(
        self, pages: int, skew: float, random: np.random.Generator, order: np.random.Generator
    ) -> None:
        weights = np.arange(1, pages + 1, dtype=np.float64) ** -skew
        self._cumulated = np.cumsum(weights)
        self._cumulated /= self._cumulated[-1]
        # otherwise the hot pages would all be neighbours
        self._page_of_rank = order.permutation(pages).astype(np.uint64)
        self._random = random

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        ranks = np.searchsorted(self._cumulated, self._random.random(length), side="right")
        pages: Pages = self._page_of_rank[ranks.clip(max=len(self._page_of_rank) - 1)]
        return pages


class Uniform:
    """Every page is as likely as any other."""

    def __init__(self, pages: int, random: np.random.Generator) -> None:
        self._pages = pages
        self._random = random

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        return self._random.integers(0, self._pages, length, dtype=np.uint64)


class Scan:
    """One page after the other, round and round."""

    def __init__(self, pages: int) -> None:
        self._pages = np.uint64(pages)
        self._taken = 0

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        return _numbers(self, length) % self._pages


class Stride:
    """Every ``stride``-th page, round and round, and in each round that meets no new page from the next one on."""

    def __init__(self, pages: int, stride: int) -> None:
        self._pages = pages
        self._stride = stride % pages
        self._lanes = math.gcd(pages, stride)
        self._taken = 0

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        numbers = _numbers(self, length)
        lane_pages = np.uint64(self._pages // self._lanes)
        along = _times(numbers % lane_pages, self._stride, self._pages)
        return _plus(along, numbers // lane_pages % np.uint64(self._lanes), self._pages)


class HotScan:
    """Half of the accesses go to the hot pages, which come first; the others scan the rest."""

    def __init__(
        self, pages: int, hot_share: float, random: np.random.Generator, mix: np.random.Generator
    ) -> None:
        self._hot = _hot_pages(pages, hot_share)
        self._cold = pages - self._hot
        self._random = random
        self._mix = mix
        self._taken = 0

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        pages = self._random.integers(0, self._hot, length, dtype=np.uint64)
        if self._cold:
            scan = np.flatnonzero(self._mix.random(length) < 0.5)
            pages[scan] = self._hot + _numbers(self, len(scan)) % np.uint64(self._cold)
        return pages


class HotCold:
    """A window of hot pages takes ``hot_weight`` of the accesses, the others share the rest; the window moves on.

    After each ``shift_every`` accesses, where that is not 0, it begins ``shift_by`` pages further on, round and round.
    """

    def __init__(
        self,
        pages: int,
        hot_share: float,
        hot_weight: float,
        shift_every: int,
        shift_by: int,
        generators: tuple[np.random.Generator, np.random.Generator, np.random.Generator],
    ) -> None:
        self._pages = pages
        self._hot = _hot_pages(pages, hot_share)
        self._hot_weight = hot_weight if self._hot < pages else 1.0
        self._shift_every = shift_every
        self._shift_by = (shift_by or self._hot) % pages
        self._in_hot, self._in_cold, self._mix = generators
        self._taken = 0

    def take(self, length: int) -> Pages:
        """Return the next ``length`` pages."""
        numbers = _numbers(self, length)
        pages = self._in_hot.integers(0, self._hot, length, dtype=np.uint64)
        if self._hot < self._pages:
            cold = self._in_cold.integers(self._hot, self._pages, length, dtype=np.uint64)
            pages = np.where(self._mix.random(length) < self._hot_weight, pages, cold)
        if not self._shift_every:
            return pages
        starts = _times(numbers // np.uint64(self._shift_every), self._shift_by, self._pages)
        return _plus(pages, starts, self._pages)


def _hot_pages(pages: int, share: float) -> int:
    return min(max(1, round(pages * share)), pages)


def _numbers(pattern: Scan | Stride | HotScan | HotCold, length: int) -> Pages:
    """Return the numbers of the next accesses of a pattern."""
    first = pattern._taken
    pattern._taken += length
    return np.arange(first, first + length, dtype=np.uint64)


def _times(values: Pages, factor: int, modulus: int) -> Pages:
    """Return values * factor % modulus, whose products may have more than 64 bits."""
    if not len(values) or int(values.max()) * factor <= _MAX_U64:
        return values * np.uint64(factor) % np.uint64(modulus)
    return np.array([value * factor % modulus for value in values.tolist()], np.uint64)


def _plus(values: Pages, others: Pages, modulus: int) -> Pages:
    """Return (values + others) % modulus, of two numbers below the modulus, whose sum may have 65 bits."""
    room = np.uint64(modulus) - others
    return np.where(values >= room, values - room, values + others)
