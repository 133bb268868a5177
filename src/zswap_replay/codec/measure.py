# cython: boundscheck=True, wraparound=True
"""Lengths of contents: each page is made, compressed, and at once compared with what comes back of it."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

import cython
import numpy as np

from zswap_replay.codec.contents import Timing, Verify, is_compared, kind_and_class
from zswap_replay.codec.length_table import UNMEASURED, LengthTable
from zswap_replay.errors import CodecError
from zswap_replay.lib.wanted import Answers

if not cython.compiled:  # compiled, they are C constants of the .pxd
    from zswap_replay.lib.length_index import KIND_MASK

    MISMATCH = -2
    """In place of a length: the page did not come back as it was, and its bytes are to be kept."""

if TYPE_CHECKING:
    import numpy.typing as npt

    from zswap_replay.codec.base import Codec
    from zswap_replay.lib.columns import Column
    from zswap_replay.payload.source import PageSource


class Measure:
    """A payload and a compressor, with which contents are measured one by one.

    One page at a time, as its bytes are then in the processor's caches until it has been compared.
    """

    def __init__(self, source: PageSource, codec: Codec, verify: Verify) -> None:
        """Take what makes pages, what compresses them, and which of them are compared."""
        self._page = source.page
        self._class_of = source.class_of
        self._fill = source.same_filled
        self._compress = codec.compress
        self._decompress = codec.decompress
        self._verify = verify
        self._compares_all = verify == "all"
        self._payload_ns = 0
        self._compress_ns = 0
        self._decompress_ns = 0
        self._compress_calls = 0
        self._decompress_calls = 0

    def length_of(self, content: cython.ulonglong) -> cython.int:
        """Return the length of a content; 0: the compressor refuses it; MISMATCH: its page does not come back."""
        start: cython.longlong = perf_counter_ns()
        page = self._page(content)
        made: cython.longlong = perf_counter_ns()
        data = self._compress(page)
        packed: cython.longlong = perf_counter_ns()
        self._payload_ns += made - start
        self._compress_ns += packed - made
        self._compress_calls += 1
        if data is None:
            return 0
        length: cython.int = len(data)
        # what does not decompress is a mismatch whatever is compared, as where each load decompresses
        try:
            back = self._decompress(data)
        except CodecError:
            return MISMATCH
        if (self._compares_all or is_compared(content, self._verify)) and back != page:
            length = MISMATCH
        self._decompress_ns += perf_counter_ns() - packed
        self._decompress_calls += 1
        return length

    def table(self, contents: npt.NDArray[np.uint64], wanted: int) -> LengthTable:
        """Measure contents; ``wanted`` is as in fill().

        A page that does not come back as it was is left out, for the replay to meet it where it is loaded.
        """
        number = len(contents)
        lengths, found = np.empty(number, np.int32), np.empty(number, np.uint8)
        self.fill(contents.data, lengths.data, found.data, wanted)
        whole = lengths != MISMATCH
        if whole.all():
            return LengthTable(contents, lengths, found)
        return LengthTable(contents[whole], lengths[whole], found[whole])

    def fill(self, contents: Column, lengths: Column, kinds: Column, wanted: cython.int) -> None:
        """Fill in lengths and kinds of contents; ``wanted`` has a bit for each kind whose length is found."""
        kind: cython.int
        index: cython.Py_ssize_t
        for index in range(len(contents)):
            kind = kind_and_class(self._fill(contents[index]), self._class_of(contents[index]))
            kinds[index] = kind
            lengths[index] = UNMEASURED
            if wanted >> (kind & KIND_MASK) & 1:
                lengths[index] = self.length_of(contents[index])

    def answer(self, answers: Answers, job: cython.int, wanted: cython.int) -> None:
        """Measure what other processes want of a job, until they want nothing of it; ``wanted`` is as in fill().

        A page that does not come back as it was has no answer.
        """
        kind: cython.int
        length: cython.int
        while not answers.is_stopped() and answers.next_job() == job:
            content: cython.ulonglong = answers.content
            kind = kind_and_class(self._fill(content), self._class_of(content))
            length = UNMEASURED
            if wanted >> (kind & KIND_MASK) & 1:
                length = self.length_of(content)
            if length == MISMATCH:
                answers.skip()
            else:
                answers.answer(job, length, kind)

    @property
    def timing(self) -> Timing:
        """Time spent so far; no counter depends on it."""
        return Timing(
            self._payload_ns,
            self._compress_ns,
            self._decompress_ns,
            self._compress_calls,
            self._decompress_calls,
        )
