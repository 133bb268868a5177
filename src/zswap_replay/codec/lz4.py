"""lz4 and lz4hc, as lib/lz4 of the kernel has them."""

from __future__ import annotations

import cython
import lz4
import lz4.block
import lz4.frame

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

# An LZ4 frame of one block: 15 bytes of header, 4 of block size, the block, 4 of end mark.
BLOCK = cython.declare(cython.Py_ssize_t, 19)
END_MARK = cython.declare(cython.Py_ssize_t, 4)
SIZE_TOP = cython.declare(cython.Py_ssize_t, 18)  # highest byte of the block size: the block is as it was

# Looked up once. Arguments are given by position, for a keyword costs a call 0.2 us.
_compress_frame = lz4.frame.compress
_decompress_block = lz4.block.decompress


class _Blocks:
    """What lz4 and lz4hc share: the stored form is an LZ4 block."""

    def __init__(self, name: str, level: int) -> None:
        self.name = name
        self._level = level

    def decompress(self, data: bytes) -> bytes:
        """Return the page of an LZ4 block. Raises CodecError: not one."""
        try:
            return _decompress_block(data, PAGE_SIZE)
        except (lz4.block.LZ4BlockError, ValueError) as error:
            raise CodecError(f"{self.name}: {error}") from error

    def versions(self) -> dict[str, str]:
        """Return the versions of the lz4 package and of the liblz4 in it."""
        return {"lz4": lz4.__version__, "liblz4": lz4.library_version_string()}

    def deviation(self) -> str | None:
        """Return None: no version of liblz4 comes nearer to the kernel's lengths than another."""
        return None


class Lz4(_Blocks):
    """lz4 with an acceleration; the kernel's is 1.

    liblz4 looks for a match at one place more than the kernel, so 1 or 2 pages of 100 come out shorter, by at
    most 6 bytes. A page whose block would be exactly 4096 bytes is refused, though the kernel would keep it.
    """

    kernel_name = "lz4"

    def __init__(self, name: str, acceleration: int) -> None:
        super().__init__(name, 1 - acceleration)  # a frame's level -n, and 0, mean an acceleration of n + 1

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZ4 block, or None if it would not be shorter than the page."""
        # lz4.block.compress has another, streaming way through liblz4, up to 356 bytes off the kernel's
        # length. The frame holds the block of LZ4_compress_fast, which is LZ4_compress_default for an
        # acceleration of 1. Of one block, it is not linked, whatever the options say.
        frame: bytes = _compress_frame(page, self._level)
        text: cython.p_uchar = frame
        return None if text[SIZE_TOP] & 0x80 else text[BLOCK : len(frame) - END_MARK]


class Lz4hc(_Blocks):
    """lz4hc at a level; the kernel's is 9. One page in four comes out different, by at most 5 bytes."""

    kernel_name = "lz4hc"

    def compress(self, page: bytes) -> bytes | None:
        """Return the LZ4 block, or None if it would be longer than the page."""
        data: bytes = lz4.block.compress(
            page, mode="high_compression", compression=self._level, store_size=False
        )
        return data if len(data) <= PAGE_SIZE else None
