"""lz4 and lz4hc, as lib/lz4 of the kernel has them: its compressors are in lib, and liblz4 opens their blocks."""

from __future__ import annotations

import cython
import lz4
import lz4.block

from zswap_replay.codec.base import COMPRESSORS
from zswap_replay.codec.first_use import try_once
from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

if not cython.compiled:
    from zswap_replay.lib.bytes_at import taken
    from zswap_replay.lib.lz4_compress import OUT, TABLE, lz4_compress_fast
    from zswap_replay.lib.lz4hc_compress import Lz4hcState

PAGE = cython.declare(cython.Py_ssize_t, PAGE_SIZE)

# Looked up once. Arguments are given by position, for a keyword costs a call 0.2 us.
_decompress_block = lz4.block.decompress


class _Blocks:
    """What lz4 and lz4hc share: the stored form is an LZ4 block."""

    def __init__(self, name: str) -> None:
        self.name = name
        if not cython.compiled:
            self._out = bytearray(OUT)

    def decompress(self, data: bytes) -> bytes:
        """Return the page of an LZ4 block. Raises CodecError: not one."""
        try:
            return _decompress_block(data, PAGE_SIZE)
        except (lz4.block.LZ4BlockError, ValueError) as error:
            raise CodecError(f"{self.name}: {error}") from error

    def versions(self) -> dict[str, str]:
        """Return the revision of the compressors, and the version of the liblz4 that opens what they made."""
        return {
            "lz4": f"lib/lz4, revision {COMPRESSORS['lz4'].revision}",
            "liblz4": lz4.library_version_string(),
        }

    def deviation(self) -> str | None:
        """Return None: the lengths are the kernel's."""
        return None


class Lz4(_Blocks):
    """lz4 with an acceleration; the kernel's is 1."""

    kernel_name = "lz4"

    def __init__(self, name: str, acceleration: int) -> None:
        super().__init__(name)
        self._acceleration = acceleration
        if not cython.compiled:
            self._table = [0] * TABLE
        try_once(self)

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZ4 block, or None where it would not fit a page. Raises ValueError: not 4096 bytes."""
        if len(page) != PAGE:
            raise ValueError(f"{len(page)} bytes; a page has {PAGE}")
        text: cython.p_uchar = page
        length: cython.Py_ssize_t
        with cython.nogil:
            length = lz4_compress_fast(text, self._out, self._acceleration, self._table)
        return taken(self._out, length) if length else None


class Lz4hc(_Blocks):
    """lz4hc at a level; the kernel's is 9."""

    kernel_name = "lz4hc"

    def __init__(self, name: str, level: int) -> None:
        super().__init__(name)
        self._state = Lz4hcState(level)
        try_once(self)

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZ4 block, or None where it would not fit a page. Raises ValueError: not 4096 bytes."""
        if len(page) != PAGE:
            raise ValueError(f"{len(page)} bytes; a page has {PAGE}")
        text: cython.p_uchar = page
        length: cython.Py_ssize_t
        with cython.nogil:
            length = self._state.compress(text, self._out)
        return taken(self._out, length) if length else None
