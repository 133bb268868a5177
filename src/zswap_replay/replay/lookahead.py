"""Looking ahead: which contents a replay is about to store, so that their lengths are found before it comes to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import astuple
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.batch import measure
from zswap_replay.codec.contents import CLASSES, Timing
from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.workers import CodecWorkers, Order
from zswap_replay.errors import ZswapReplayError
from zswap_replay.lib.length_index import CLASS_SHIFT, KIND_MASK, Lengths
from zswap_replay.mm.contents import Contents
from zswap_replay.mm.release_changes import release_of
from zswap_replay.replay.page_data import PageData
from zswap_replay.trace.batch import Batch

_ORDERED: Final = 1 << 14
"""The most contents that are ordered ahead of the replay: the fewer, the better the guesses."""
_AHEAD: Final = 128
"""Batches that are read ahead at most."""
_SAMPLE: Final = 256
"""Contents that are measured before the first guess."""
WORTH_ROWS: Final = 1 << 18
"""Events from which on a replay looks ahead unasked: the second machine has a start of its own."""
_WINDOW: Final = 1 << 17
"""Events after each of which looking ahead is given up, where nobody asked for it and too little came of it."""
_PATIENCE: Final = 1 << 22
"""Events until the first store, while memory fills, after which it is given up too."""
_WORTH_CONTENTS: Final = _WINDOW // 32
"""Contents that are new among those stored in so many events, for which the second machine is worth its time."""
_MOST_CONTROLS: Final = 1 << 16
"""Events of memcgs, the more part of all events so far, from which on it is given up too."""
_FIRST_GUESS: Final = 1600
"""Bytes that a page is taken to be compressed to where no length of its class is known."""


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
            self.guesses[compressor] = Guesses(self._real, compressor)
        guesses = self.guesses[compressor]
        return guesses, guesses.lengths, guesses.lengths

    def asked(self) -> list[tuple[str, npt.NDArray[np.uint64]]]:
        """Take the contents that were stored since the last call and whose lengths are not known, by compressor."""
        return [(name, guesses.asked()) for name, guesses in self.guesses.items() if guesses.new]


class Guesses:
    """Contents of guessed lengths: each one asked for is noted, and has the length that its class leads to expect."""

    def __init__(self, real: PageData, compressor: str) -> None:
        assert real.source is not None
        self.contents, self.known, _ = real.pool(compressor)
        self.lengths = Lengths()
        self.new: list[int] = []
        # where nothing stands between the question for the kind and the compressor, one question is enough
        self.at_once = not release_of(real.settings.kernel).zeromap
        # by payload class: pages whose length is known, those that were refused, and the bytes of the others
        self.pages = np.zeros(len(CLASSES), np.int64)
        self.refused = np.zeros(len(CLASSES), np.int64)
        self.bytes = np.zeros(len(CLASSES), np.int64)
        self.guesses = [_FIRST_GUESS] * len(CLASSES)
        self.learn(measure(real.job(compressor), list(range(_SAMPLE)))[0])

    def asked(self) -> npt.NDArray[np.uint64]:
        """Take the contents asked for since the last call."""
        new, self.new = np.array(self.new, np.uint64), []
        return new

    def learn(self, table: LengthTable) -> None:
        """Take in lengths that were ordered, for the guesses to come.

        A guess is the mean length of the pages of a class; 0 where most of them are refused.
        """
        measured = table.length >= 0
        classes, lengths = (table.kind >> CLASS_SHIFT)[measured], table.length[measured]
        size = len(CLASSES)
        self.pages += np.bincount(classes, minlength=size)
        self.refused += np.bincount(classes[lengths == 0], minlength=size)
        self.bytes += np.bincount(classes, lengths, minlength=size).astype(np.int64)
        stored = self.pages - self.refused
        means = np.where(stored >= self.refused, self.bytes // np.maximum(stored, 1), 0)
        self.guesses = np.where(self.pages, means, _FIRST_GUESS).tolist()

    def guess(self, number: int) -> int:
        """Guess the length of a page of a class, by the class's number, in bytes; 0 for one that is refused."""
        return self.guesses[number]

    def same_filled(self, content: int) -> int:
        """Tell the kind of a page; one that is same-filled, or will be compressed at once, is known from then on."""
        at = self.known.find(content)
        if at >= 0:
            self.lengths.add(content, self.known.length_at(at), self.known.kind_at(at))
            return self.known.kind_at(at) & KIND_MASK
        kind_and_class = self.contents.kind_and_class(content)
        kind = kind_and_class & KIND_MASK
        if kind or self.at_once:
            self.new.append(content)
            self.lengths.add(content, self.guess(kind_and_class >> CLASS_SHIFT), kind)
        return kind

    def kind_and_class(self, content: int) -> int:
        """Return 0: a page whose length is guessed is not same-filled, and classes are not counted here."""
        return 0

    def count_same_filled(self, content: int) -> None:
        """Count nothing."""

    def zswap_compress(self, entry: int, content: int) -> int:
        """Give the length that is known, or a guess."""
        at = self.known.find(content)
        if at >= 0 and self.known.length_at(at) >= 0:
            return self.known.length_at(at)
        self.new.append(content)
        return self.guess(self.contents.kind_and_class(content) >> CLASS_SHIFT)

    def keep_raw(self, entry: int, content: int) -> None:
        """Keep nothing."""

    def zswap_decompress(self, entry: int, content: int) -> None:
        """Decompress nothing."""

    def free(self, entry: int) -> None:
        """Drop nothing: nothing is kept."""


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
        *,
        unasked: bool = False,
    ) -> None:
        """Take what the replay has; ``unasked`` has this give up where it costs more than it saves."""
        self.unasked = unasked
        self._seen = 0
        self._new = 0
        self._controls = 0
        self._window = _PATIENCE
        self.real = real
        self.guessed = guessed
        self.scout: Scout | None = scout
        self.workers = workers
        self.before = workers.spent

    @property
    def spent(self) -> Timing:
        """Time that the workers have spent on this replay."""
        both = zip(astuple(self.workers.spent), astuple(self.before), strict=True)
        return Timing(*(now - then for now, then in both))

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
                for table in self.workers.collect(order):
                    self.real.found(compressor, table)
                    self.guessed.guesses[compressor].learn(table)
                ordered -= order.size
            yield batch

    def _look_at(self, batch: Batch, left: int) -> list[tuple[str, Order]]:
        """Replay a batch ahead, and order what was stored and is not known."""
        if self.unasked:
            self._controls += len(batch.controls)
            if self._controls > _MOST_CONTROLS and 2 * self._controls > batch.first_row + len(batch):
                self.scout = None  # memcg events cost more than accesses, and nothing is compressed in them
        if self.scout is None or not self.workers.works or left <= 0:
            return []
        try:
            self.scout.take(batch, min(len(batch), left))
        except ZswapReplayError:
            self.scout = None  # the replay will meet the fault itself, and say what it is
        asked = self.guessed.asked()
        if self.unasked:
            self._weigh(len(batch), sum(len(contents) for _, contents in asked))
        return [
            (compressor, self.workers.order(self.real.job(compressor), contents))
            for compressor, contents in asked
        ]

    def _weigh(self, events: int, new: int) -> None:
        """Give up where too few of the contents that were stored lately are new: the others' lengths are known."""
        self._seen += events
        self._new += new
        self._window = min(self._window, self._seen + _WINDOW) if self._new else self._window
        if self._seen >= self._window:
            if self._new < _WORTH_CONTENTS:
                self.scout = None
            self._seen, self._new, self._window = 0, 0, _WINDOW
