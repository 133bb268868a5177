"""Contents of guessed lengths, for a machine that runs ahead of the one whose lengths are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython
import numpy as np

from zswap_replay.codec.contents import CLASSES, Contents
from zswap_replay.lib.length_index import Lengths

if not cython.compiled:  # compiled, they are C constants of the .pxd
    from zswap_replay.lib.length_index import CLASS_SHIFT, KIND_MASK

    FIRST_GUESS = 1600
    """Bytes that a page is taken to be compressed to where no length of its class is known."""

if TYPE_CHECKING:
    import numpy.typing as npt

    from zswap_replay.codec.length_table import LengthTable


class Guesses:
    """Contents of guessed lengths: each one asked for is noted, and has the length that its class leads to expect."""

    def __init__(self, contents: Contents, known: Lengths, at_once: cython.bint) -> None:
        """Take ``contents``, which tell classes, and ``known``, the lengths that need no guess.

        ``at_once``: a page whose kind is asked for goes on to the compressor, so that one question is enough.
        """
        self.contents = contents
        self.known = known
        self.lengths = Lengths()
        self.new: list[int] = []
        self.at_once = at_once
        # by payload class: pages whose length is known, those that were refused, and the bytes of the others
        self.pages = np.zeros(len(CLASSES), np.int64)
        self.refused = np.zeros(len(CLASSES), np.int64)
        self.bytes = np.zeros(len(CLASSES), np.int64)
        self.guesses = [FIRST_GUESS] * len(CLASSES)

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
        self.guesses = np.where(self.pages, means, FIRST_GUESS).tolist()

    def same_filled(self, content: cython.ulonglong) -> int:
        """Tell the kind of a page; one that is same-filled, or will be compressed at once, is known from then on."""
        kind: cython.int
        at: cython.longlong = self.known.find(content)
        if at >= 0:
            kind = self.known.kind_at(at)
            self.lengths.add(content, self.known.length_at(at), kind)
            return kind & KIND_MASK
        kind_and_class: cython.int = self.contents.kind_and_class(content)
        kind = kind_and_class & KIND_MASK
        if kind or self.at_once:
            self.new.append(content)
            self.lengths.add(content, self.guesses[kind_and_class >> CLASS_SHIFT], kind)
        return kind

    def kind_and_class(self, content: int) -> int:
        """Return 0: a page whose length is guessed is not same-filled, and classes are not counted here."""
        return 0

    def count_same_filled(self, content: int) -> None:
        """Count nothing."""

    def zswap_compress(self, entry: int, content: cython.ulonglong) -> int:
        """Give the length that is known, or a guess."""
        at: cython.longlong = self.known.find(content)
        if at >= 0 and self.known.length_at(at) >= 0:
            return self.known.length_at(at)
        self.new.append(content)
        kind_and_class: cython.int = self.contents.kind_and_class(content)
        length: int = self.guesses[kind_and_class >> CLASS_SHIFT]
        return length

    def keep_raw(self, entry: int, content: int) -> None:
        """Keep nothing."""

    def zswap_decompress(self, entry: int, content: int) -> None:
        """Decompress nothing."""

    def free(self, entry: int) -> None:
        """Drop nothing: nothing is kept."""
