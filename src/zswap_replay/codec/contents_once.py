# cython: boundscheck=True, wraparound=True
"""Contents that are compressed once: what comes back of a page is compared when it is first stored, and not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

from zswap_replay.codec.contents import Contents, Timing, Verify, kind_and_class, kind_of
from zswap_replay.codec.measure import Measure
from zswap_replay.lib.length_index import NORMAL, Lengths
from zswap_replay.units import PAGE_SIZE

if not cython.compiled:  # compiled, it is a C constant of the .pxd
    from zswap_replay.codec.measure import MISMATCH

if TYPE_CHECKING:
    from zswap_replay.codec.base import Codec
    from zswap_replay.payload.source import PageSource


class ContentsOnce(Contents):
    """Contents of which the lengths are kept, and the bytes of those alone that did not come back as they were.

    These the replay meets where they are loaded, as it would by Contents. All others cost no memory, and no load
    decompresses them again.
    """

    def __init__(
        self, source: PageSource, codec: Codec, verify: Verify, found: Lengths, at_once: cython.bint
    ) -> None:
        """Take ``found``, where lengths are noted.

        ``at_once``: a page whose kind is asked for goes on to the compressor, so that its length is found then. A model
        that looks lengths up in ``found`` then never asks for it.
        """
        super().__init__(source, codec, verify)
        self._measure = Measure(source, codec, verify)
        self._found = found
        self._at_once = at_once

    def same_filled(self, content: cython.ulonglong) -> int:
        """Tell whether one word fills the page, as Contents does."""
        kind = kind_of(self._fill(content))
        if self._at_once and kind == NORMAL:
            self._length_of(content)
        return kind

    def zswap_compress(self, entry: cython.Py_ssize_t, content: cython.ulonglong) -> int:
        """Find the length of a content, 1 to 4096 bytes; 0: the compressor refuses the page.

        Nothing is kept under ``entry``, but of a page that does not come back as it was.
        """
        length: cython.int = self._length_of(content)
        if length < 0:
            kept: int = super().zswap_compress(entry, content)
            return kept
        self._count(self._class_of(content), length)
        return length

    def keep_raw(self, entry: cython.Py_ssize_t, content: cython.ulonglong) -> None:
        """Count a page that is kept as it is: there is nothing to compare."""
        self._count(self._class_of(content), PAGE_SIZE)

    def zswap_decompress(self, entry: cython.Py_ssize_t, content: cython.ulonglong) -> None:
        """Decompress and compare what is kept under ``entry``, if anything is: all else was compared before."""
        if self._keeps(entry):
            super().zswap_decompress(entry, content)

    def free(self, entry: cython.Py_ssize_t) -> None:
        """Drop what is kept under ``entry``, if anything is."""
        if self._keeps(entry):
            super().free(entry)

    @property
    def timing(self) -> Timing:
        """Time spent so far, on pages that are kept too."""
        return super().timing + self._measure.timing

    def _length_of(self, content: cython.ulonglong) -> cython.int:
        """Return the length of a content, found now or before; MISMATCH where its bytes must be kept."""
        at: cython.longlong = self._found.find(content)
        length: cython.int
        if at >= 0:
            length = self._found.length_at(at)
            return length if length >= 0 else MISMATCH
        length = self._measure.length_of(content)
        if length >= 0:
            self._found.add(content, length, kind_and_class(self._fill(content), self._class_of(content)))
        return length

    def _keeps(self, entry: cython.Py_ssize_t) -> cython.bint:
        return entry < len(self._kept) and self._kept[entry] is not None
