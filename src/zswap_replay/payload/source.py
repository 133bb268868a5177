# cython: boundscheck=True, wraparound=True
"""Page sources: what gives the 4096 bytes of a content id, by a recipe or from a file."""

from __future__ import annotations

import mmap
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

import cython

from zswap_replay.errors import SettingsError
from zswap_replay.lib.splitmix import MASK, mix64
from zswap_replay.payload.classes import OTHER, SAME_FILLED, ZERO, corpus
from zswap_replay.payload.slices import (
    ZERO_PAGE,
    corpus_page,
    is_corpus_page,
    same_filled_page,
    same_filled_word,
)
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from zswap_replay.payload.recipe import ClassShare, Recipe

DERIVED: Final = 1 << 63
"""The bit of a content id that the replay derived itself; bits 56 to 62 are then the memcg's group."""

GROUP_SHIFT: Final = 56
"""The place of the memcg's group in a derived content id."""

# The same as C integers.
SHIFT = cython.declare(cython.int, GROUP_SHIFT)
FIRST_GROUP = cython.declare(cython.ulonglong, DERIVED >> GROUP_SHIFT)

# The lowest bits drawn for a content tell whether it is a duplicate, those above them of which page.
TWIN_BITS = cython.declare(cython.int, 20)
TWIN_DRAWS = cython.declare(cython.ulonglong, (1 << 20) - 1)


class PageSource(Protocol):
    """The source of pages' bytes. The same content id always gives the same bytes."""

    def page(self, content: int) -> bytes:
        """Return the 4096 bytes of a content."""

    def same_filled(self, content: int) -> int | None:
        """Return the little-endian 8-byte word that fills the page, 0 for a zero page; None where none fills it."""

    def class_of(self, content: int) -> str:
        """Return the name of the content's page class."""


class _Maker:
    """One part of a mix: its class, and the bound (exclusive) of the draws of 32 bits that choose it."""

    def __init__(self, share: ClassShare, bound: cython.ulonglong) -> None:
        self.name = share.name
        self.zero = share.name == ZERO
        self.sliced = share.name not in (ZERO, SAME_FILLED)
        self._spread = share.spread
        self._corpus: bytes | None = None
        self.bound = bound
        fewest, most = share.filled
        self.whole = fewest >= PAGE_SIZE
        self.fewest = fewest
        self.amounts = most - fewest + 1

    def corpus(self) -> bytes:
        """Return the corpus that pages are slices of; it is made when the first page is."""
        if self._corpus is None:
            self._corpus = corpus(self.name, *self._spread)
        return self._corpus


def _makers(classes: tuple[ClassShare, ...]) -> list[_Maker]:
    """Prepare the classes of one mix, each with the upper bound, exclusive, of its draws out of 2^32."""
    shares = [share for share in classes if share.share > 0]
    bounds = [round(end * 2**32) for end in accumulate(share.share for share in shares)]
    # Shares add up to 1 only nearly: the last class takes the draws that are left.
    bounds[-1] = 2**32
    return [_Maker(share, bound) for share, bound in zip(shares, bounds, strict=True)]


class GeneratedPages:
    """Pages made by a recipe: a function of (recipe, seed, content id) alone.

    A content id with bit 63 set has in bits 56 to 62 the group of its memcg (`Recipe.group`), whose mix it
    follows; any other id, and a group that the recipe does not have, follows the mix of group 0.
    """

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self._mixes = [_makers(recipe.classes), *(_makers(override.classes) for override in recipe.overrides)]
        self._groups = len(self._mixes)
        self._key = mix64(seed & MASK)
        self._twin_key = mix64(self._key ^ MASK)
        self._twin_share = round(recipe.duplicates.share * 2**20)
        self._twins = min(recipe.duplicates.working_set, 1 << 64 - 20)  # only 44 bits are left to choose by
        # The last content is remembered: its word, bytes and class are asked for in turn.
        self._content = 0
        self._find()

    def page(self, content: cython.ulonglong) -> bytes:
        """Make the 4096 bytes of a content."""
        maker: _Maker = self._maker_of(content)
        if maker.sliced:
            page = corpus_page(maker.corpus(), self._bits)
            return page if maker.whole else self._cut(page, maker)
        return ZERO_PAGE if maker.zero else same_filled_page(same_filled_word(self._bits))

    def same_filled(self, content: cython.ulonglong) -> int | None:
        """Return the word that fills the page, or None; the page is not made."""
        maker: _Maker = self._maker_of(content)
        if maker.sliced:
            return None
        return 0 if maker.zero else same_filled_word(self._bits)

    def class_of(self, content: cython.ulonglong) -> str:
        """Return the content's class, as the recipe names it."""
        return self._maker_of(content).name

    def holds(self, content: cython.ulonglong, page: bytes) -> cython.bint:
        """Tell whether `page` holds the bytes of a content."""
        maker: _Maker = self._maker_of(content)
        if maker.sliced and maker.whole:
            return is_corpus_page(page, maker.corpus(), self._bits)
        return page == self.page(content)

    def _cut(self, page: bytes, maker: _Maker) -> bytes:
        """Keep the number of bytes of a page that its bits draw, and put zeros behind them."""
        filled = maker.fewest + ((mix64(self._bits) >> 32) * maker.amounts >> 32)
        return page[:filled] + ZERO_PAGE[filled:]

    def _maker_of(self, content: cython.ulonglong) -> _Maker:
        if content != self._content:
            self._content = content
            self._find()
        return self._maker

    def _find(self) -> None:
        """Draw the 64 bits and the class of `_content`, from its group, the seed and the share of duplicates."""
        group: cython.ulonglong = self._content >> SHIFT
        group = group - FIRST_GROUP if FIRST_GROUP < group < FIRST_GROUP + self._groups else 0
        bits: cython.ulonglong = mix64(self._content ^ self._key)
        if bits & TWIN_DRAWS < self._twin_share:
            bits = mix64((bits >> TWIN_BITS) % self._twins ^ self._twin_key)
        draw: cython.ulonglong = bits >> 32
        makers: list[_Maker] = self._mixes[group]
        maker: _Maker = makers[0]
        at: cython.Py_ssize_t = 0
        while draw >= maker.bound:
            at += 1
            maker = makers[at]
        self._bits = bits
        self._maker = maker


class FilePages:
    """Pages of a file: content id i is its i-th 4096 bytes, from 0; the last page may lack bytes, which are zeros.

    A content id past the end, as that of derived content is, has the page that a hash of it picks.

    Raises SettingsError: the file cannot be read, or is empty.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2)
                if size == 0:
                    raise SettingsError(f"{path}: found an empty file; expected pages of {PAGE_SIZE} bytes")
                self._bytes = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from error
        self._pages = (size + PAGE_SIZE - 1) // PAGE_SIZE
        # The last page is remembered: its word, bytes and class are asked for in turn.
        self._content = -1
        self._page = b""

    def count(self) -> int:
        """Return the number of pages of the file."""
        return self._pages

    def page(self, content: int) -> bytes:
        """Read the 4096 bytes of a content."""
        if content != self._content:
            start = (content if content < self._pages else mix64(content) % self._pages) * PAGE_SIZE
            page = self._bytes[start : start + PAGE_SIZE]
            self._page = page if len(page) == PAGE_SIZE else page.ljust(PAGE_SIZE, b"\0")
            self._content = content
        return self._page

    def same_filled(self, content: int) -> int | None:
        """Return the little-endian 8-byte word that fills the page, or None."""
        page = self.page(content)
        # In nearly every other page the last word differs from the first: the kernel compares these two first as well.
        if page[:8] != page[-8:] or page[8:] != page[:-8]:
            return None
        return int.from_bytes(page[:8], "little")

    def class_of(self, content: int) -> str:
        """Return ``zero``, ``same-filled`` or ``other``, by the page's bytes."""
        word = self.same_filled(content)
        if word is None:
            return OTHER
        return ZERO if word == 0 else SAME_FILLED
