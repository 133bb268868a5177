"""Parts of recipes that a fit chooses from, and the lengths of their pages under some compressors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.base import Codec
from zswap_replay.payload.recipe import WHOLE_PAGE, ClassShare, Recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

Lengths = dict[str, npt.NDArray[np.int32]]
"""By compressor, a length for each page; 0 where it is refused."""

_SPREADS: Final = ((0, 64), (64, 256), (256, 512), (512, 1024))
_EDGES: Final = (
    *(16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1792, 2048),
    *(2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096),
)
_NARROWEST: Final = 4
"""Bytes of the narrowest range."""
_NOISY: Final = "random"
_MIXED: Final = ("text", "json", "pointers", "integers", "code", "counters", "digits")
_HALVES: Final = "half-zero"


def candidates() -> list[ClassShare]:
    """List the parts that a mixture may have: classes by their noise, and by the bytes of a page that are filled."""
    bands = [WHOLE_PAGE, *pairwise(_EDGES)]
    found = [ClassShare(_HALVES, 1.0), *(ClassShare(_NOISY, 1.0, filled=band) for band in bands)]
    for name in _MIXED:
        found += [ClassShare(name, 1.0, (0, 0), WHOLE_PAGE)]
        found += [
            ClassShare(name, 1.0, spread, band)
            for spread in _SPREADS
            # of a page with little in it noise is what noise alone gives
            for band in bands
            if band[0] > 2 * spread[1] or spread == _SPREADS[0]
        ]
    return found


def narrower(part: ClassShare) -> list[ClassShare]:
    """List a part and those with a fraction of its ranges, for measured pages that are more alike than its own."""
    spreads, bands = ({whole, *_quarters(*whole)} for whole in (part.spread, part.filled))
    return [ClassShare(part.name, 1.0, spread, band) for spread in sorted(spreads) for band in sorted(bands)]


def _quarters(least: int, most: int) -> list[tuple[int, int]]:
    step = (most - least) // 4
    return [(least + at * step, least + (at + 1) * step) for at in range(4)] if step >= _NARROWEST else []


def lengths_of(
    part: ClassShare,
    codecs: Sequence[Codec],
    pages: int,
    seed: int,
    told: Callable[[int], None] = lambda _pages: None,
) -> Lengths:
    """Make pages of one part, and find their lengths; ``told`` is told their number afterwards."""
    whole = ClassShare(part.name, 1.0, part.spread, part.filled)
    source = GeneratedPages(Recipe("part", (whole,)), seed)
    made = [source.page(content) for content in range(pages)]
    found = {
        codec.name: np.array([len(codec.compress(page) or b"") for page in made], np.int32)
        for codec in codecs
    }
    told(pages)
    return found


def full_length(lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return lengths in which a refused page has one more byte than any other can have, for distributions."""
    return np.where(lengths > 0, lengths, PAGE_SIZE + 1).astype(np.int32)
