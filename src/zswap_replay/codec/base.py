"""One Protocol for all compressors, the specs by which they are named, and the one table that lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final, Protocol, cast

from zswap_replay.errors import CodecError
from zswap_replay.mm.release_changes import release_of
from zswap_replay.mm.releases import DEFAULT_RELEASE
from zswap_replay.units import quoted, whole

ZRAM: Final = "zram/"
"""What a spec begins with that is zram's: ``zram/zstd``. zram calls some compressors in another way than zswap."""


class Codec(Protocol):
    """A compressor of single pages that gives the kernel's lengths, as near as its library comes to them.

    The compressors that no library has as the kernel does are our own, in `lib`.
    """

    @property
    def name(self) -> str:
        """The canonical spec: ``zstd``, ``zstd:1``, ``lz4:8``."""

    @property
    def kernel_name(self) -> str:
        """The name in /proc/crypto, which is what the ``compressor`` parameter of zswap takes."""

    def compress(self, page: bytes) -> bytes | None:
        """Compress a page of 4096 bytes to 1 to 4096 bytes; None where the kernel's compressor would refuse it."""

    def decompress(self, data: bytes) -> bytes:
        """Return the page that `compress` was given.

        Raises CodecError: the bytes are not a compressed page.
        """

    def versions(self) -> dict[str, str]:
        """Return the versions of what decides the lengths, by name: of a package and its library, or of our own."""

    def deviation(self) -> str | None:
        """Say which library stands here in place of the one with the kernel's lengths; None where it is that one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compressor:
    """All that is known of a compressor before its library is imported: its row in ``COMPRESSORS``."""

    name: str
    number: str
    """What the number after the name is: ``level`` or ``acceleration``."""
    least: int
    default: int
    """The kernel's own number."""
    most: int
    made_by: str | Mapping[str, str]
    """``module:function`` that takes the canonical spec and the number and makes a Codec.

    Where kernels compress to different lengths: one for each value of the release's rule of the compressor's name.
    """
    examples: tuple[str, ...]
    """Specs with a number, which completion offers to show how one is written."""
    lengths: str
    """How the kernel's lengths are obtained: the compressor's line in the documentation."""
    revision: int = 1
    """Raised where a version of this program changes its lengths: files of lengths say it, and results of our own.

    lz4 and lz4hc have one. In their first, liblz4 compressed.
    """

    zram: Mapping[str, str] = field(default_factory=dict)
    """By those values, the value of the way in which zram calls it, where that is another."""

    def variant(self, kernel: str, *, zram: bool = False) -> str:
        """Return which of its ways of compressing a kernel has; empty where all kernels have the same one."""
        if isinstance(self.made_by, str):
            return ""
        variant = str(getattr(release_of(kernel), self.name))
        return self.zram.get(variant, variant) if zram else variant

    def make(self, canonical: str, number: int, kernel: str) -> Codec:
        """Import the library and make a codec with the lengths of a kernel. Raises CodecError: no such library."""
        variant = self.variant(kernel, zram=canonical.startswith(ZRAM))
        made_by = self.made_by if isinstance(self.made_by, str) else self.made_by[variant]
        module, _, function = made_by.partition(":")
        # Libraries are imported when they are asked for: zstandard alone takes 9 ms.
        make = cast("Callable[[str, int], Codec]", getattr(import_module(module), function))
        return make(canonical, number)


COMPRESSORS: Final = {
    row.name: row
    for row in (
        Compressor(
            name="zstd",
            number="level",
            least=1,
            default=3,
            most=22,
            made_by={
                "1.5.6": "zswap_replay.codec.zstd:for_unknown_size",
                "1.5.7, unknown size": "zswap_replay.codec.zstd:for_unknown_size_of_1_5_7",
                "1.5.7": "zswap_replay.codec.zstd:for_page_size",
                "1.5.6, page size": "zswap_replay.codec.zstd:for_page_size_of_1_5_6",
            },
            zram={"1.5.6": "1.5.6, page size", "1.5.7, unknown size": "1.5.7"},
            examples=("zstd:1",),
            lengths="level 3; up to 6.14 zstd 1.5.2 to 1.5.6 with the parameters for an unknown size, 6.15 and 6.16 "
            "zstd 1.5.7 with the same, from 6.17 on zstd 1.5.7 with those for a page",
        ),
        Compressor(
            name="lz4",
            number="acceleration",
            least=1,
            default=1,
            most=65537,
            made_by="zswap_replay.codec.lz4:Lz4",
            examples=("lz4:8",),
            lengths="our own, after `lib/lz4/lz4_compress.c`; liblz4 opens what it made",
            revision=2,
        ),
        Compressor(
            name="lz4hc",
            number="level",
            least=3,
            default=9,
            most=12,
            made_by="zswap_replay.codec.lz4:Lz4hc",
            examples=("lz4hc:9",),
            lengths="our own, after `lib/lz4/lz4hc_compress.c`, level 9; liblz4 opens what it made",
            revision=2,
        ),
        Compressor(
            name="deflate",
            number="level",
            least=1,
            default=6,
            most=9,
            made_by="zswap_replay.codec.deflate:Deflate",
            examples=(),
            lengths="zlib, raw, window 2^11, level 6; 4096 bytes are refused",
        ),
        Compressor(
            name="lzo",
            number="level",
            least=1,
            default=1,
            most=1,
            made_by="zswap_replay.codec.lzo:Lzo",
            examples=(),
            lengths="our own, after `lib/lzo/lzo1x_compress.c`; the same bytes as `lzo1x_1_15_compress` of liblzo2",
        ),
        Compressor(
            name="lzo-rle",
            number="level",
            least=1,
            default=1,
            most=1,
            made_by="zswap_replay.codec.lzo:Lzo",
            examples=(),
            lengths="our own, after the same file: lzo with runs of zeros",
        ),
    )
}
"""The compressors that can be run, one row each. CONTRIBUTING.md says what else a new one needs."""

KNOWN_CODECS: Final = tuple(COMPRESSORS)
"""Names of the compressors that can be run; lengths recorded elsewhere may be of any other."""


def parse_spec(spec: str) -> str:
    """Return the canonical name of a compressor spec, without the number where that is the kernel's own.

    No compressor's library is imported.

    Raises CodecError: an unknown name, or a level that it does not have.

    >>> parse_spec("zstd:3"), parse_spec("lz4:08")
    ('zstd', 'lz4:8')
    """
    name, number = split_spec(spec)
    tier = ZRAM if spec.startswith(ZRAM) else ""
    return f"{tier}{name}" if number == COMPRESSORS[name].default else f"{tier}{name}:{number}"


_LONGEST_SPEC = 100
"""Characters of a spec that an error repeats as they are."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,30}")
"""What a compressor of some kernel may be called."""


def split_spec(spec: str) -> tuple[str, int]:
    """Split a spec into its name and level (lz4: acceleration); the kernel's own level where it gives none.

    Raises CodecError: an unknown name, or a level that it does not have.
    """
    if "," in spec:
        raise CodecError(f"found {quoted(spec)}; expected one compressor, each of several by itself")
    name, colon, number = spec.removeprefix(ZRAM).partition(":")
    row = COMPRESSORS.get(name)
    if row is None:
        raise CodecError(
            f"no compressor {quoted(name)}; known are {', '.join(KNOWN_CODECS)}{_by_lengths(name)}"
        )
    if not colon:
        return name, row.default
    if row.least == row.most:
        raise CodecError(f"{spec}: {name} takes no {row.number}")
    if not (number.isascii() and number.isdigit()) or not row.least <= whole(number) <= row.most:
        found = spec if len(spec) <= _LONGEST_SPEC else quoted(spec)
        raise CodecError(f"{found}: the {row.number} of {name} is a number from {row.least} to {row.most}")
    return name, whole(number)


def _by_lengths(name: str) -> str:
    """Say how a compressor that a kernel may have is replayed all the same, by lengths that were found elsewhere."""
    if not _NAME.fullmatch(name):
        return ""
    return f"; any other is replayed by its lengths alone: -c {name} --lengths FILE"


def get_codec(spec: str, kernel: str = DEFAULT_RELEASE) -> Codec:
    """Make a compressor for a spec such as ``zstd``, ``zstd:1``, ``lz4:8`` or ``lzo``, with the lengths of a kernel.

    It keeps working memory of its own, so one object must not be used by two threads at a time.

    Raises CodecError: an unknown name, a level that it does not have, or a library that is not installed.
    """
    name, number = split_spec(spec)
    return COMPRESSORS[name].make(parse_spec(spec), number, kernel)


def lengths_key(spec: str, kernel: str) -> str:
    """Name the set of lengths that a compressor has under a kernel: kernels of one key share their lengths.

    Raises CodecError: an unknown name, or a level that it does not have.

    >>> lengths_key("zstd", "6.6"), lengths_key("zstd", "6.18"), lengths_key("lz4", "6.18")
    ('zstd of 1.5.6', 'zstd of 1.5.7', 'lz4')
    """
    canonical = parse_spec(spec)
    variant = COMPRESSORS[split_spec(spec)[0]].variant(kernel, zram=spec.startswith(ZRAM))
    if not variant:
        return canonical.removeprefix(ZRAM)
    if variant == COMPRESSORS[split_spec(spec)[0]].variant(kernel):
        canonical = canonical.removeprefix(ZRAM)
    return f"{canonical} of {variant}" if variant else canonical
