"""A compressor of our own is tried on a few pages before a process uses it: what it makes must open again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zswap_replay.errors import CodecError
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from zswap_replay.codec.base import Codec

_PAGES: Final = (
    (b"A page of text, in which what was said a line before is said again. " * 64)[:PAGE_SIZE],
    b"".join(number.to_bytes(8, "little") for number in range(PAGE_SIZE // 8)),
    b"".join((number * number * 40503 & 0xFFFF).to_bytes(2, "little") for number in range(1024))
    + bytes(2048),
)
"""Long and short matches, runs of zeros, literals of every length."""

_tried: set[str] = set()


def try_once(codec: Codec) -> None:
    """Compress and decompress some pages, the first time that a kernel's compressor is asked for in this process.

    Raises CodecError: a page does not come back as it was.
    """
    if codec.kernel_name in _tried:
        return
    for page in _PAGES:
        data = codec.compress(page)
        if data is None or codec.decompress(data) != page:
            raise CodecError(
                f"{codec.name}: a page does not come back as it was, so that this build of zswap-replay is broken; "
                "ZSWAP_REPLAY_PURE=1 runs it without compiled code"
            )
    _tried.add(codec.kernel_name)
