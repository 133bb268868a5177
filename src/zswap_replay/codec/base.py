"""One Protocol for all compressors, and the specs by which they are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from zswap_replay.errors import CodecError


class Codec(Protocol):
    """A compressor of single pages that gives the kernel's lengths, as near as its library comes to them."""

    @property
    def name(self) -> str:
        """The canonical spec: ``zstd``, ``zstd:1``, ``lz4:8``."""

    @property
    def kernel_name(self) -> str:
        """The name in /proc/crypto, which is what the ``compressor`` parameter of zswap takes."""

    def compress(self, page: bytes) -> bytes | None:
        """The compressed page, 1 to 4096 bytes, or None where the kernel's compressor would refuse it."""

    def decompress(self, data: bytes) -> bytes:
        """The page that `compress` was given.

        Raises CodecError: the bytes are not a compressed page.
        """

    def versions(self) -> dict[str, str]:
        """Versions of the package and of the library behind it, by name."""


@dataclass(frozen=True, slots=True)
class _Family:
    """A compressor and the number that may follow its name after a colon."""

    number: str
    least: int
    default: int
    most: int


_FAMILIES: Final = {
    "zstd": _Family("level", 1, 3, 22),
    "lz4": _Family("acceleration", 1, 1, 65537),
    "lz4hc": _Family("level", 3, 9, 12),
    "deflate": _Family("level", 1, 6, 9),
    "lzo": _Family("level", 1, 1, 1),
}

KNOWN_CODECS: Final = tuple(_FAMILIES)
"""Names of the compressors that can be run; lengths recorded elsewhere may be of any other."""


def parse_spec(spec: str) -> str:
    """The canonical name of a compressor spec, without the number where that is the kernel's own.

    No compressor's library is imported.

    Raises CodecError: an unknown name, or a level that it does not have.

    >>> parse_spec("zstd:3"), parse_spec("lz4:08")
    ('zstd', 'lz4:8')
    """
    name, number = split_spec(spec)
    return name if number == _FAMILIES[name].default else f"{name}:{number}"


def split_spec(spec: str) -> tuple[str, int]:
    """Name and level (lz4: acceleration) of a spec; the kernel's own level where it gives none.

    Raises CodecError: an unknown name, or a level that it does not have.
    """
    name, colon, number = spec.partition(":")
    family = _FAMILIES.get(name)
    if family is None:
        raise CodecError(f"no compressor {name!r}; known are {', '.join(KNOWN_CODECS)}")
    if not colon:
        return name, family.default
    if family.least == family.most:
        raise CodecError(f"{spec}: {name} takes no {family.number}")
    if not (number.isascii() and number.isdigit()) or not family.least <= int(number) <= family.most:
        raise CodecError(
            f"{spec}: the {family.number} of {name} is a number from {family.least} to {family.most}"
        )
    return name, int(number)


def get_codec(spec: str) -> Codec:
    """A new compressor for a spec such as ``zstd``, ``zstd:1``, ``lz4:8``, ``lz4hc``, ``deflate`` or ``lzo``.

    It keeps working memory of its own, so one object must not be used by two threads at a time.

    Raises CodecError: an unknown name, a level that it does not have, or a library that is not installed.
    """
    canonical = parse_spec(spec)
    name, number = split_spec(spec)
    # Libraries are imported when they are asked for: zstandard alone takes 9 ms.
    if name == "zstd":
        from zswap_replay.codec.zstd import Zstd

        return Zstd(canonical, number)
    if name == "lz4":
        from zswap_replay.codec.lz4 import Lz4

        return Lz4(canonical, number)
    if name == "lz4hc":
        from zswap_replay.codec.lz4 import Lz4hc

        return Lz4hc(canonical, number)
    if name == "deflate":
        from zswap_replay.codec.deflate import Deflate

        return Deflate(canonical, number)
    from zswap_replay.codec.lzo import Lzo

    return Lzo()
