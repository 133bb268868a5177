"""zstd, as crypto/zstd.c calls it."""

from __future__ import annotations

import zstandard

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE


class Zstd:
    """zstd at a level, with the parameters that the kernel derives from it."""

    kernel_name = "zstd"

    def __init__(self, name: str, level: int) -> None:
        self.name = name
        # The kernel asks for the parameters of the level for an input of unknown size, yet writes the content
        # size. Parameters for 4096 bytes use other tables, and are off by up to 95 bytes a page.
        parameters = zstandard.ZstdCompressionParameters.from_level(
            level, source_size=0, write_content_size=1, write_checksum=0, write_dict_id=0
        )
        self._compress = zstandard.ZstdCompressor(compression_params=parameters).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def compress(self, page: bytes) -> bytes | None:
        """The zstd frame, or None if it would be longer than a page."""
        # zstandard cuts the bytes to size where they are, in the middle of free memory that nothing else fits: a copy
        # of them, which are kept as long as the page is stored, takes half as much.
        data = bytes(memoryview(self._compress(page)))
        return data if len(data) <= PAGE_SIZE else None

    def decompress(self, data: bytes) -> bytes:
        """The page of a zstd frame. Raises CodecError: not one."""
        try:
            return self._decompress(data)
        except zstandard.ZstdError as error:
            raise CodecError(f"{self.name}: {error}") from error

    def versions(self) -> dict[str, str]:
        """Versions of the zstandard package and of the zstd in it; lengths changed with zstd 1.5.7."""
        return {"zstandard": zstandard.__version__, "zstd": ".".join(map(str, zstandard.ZSTD_VERSION))}
