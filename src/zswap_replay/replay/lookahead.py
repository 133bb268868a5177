"""Looking ahead: which contents a replay is about to store, so that their lengths are found before it comes to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.batch import measure
from zswap_replay.codec.contents import Timing
from zswap_replay.codec.guesses import Guesses
from zswap_replay.codec.workers import CodecWorkers, Order
from zswap_replay.errors import ZswapReplayError
from zswap_replay.lib.length_index import Lengths
from zswap_replay.mm.contents import Contents
from zswap_replay.replay.page_data import PageData
from zswap_replay.trace.batch import Batch

_ORDERED: Final = 1 << 14
"""The most contents that are ordered ahead of the replay: the fewer, the better the guesses."""
_AHEAD: Final = 128
"""Batches that are read ahead at most."""
_SAMPLE: Final = 256
"""Contents that are measured before the first guess."""


class GuessedPageData:
    """Page data for a machine that runs ahead: lengths are guessed where they are not known, and nothing is kept."""

    def __init__(self, real: PageData) -> None:
        """Take ``real``, the page data of the replay itself, which has a codec."""
        self.guesses: dict[str, Guesses] = {}
        self.recipe = real.recipe
        self._real = real

    def canonical(self, compressor: str) -> str:
        """Give a compressor its one spelling. Raises CodecError."""
        return self._real.canonical(compressor)

    def header_length(self, compressor: str, pages: int) -> int:
        """Return what zram compresses the header of a swap device of ``pages`` pages to, in bytes."""
        return self._real.header_length(compressor, pages)

    def pool(self, compressor: str) -> tuple[Contents, Lengths, Lengths | None]:
        """Give what stands behind a compressor's pool: guesses, each known from then on."""
        if compressor not in self.guesses:
            self.guesses[compressor] = self._first_guesses(compressor)
        guesses = self.guesses[compressor]
        return guesses, guesses.lengths, guesses.lengths

    def _first_guesses(self, compressor: str) -> Guesses:
        real = self._real
        _, known, _ = real.pool(compressor)
        guesses = Guesses(real.contents[compressor], known, real.is_asked_once)
        guesses.learn(measure(real.job(compressor), np.arange(_SAMPLE, dtype=np.uint64))[0])
        return guesses

    def asked(self) -> list[tuple[str, npt.NDArray[np.uint64]]]:
        """Take the contents that were stored since the last call and whose lengths are not known, by compressor."""
        return [(name, guesses.asked()) for name, guesses in self.guesses.items() if guesses.new]


class Scout(Protocol):
    """A loop that runs ahead: a loop.Loop over a machine with guessed page data."""

    def take(self, batch: Batch, rows: int) -> None:
        """Replay the first rows of a batch."""


class LookAhead:
    """Sees which contents a replay is about to store, and orders their lengths before it comes to them.

    A second machine replays each batch first, with lengths that it guesses where they are not known yet. What it stores
    the replay will store too, or nearly so: limits are counted in lengths, so that a wrong guess can move a store. What
    was not foreseen the replay compresses itself.
    """

    def __init__(
        self,
        real: PageData,
        guessed: GuessedPageData,
        scout: Scout,
        workers: CodecWorkers,
    ) -> None:
        """Take what the replay has."""
        self.real = real
        self.guessed = guessed
        self.scout: Scout | None = scout
        self.workers = workers
        self.before = workers.spent

    @property
    def spent(self) -> Timing:
        """Time that the workers have spent on this replay."""
        return self.workers.spent - self.before

    def batches(self, batches: Iterator[Batch], total: int) -> Iterator[Batch]:
        """Pass batches on, each when the lengths ordered for it are known; ``total`` events will be replayed."""
        ahead: deque[tuple[Batch, list[tuple[str, Order]]]] = deque()
        ordered = 0
        while True:
            while ordered < _ORDERED and len(ahead) < (1 if self.scout is None else _AHEAD):
                batch = next(batches, None)
                if batch is None:
                    break
                orders = self._look_at(batch, total - batch.first_row)
                ordered += sum(order.size for _, order in orders)
                ahead.append((batch, orders))
            if not ahead:
                return
            batch, orders = ahead.popleft()
            for compressor, order in orders:
                # some of what was ordered is never stored: what nobody has begun is compressed where it is
                self.workers.leave(order)
                for table in self.workers.collect(order):
                    self.real.found(compressor, table)
                    self.guessed.guesses[compressor].learn(table)
                ordered -= order.size
            yield batch

    def _look_at(self, batch: Batch, left: int) -> list[tuple[str, Order]]:
        """Replay a batch ahead, and order what was stored and is not known."""
        if self.scout is None or not self.workers.works or left <= 0:
            return []
        try:
            self.scout.take(batch, min(len(batch), left))
        except ZswapReplayError:
            self.scout = None  # the replay will meet the fault itself, and say what it is
        return [
            (compressor, self.workers.order(self.real.job(compressor), contents))
            for compressor, contents in self.guessed.asked()
        ]
