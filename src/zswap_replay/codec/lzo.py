"""lzo and lzo-rle, as lib/lzo of the kernel has them."""

from __future__ import annotations

import cython

from zswap_replay.codec.base import COMPRESSORS
from zswap_replay.codec.first_use import try_once
from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

if not cython.compiled:
    from zswap_replay.lib.bytes_at import taken
    from zswap_replay.lib.lzo1x_compress import OUT, TABLE, lzo1x_1_compress
    from zswap_replay.lib.lzo1x_decompress import lzo1x_decompress_safe

PAGE = cython.declare(cython.Py_ssize_t, PAGE_SIZE)


class Lzo:
    """lzo, or lzo-rle, which writes a run of zeros in four bytes.

    From 6.15 on, and in stable kernels since, the kernel gives up where 16 bytes of literals might not fit, though
    fewer are written: of the pages of 4,083 to 4,096 bytes, which are rare, it refuses some that are kept here.
    """

    def __init__(self, name: str, _level: int) -> None:
        self.name = name
        self._runs = name == "lzo-rle"
        if not cython.compiled:
            self._out = bytearray(OUT)
            self._table = [0] * TABLE
        try_once(self)

    @property
    def kernel_name(self) -> str:
        """The name in /proc/crypto."""
        return self.name

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZO1X stream, or None if it would be longer than a page. Raises ValueError: not 4096 bytes."""
        if len(page) != PAGE:
            raise ValueError(f"{len(page)} bytes; a page has {PAGE}")
        text: cython.p_uchar = page
        length: cython.Py_ssize_t
        with cython.nogil:
            length = lzo1x_1_compress(text, self._out, self._runs, self._table)
        return taken(self._out, length) if length <= PAGE else None

    def decompress(self, data: bytes) -> bytes:
        """Return the page of an LZO1X stream. Raises CodecError: not one."""
        text: cython.p_uchar = data
        size: cython.Py_ssize_t = len(data)
        length: cython.Py_ssize_t
        with cython.nogil:
            length = lzo1x_decompress_safe(text, size, self._out)
        if length != PAGE:
            raise CodecError(f"{self.name}: {size} bytes that are no LZO1X stream of a page")
        return taken(self._out, PAGE)

    def versions(self) -> dict[str, str]:
        """Return the revision of the compressor."""
        return {"lzo": f"lib/lzo, revision {COMPRESSORS['lzo'].revision}"}

    def deviation(self) -> str | None:
        """Return None: the lengths are the kernel's."""
        return None
