"""The 4096 bytes of a page, made from 64 bits: one word repeated, or a slice of a corpus.

The bits choose where the slice begins. Its first 16 bytes are replaced by a header made of all 64 bits, so that
different bits give different pages.
"""

from __future__ import annotations

from typing import Final

import cython

from zswap_replay.units import PAGE_SIZE

CORPUS_SIZE: Final = 1 << 20
"""Bytes of a corpus in which a page can begin; the corpus is one page longer."""

ZERO_PAGE: Final = bytes(PAGE_SIZE)

# An odd multiplier: it mixes the bits that chose the class into those that choose the slice.
ODD = cython.declare(cython.ulonglong, 0xD6E8FEB86659FD93)
MASK64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
PAGE = cython.declare(cython.Py_ssize_t, PAGE_SIZE)
HEADER = cython.declare(cython.Py_ssize_t, 16)
CORPUS = cython.declare(cython.Py_ssize_t, CORPUS_SIZE)


def same_filled_word(bits: cython.ulonglong) -> cython.ulonglong:
    """Return the word, never 0, that fills a page of class `same-filled`."""
    return (bits * ODD) & MASK64 | 1


def same_filled_page(word: cython.ulonglong) -> bytes:
    """Return a page of 4096 bytes filled with one 8-byte word, little-endian."""
    return word.to_bytes(8, "little") * (PAGE_SIZE // 8)


def start_of(corpus: bytes, bits: cython.ulonglong) -> cython.Py_ssize_t:
    """Return the offset in `corpus` at which the page of `bits` begins, a multiple of 8.

    Raises ValueError: the corpus is shorter than CORPUS_SIZE and a page.
    """
    if len(corpus) < CORPUS + PAGE:
        raise ValueError(f"{len(corpus)} bytes of a corpus; it has {CORPUS_SIZE + PAGE_SIZE}")
    return ((bits * ODD) & MASK64) >> 44 & ~7  # words stay aligned


def corpus_page(corpus: bytes, bits: cython.ulonglong) -> bytes:
    """Make the page of `bits`: a header of 16 bytes, then a slice of `corpus` that `bits` choose.

    Raises ValueError: the corpus is shorter than CORPUS_SIZE and a page.
    """
    start: cython.Py_ssize_t = start_of(corpus, bits)
    more: cython.ulonglong = (bits * ODD) & MASK64
    page: bytes
    if cython.compiled:
        # One copy: nothing else refers to the new bytes yet, so the header can be written over the first of them.
        text: cython.p_char = corpus
        page = text[start : start + PAGE]
        head: cython.p_char = page
        i: cython.int
        for i in range(8):
            head[i] = (bits >> 8 * i) & 0xFF
            head[8 + i] = (more >> 8 * i) & 0xFF
    else:
        page = (more << 64 | bits).to_bytes(HEADER, "little") + corpus[start + HEADER : start + PAGE]
    return page


def is_corpus_page(page: bytes, corpus: bytes, bits: cython.ulonglong) -> cython.bint:
    """Tell whether `page` is what `corpus_page` makes; compiled, without making it.

    Raises ValueError: the corpus is shorter than CORPUS_SIZE and a page.
    """
    if len(page) != PAGE:
        return False
    same: cython.bint
    if cython.compiled:
        text: cython.p_uchar = corpus
        mine: cython.p_uchar = page
        start: cython.Py_ssize_t = start_of(corpus, bits)
        more: cython.ulonglong = (bits * ODD) & MASK64
        i: cython.Py_ssize_t
        differs: cython.uchar = 0
        for i in range(8):
            differs |= mine[i] ^ ((bits >> 8 * i) & 0xFF)
            differs |= mine[8 + i] ^ ((more >> 8 * i) & 0xFF)
        for i in range(HEADER, PAGE):
            differs |= mine[i] ^ text[start + i]
        same = differs == 0
    else:
        same = page == corpus_page(corpus, bits)
    return same
