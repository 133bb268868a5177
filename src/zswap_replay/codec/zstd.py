"""zstd, as crypto/zstd.c calls it: in one way up to 6.14, in another from 6.17 on, in a third between.

All ways can be used side by side. Up to 6.12 the kernel has zstd 1.5.2 to 1.5.6, which give the same lengths; so do
zstandard 0.22 and 0.23. From 6.15 on it has zstd 1.5.7, as backports.zstd has, and zstandard from 0.24 on.

No parameters of zstd 1.5.7 were found that give the lengths of 1.5.6: of 128 sets the kernel's own came nearest, with a
fifth of the pages wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import zstandard

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

_UNKNOWN_SIZE: Final = ((1, 5, 2), (1, 5, 6))
"""The oldest and the newest zstd with the lengths of kernels up to 6.12."""
_PAGE_SIZE: Final = ((1, 5, 7), (1, 5, 7))
"""The oldest and the newest zstd that is known to have the lengths of kernels from 6.18 on."""


def _version_of_backports() -> str:
    from importlib.metadata import version  # takes longer than a short replay

    return version("backports.zstd")


class Zstd:
    """zstd at a level, by whichever library was found."""

    kernel_name = "zstd"

    def __init__(
        self, name: str, compress: Callable[[bytes], bytes], versions: dict[str, str], deviation: str | None
    ) -> None:
        self.name = name
        self._compress = compress
        # A frame is a frame: whichever zstd made it, zstandard's opens it, and in a third of backports.zstd's time.
        self._decompress = zstandard.ZstdDecompressor().decompress
        self._versions = versions
        self._deviation = deviation

    def compress(self, page: bytes) -> bytes | None:
        """Return the zstd frame of a page, or None if it would be longer than a page."""
        # zstandard cuts the bytes to size where they are, in the middle of free memory that nothing else fits: a copy
        # of them, which are kept as long as the page is stored, takes half as much.
        data = bytes(memoryview(self._compress(page)))
        return data if len(data) <= PAGE_SIZE else None

    def decompress(self, data: bytes) -> bytes:
        """Return the page of a zstd frame. Raises CodecError: not one."""
        try:
            return self._decompress(data)
        except zstandard.ZstdError as error:
            raise CodecError(f"{self.name}: {error}") from error

    def versions(self) -> dict[str, str]:
        """Return the versions of the package and of the zstd in it.

        The zstd of the two ways has two names, ``zstd`` and ``zstd_page_size``: they are not to be held against each
        other where results of two kernels are compared.
        """
        return dict(self._versions)

    def deviation(self) -> str | None:
        """Say which zstd stands here in place of the kernel's; None where it has the kernel's lengths."""
        return self._deviation


def for_unknown_size(name: str, level: int) -> Zstd:
    """Make zstd as kernels up to 6.12 call it: with the parameters of the level for an input of unknown size.

    The content size is written all the same. Parameters for 4096 bytes use other tables, and are off by up to 95 bytes
    a page. Models zstd_compress(), crypto/zstd.c, v6.12.
    """
    found = zstandard.ZSTD_VERSION
    return Zstd(
        name,
        _zstandard(level, source_size=0),
        {"zstandard": zstandard.__version__, "zstd": _dotted(found)},
        _deviation(found, _UNKNOWN_SIZE, "pip install zstandard==0.23.0"),
    )


def for_page_size_of_1_5_6(name: str, level: int) -> Zstd:
    """Make zstd as zram of kernels up to 6.14 calls it: with the parameters of the level for 4096 bytes.

    Models zstd_compress(), drivers/block/zram/backend_zstd.c, v6.12.
    """
    found = zstandard.ZSTD_VERSION
    return Zstd(
        name,
        _zstandard(level, source_size=PAGE_SIZE),
        {"zstandard": zstandard.__version__, "zstd": _dotted(found)},
        _deviation(found, _UNKNOWN_SIZE, "pip install zstandard==0.23.0"),
    )


def for_unknown_size_of_1_5_7(name: str, level: int) -> Zstd:
    """Make zstd as 6.15 and 6.16 call it: as those before them do, but by zstd 1.5.7.

    Models zstd_params(), crypto/zstd.c, v6.15, which asks for the parameters of an unknown size.
    """
    found = zstandard.ZSTD_VERSION
    package, compress = {"zstandard": zstandard.__version__}, _zstandard(level, source_size=0)
    try:
        from backports import zstd
    except ImportError:
        pass
    else:
        if _is_within(zstd.zstd_version_info, _PAGE_SIZE) or not _is_within(found, _PAGE_SIZE):
            found = zstd.zstd_version_info
            package = {"backports.zstd": _version_of_backports()}
            compress = _backports_of_unknown_size(level)
    return Zstd(
        name,
        compress,
        {**package, "zstd_1_5_7": _dotted(found)},
        _deviation(found, _PAGE_SIZE, "pip install backports.zstd"),
    )


def for_page_size(name: str, level: int) -> Zstd:
    """Make zstd as kernels from 6.18 on call it: with the parameters of the level for 4096 bytes.

    By backports.zstd, or by zstandard where that is missing or has another zstd. Models zstd_compress(), crypto/zstd.c,
    v6.18.
    """
    found = zstandard.ZSTD_VERSION
    package, compress = {"zstandard": zstandard.__version__}, _zstandard(level, source_size=PAGE_SIZE)
    try:
        from backports import zstd
    except ImportError:
        pass
    else:
        if _is_within(zstd.zstd_version_info, _PAGE_SIZE) or not _is_within(found, _PAGE_SIZE):
            found = zstd.zstd_version_info
            package, compress = {"backports.zstd": _version_of_backports()}, _backports(level)
    return Zstd(
        name,
        compress,
        {**package, "zstd_page_size": _dotted(found)},
        _deviation(found, _PAGE_SIZE, "pip install backports.zstd"),
    )


def _zstandard(level: int, *, source_size: int) -> Callable[[bytes], bytes]:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, source_size=source_size, write_content_size=1, write_checksum=0, write_dict_id=0
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress


def _backports(level: int) -> Callable[[bytes], bytes]:
    from backports import zstd

    # One object for all pages: `zstd.compress(page, level)` makes a new one for each, and takes half as long again.
    compressor = zstd.ZstdCompressor(level)
    return lambda page: compressor.compress(page, zstd.ZstdCompressor.FLUSH_FRAME)


def _backports_of_unknown_size(level: int) -> Callable[[bytes], bytes]:
    from backports import zstd

    # The table of parameters by level for sizes that are not known is the same in both.
    asked = zstandard.ZstdCompressionParameters.from_level(level, source_size=0)
    named = zstd.CompressionParameter
    options: dict[int, int] = {
        named.window_log: asked.window_log,
        named.chain_log: asked.chain_log,
        named.hash_log: asked.hash_log,
        named.search_log: asked.search_log,
        named.min_match: asked.min_match,
        named.target_length: asked.target_length,
        named.strategy: asked.strategy,
    }
    compressor = zstd.ZstdCompressor(options=options)

    def compress(page: bytes) -> bytes:
        compressor.set_pledged_input_size(len(page))
        return compressor.compress(page, zstd.ZstdCompressor.FLUSH_FRAME)

    return compress


def _deviation(
    found: tuple[int, ...], wanted: tuple[tuple[int, ...], tuple[int, ...]], remedy: str
) -> str | None:
    if _is_within(found, wanted):
        return None
    return f"zstd {_dotted(found)} in place of {_dotted(wanted[1])} ({remedy})"


def _is_within(found: tuple[int, ...], wanted: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    return wanted[0] <= found <= wanted[1]


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
