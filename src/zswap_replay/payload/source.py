"""Page sources: from a content id to the 4096 bytes that it stands for."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

from zswap_replay.errors import SettingsError
from zswap_replay.payload.classes import (
    OTHER,
    SAME_FILLED,
    ZERO,
    ZERO_PAGE,
    corpus,
    corpus_page,
    same_filled_page,
    same_filled_word,
)
from zswap_replay.payload.mixing import MASK, mix
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from zswap_replay.payload.recipe import ClassShare, Recipe

DERIVED: Final = 1 << 63
"""Bit of a content id that the replay made itself; bits 56 to 62 are then the group of the memcg."""

GROUP_SHIFT: Final = 56


class PageSource(Protocol):
    """Where the bytes of pages come from. The same content id always gives the same bytes."""

    def page(self, content: int) -> bytes:
        """The 4096 bytes of a content."""

    def same_filled(self, content: int) -> int | None:
        """The little-endian 8-byte word that fills the page, 0 for a zero page, or None."""

    def class_of(self, content: int) -> str:
        """The name of the page class."""


class _Maker:
    """One class of a mix, ready to make pages."""

    __slots__ = ("corpus", "name")

    def __init__(self, share: ClassShare) -> None:
        self.name = share.name
        self.corpus = b"" if share.name in (ZERO, SAME_FILLED) else corpus(share.name, *share.spread)


class _Mix:
    """The classes of one group and where each begins among 2^32 equal draws."""

    __slots__ = ("bounds", "makers")

    def __init__(self, classes: tuple[ClassShare, ...]) -> None:
        self.makers = [_Maker(share) for share in classes if share.share > 0]
        ends = accumulate(share.share for share in classes if share.share > 0)
        # The last bound is left out, so that rounding cannot leave a draw without a class.
        self.bounds = [round(end * 2**32) for end in ends][:-1]


class GeneratedPages:
    """Pages made by a recipe: a function of (recipe, seed, content id) alone.

    A content id with bit 63 set names in bits 56 to 62 the group of its memcg (`Recipe.group`), whose mix it
    follows; any other id, and a group that the recipe does not have, follows the mix of group 0.
    """

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self._mixes = [_Mix(recipe.classes), *(_Mix(override.classes) for override in recipe.overrides)]
        self._key = mix(seed & MASK)
        self._twin_key = mix(self._key ^ MASK)
        self._twin_share = round(recipe.duplicates.share * 2**20)
        self._twins = recipe.duplicates.working_set
        # Asking for the word, the bytes and the class of one content in turn costs one look-up.
        self._content = -1
        self._bits = 0
        self._maker = self._mixes[0].makers[0]

    def page(self, content: int) -> bytes:
        """The 4096 bytes of a content."""
        maker = self._maker if content == self._content else self._find(content)
        if maker.corpus:
            return corpus_page(maker.corpus, self._bits)
        return ZERO_PAGE if maker.name == ZERO else same_filled_page(same_filled_word(self._bits))

    def same_filled(self, content: int) -> int | None:
        """The word that fills the page, or None. No page is made."""
        maker = self._maker if content == self._content else self._find(content)
        if maker.corpus:
            return None
        return 0 if maker.name == ZERO else same_filled_word(self._bits)

    def class_of(self, content: int) -> str:
        """The class, as the recipe names it."""
        return (self._maker if content == self._content else self._find(content)).name

    def _find(self, content: int) -> _Maker:
        group = (content >> GROUP_SHIFT) - (DERIVED >> GROUP_SHIFT)
        mixes = self._mixes
        chosen = mixes[group] if 0 < group < len(mixes) else mixes[0]
        bits = mix(content ^ self._key)
        if bits & 0xFFFFF < self._twin_share:
            bits = mix((bits >> 20) % self._twins ^ self._twin_key)
        maker = chosen.makers[bisect_right(chosen.bounds, bits >> 32)]
        self._content, self._bits, self._maker = content, bits, maker
        return maker


class FilePages:
    """Pages of a file: content id i is its i-th 4096 bytes.

    Raises SettingsError: the file cannot be read, is empty or is not whole pages; a content id past its end.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2)
                if size == 0 or size % PAGE_SIZE:
                    raise SettingsError(
                        f"{path}: {size} bytes are not one or more whole pages of {PAGE_SIZE}"
                    )
                self._bytes = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror}") from error
        self._pages = size // PAGE_SIZE

    def page(self, content: int) -> bytes:
        """The 4096 bytes of a content."""
        if not 0 <= content < self._pages:
            raise SettingsError(
                f"{self._path}: content id {content} is past the end; the file has {self._pages} pages"
            )
        start = content * PAGE_SIZE
        return self._bytes[start : start + PAGE_SIZE]

    def same_filled(self, content: int) -> int | None:
        """The word that fills the page, or None."""
        page = self.page(content)
        # The last word differs from the first in nearly every other page; the kernel looks there first too.
        if page[:8] != page[-8:] or page[8:] != page[:-8]:
            return None
        return int.from_bytes(page[:8], "little")

    def class_of(self, content: int) -> str:
        """`zero`, `same-filled` or `other`, found by looking."""
        word = self.same_filled(content)
        if word is None:
            return OTHER
        return ZERO if word == 0 else SAME_FILLED
