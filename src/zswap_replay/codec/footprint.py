"""What an object takes of a zsmalloc pool once its class is well filled: the long-run mean, not a pool."""

from __future__ import annotations

from bisect import bisect_left
from functools import cache

from zswap_replay.units import PAGE_SIZE

_HANDLE = 8
_CLASS_STEP = 16
_LEAST_CLASS = 32
_LONGEST_CHAIN = 8


def footprint(length: int) -> float:
    """Return the mean bytes of pool that a compressed page of `length` bytes (1 to 4096) takes up in zsmalloc.

    >>> footprint(2082)  # 15 objects share 8 pages
    2184.5333333333333
    """
    sizes, means = _classes()
    return means[bisect_left(sizes, min(length + _HANDLE, PAGE_SIZE))]


@cache
def _classes() -> tuple[list[int], list[float]]:
    """Return the largest object and mean bytes an object of every size class; classes of equal shape share the mean."""
    sizes = list(range(_LEAST_CLASS, PAGE_SIZE + 1, _CLASS_STEP))
    means = []
    for size in sizes:
        chain = _chain(size)
        means.append(chain * PAGE_SIZE / (chain * PAGE_SIZE // size))
    return sizes, means


def _chain(size: int) -> int:
    """Choose the pages of a zspage. Models calculate_zspage_chain_size(), mm/zsmalloc.c."""
    if size & (size - 1) == 0:
        return 1
    return min(range(1, _LONGEST_CHAIN + 1), key=lambda pages: pages * PAGE_SIZE % size)
