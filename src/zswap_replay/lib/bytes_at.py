"""Words and runs of bytes inside a page, wherever they begin: loads, counts and copies of the page compressors.

Compiled, these are a few instructions of C each (the .pxd): what lies outside the bytes given is not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if TYPE_CHECKING:
    from collections.abc import MutableSequence

    # In C these are pointers, as the .pxd files say.
    Source = bytes
    Target = bytearray
    Table = MutableSequence[int]

if not cython.compiled:

    def load32(data: Source, at: int) -> int:
        """Read a little-endian word of 4 bytes at an offset of any alignment."""
        return int.from_bytes(data[at : at + 4], "little")

    def load64(data: Source, at: int) -> int:
        """Read a little-endian word of 8 bytes at an offset of any alignment."""
        return int.from_bytes(data[at : at + 8], "little")

    def low_zero_bytes(word: int) -> int:
        """Count the zero bytes of a word, which is not 0, from its first byte on."""
        return ((word & -word).bit_length() - 1) >> 3

    def hash32(word: int, factor: int, bits: int) -> int:
        """Hash a word of 4 bytes to a number of some bits: the upper ones of its product, as far as 4 bytes hold it."""
        return (word * factor & 0xFFFFFFFF) >> 32 - bits

    def copy_roughly(to: Target, at: int, source: Source, start: int, count: int) -> None:
        """Copy bytes; compiled, up to 7 more are read and written behind them, which the caller has room for."""
        to[at : at + count] = source[start : start + count]

    def copy_exactly(to: Target, at: int, source: Source, start: int, count: int) -> None:
        """Copy bytes, and none beside them."""
        to[at : at + count] = source[start : start + count]

    def copy_back(out: Target, at: int, distance: int, count: int) -> None:
        """Write bytes again that stand some way before; they may run into what is written.

        Compiled, up to 7 more are written behind them, which the caller has room for.
        """
        for place in range(at, at + count):
            out[place] = out[place - distance]

    def put_zeros(out: Target, at: int, count: int) -> None:
        """Write zero bytes."""
        out[at : at + count] = bytes(count)

    def taken(data: Target, count: int) -> bytes:
        """Return the first bytes as an object of their own."""
        return bytes(data[:count])

    def clear(table: Table, entries: int) -> None:
        """Set the first entries of a table to 0."""
        for at in range(entries):
            table[at] = 0
