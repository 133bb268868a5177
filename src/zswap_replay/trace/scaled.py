"""Sizes in a sample of a trace, which has a share of the pages, and in the whole."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from zswap_replay.trace.events import MEMCG_KNOBS
from zswap_replay.units import PAGE_SIZE, UNLIMITED, parse_limit, parse_size

SIZES: Final = tuple(key for key, parser in MEMCG_KNOBS.items() if parser in (parse_limit, parse_size))
"""The knobs of a memcg that hold bytes, which a sample has fewer of."""


def scaled_size(size: int, rate: Fraction) -> int:
    """Return the bytes of a limit in a sample: a share of it in whole pages, the nearest, and one where it is not 0.

    >>> scaled_size(64 << 20, Fraction(1, 10)) // 4096
    1638
    """
    if size in (UNLIMITED, 0):
        return size
    return max(1, int(size * rate / PAGE_SIZE + Fraction(1, 2))) * PAGE_SIZE


def whole_size(size: int, rate: Fraction | None) -> int:
    """Return the bytes, in whole pages, that `size` bytes of a sample stand for; as they are, where it is none."""
    if rate is None or size == UNLIMITED:
        return size
    return int(size / rate / PAGE_SIZE + Fraction(1, 2)) * PAGE_SIZE
