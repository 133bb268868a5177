"""The search of a space: which points are tried, and in which order.

Points are asked and told in batches of one size, so that what is tried depends on the seed alone and not on how many
are replayed at once. A small space is tried whole. Of a larger one Optuna's TPE sampler picks two thirds of the points;
the others halve, axis by axis, the distance between the best point and its nearest neighbours that are worse, which
finds the edge of a constraint to the page.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from zswap_replay.tune.goals import Goals, Row, marks_of
from zswap_replay.tune.space import Axis, Places, size_of

if TYPE_CHECKING:
    from zswap_replay.tune.sampler import Sampler

Rows = tuple[Row, ...]
"""What came of a point, a row a trace."""

Evaluate = Callable[[Sequence[Places]], Sequence[Rows]]
"""Replays points that were not replayed before."""

BATCH: Final = 8
"""Points that are asked for together, whatever the number of workers."""

_SAMPLED: Final = 2 / 3
"""The share of the points that the sampler picks; the others are about the best one."""
_IN_VAIN: Final = 4
"""Batches of points that were all tried before, after which the sampler is not asked any more."""


class Search:
    """A search under way: every point that was tried, with what came of it."""

    def __init__(self, axes: tuple[Axis, ...], goals: Goals, seed: int) -> None:
        self._axes = axes
        self._goals = goals
        self._seed = seed
        self._sampler: Sampler | None = None
        self.tried: dict[Places, Rows] = {}
        """By point, in the order in which they were tried."""

    def run(self, points: int, evaluate: Evaluate) -> None:
        """Try up to so many points."""
        if size_of(self._axes) <= points:
            every = itertools.product(*(range(axis.first, axis.last + 1) for axis in self._axes))
            self._try_all(every, evaluate)
            return
        self._sampler = self._new_sampler()
        self._try_all(self._corners()[:points], evaluate)
        self._sample(self._sampler, round(points * _SAMPLED), evaluate)
        while len(self.tried) < points:
            near = self._near_best()[: min(BATCH, points - len(self.tried))]
            if not near:
                break
            self._try_all(near, evaluate)
        self._sample(self._sampler, points, evaluate)

    @property
    def best(self) -> Places:
        """The best point so far."""
        return min(self.tried, key=self.order)

    def order(self, places: Places) -> tuple[float, ...]:
        """Give what orders points, the best first; of equally good ones those of smaller numbers come first."""
        ranges = (place for axis, place in zip(self._axes, places, strict=True) if axis.is_range)
        return (*self._goals.rank(self.tried[places]), *ranges)

    def importance(self) -> dict[str, float]:
        """Tell how much each axis decides about the first figure, as shares of 1; empty where nothing can be told."""
        costs = {self._goals.costs(rows)[0] for rows in self.tried.values()}
        if len(self._axes) == 1 or len(costs) < 2:
            return {}
        if self._sampler is None:
            self._sampler = self._new_sampler()
            for places in self.tried:
                self._sampler.tell(places, *self._came(places))
        return self._sampler.importance()

    def _new_sampler(self) -> Sampler:
        from zswap_replay.tune.sampler import Sampler

        return Sampler(self._axes, len(self._goals.figures), self._seed)

    def _corners(self) -> list[Places]:
        """List where every search begins: the first and the last places, and those in the middle."""
        first, last = (tuple(axis.first for axis in self._axes), tuple(axis.last for axis in self._axes))
        middle = tuple((axis.first + axis.last) // 2 for axis in self._axes)
        return list(dict.fromkeys((first, last, middle)))

    def _sample(self, sampler: Sampler, points: int, evaluate: Evaluate) -> None:
        in_vain = 0
        while len(self.tried) < points and in_vain < _IN_VAIN:
            asked = sampler.ask(BATCH)
            new = [places for places in dict.fromkeys(asked) if places not in self.tried]
            new = new[: points - len(self.tried)]
            in_vain = 0 if new else in_vain + 1
            self.tried |= zip(new, evaluate(new), strict=True)
            sampler.tell_asked(self._came(places) if places in self.tried else None for places in asked)

    def _try_all(self, points: Iterable[Places], evaluate: Evaluate) -> None:
        for batch in _batched(points):
            self.tried |= zip(batch, evaluate(batch), strict=True)
            if self._sampler is not None:
                for places in batch:
                    self._sampler.tell(places, *self._came(places))

    def _came(self, places: Places) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Give the costs of a point that was tried, and by how much it misses what it has to meet."""
        rows = self.tried[places]
        return self._goals.costs(rows), (float(len(marks_of(rows))), *self._goals.missed_by(rows))

    def _near_best(self) -> list[Places]:
        """List the untried points half way from the best one to its nearest neighbours along each axis."""
        best = self.best
        near: dict[Places, None] = {}
        for at, axis in enumerate(self._axes):
            line = sorted(
                places[at]
                for places in self.tried
                if places[:at] == best[:at] and places[at + 1 :] == best[at + 1 :]
            )
            if axis.is_range:
                below = max((place for place in line if place < best[at]), default=None)
                above = min((place for place in line if place > best[at]), default=None)
                places = [
                    axis.first if below is None else (below + best[at]) // 2,
                    axis.last if above is None else (above + best[at] + 1) // 2,
                ]
            else:
                places = list(range(axis.first, axis.last + 1))
            for place in places:
                near[(*best[:at], place, *best[at + 1 :])] = None
        return [places for places in near if places not in self.tried]


def _batched(points: Iterable[Places]) -> Iterator[tuple[Places, ...]]:
    """Cut points into batches, as itertools.batched() of Python 3.12 does."""
    rest = iter(points)
    while batch := tuple(itertools.islice(rest, BATCH)):
        yield batch
