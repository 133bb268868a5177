"""deflate, as crypto/deflate.c calls it."""

from __future__ import annotations

import zlib

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

_RAW_WINDOW = -11  # raw deflate, window of 2^11 bytes; memLevel 8, the kernel's, is zlib's own default


class Deflate:
    """deflate at a level; the kernel's is 6."""

    kernel_name = "deflate"

    def __init__(self, name: str, level: int) -> None:
        self.name = name
        self._level = level

    def compress(self, page: bytes) -> bytes | None:
        """Return the raw deflate stream, or None unless it is shorter than the page: the kernel refuses 4096."""
        # A copied compressobj costs as much as a new one, and this call spares both.
        data = zlib.compress(page, self._level, _RAW_WINDOW)
        return data if len(data) < PAGE_SIZE else None

    def decompress(self, data: bytes) -> bytes:
        """Return the page of a deflate stream. Raises CodecError: not one."""
        try:
            return zlib.decompress(data, _RAW_WINDOW, PAGE_SIZE)
        except zlib.error as error:
            raise CodecError(f"{self.name}: {error}") from error

    def versions(self) -> dict[str, str]:
        """Return the version of the zlib that Python runs with."""
        return {"zlib": zlib.ZLIB_RUNTIME_VERSION}

    def deviation(self) -> str | None:
        """Name zlib-ng where Python runs with it: it finds other matches. Every zlib gives the kernel's lengths."""
        return (
            f"zlib-ng ({zlib.ZLIB_RUNTIME_VERSION}) in place of zlib"
            if "ng" in zlib.ZLIB_RUNTIME_VERSION
            else None
        )
