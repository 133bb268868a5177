"""The codec floor: the time of the compress and decompress calls of a replay, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import lz4.block
import lz4.frame
import zstandard

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.contents import Contents
from zswap_replay.payload.source import PageSource
from zswap_replay.replay.loop import Replay
from zswap_replay.result.result import Result
from zswap_replay.settings import Settings
from zswap_replay.trace.reader import open_trace
from zswap_replay.units import PAGE_SIZE

AT_ONCE = 256
"""Pages that are made, untimed, before they are compressed: 1 MiB, so that caches hold them as in a replay."""


class RecordingContents:
    """A wrapper of Contents that records which pages are compressed and decompressed."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.compressed: list[int] = []
        self.decompressed: list[int] = []

    def zswap_compress(self, entry: int, content: int) -> int:
        self.compressed.append(content)
        return self.contents.zswap_compress(entry, content)

    def zswap_decompress(self, entry: int, content: int) -> None:
        self.decompressed.append(content)
        self.contents.zswap_decompress(entry, content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.contents, name)


@dataclass(frozen=True)
class Calls:
    """The calls of a replay to its compressor: the contents, in order."""

    compressed: list[int]
    decompressed: list[int]
    source: PageSource
    result: Result


def record_calls(trace: Path, settings: Settings) -> Calls:
    """Replay a trace with one process, and record the calls."""
    run = Replay(open_trace(trace), str(trace), settings, lambda _: None)
    source = run.page_data.source
    assert source is not None
    contents = RecordingContents(Contents(source, get_codec(run.settings.compressor), "off"))
    run.page_data.contents[run.settings.compressor] = cast(Contents, contents)
    result = run.result(0, None, lambda *_: None)
    return Calls(contents.compressed, contents.decompressed, source, result)


def bare_seconds(compressor: str, calls: Calls) -> float:
    """Time the same calls in a loop, of the packages, in seconds; pages are made before."""
    make = _LOOPS.get(compressor)
    compress, decompress = make() if make is not None else _ours(compressor)
    codec = get_codec(compressor)
    page = calls.source.page
    seconds = 0.0
    for contents in _parts(calls.compressed):
        pages = [page(content) for content in contents]
        start = perf_counter()
        compress(pages)
        seconds += perf_counter() - start
    for contents in _parts(calls.decompressed):
        stored = [data for content in contents if (data := codec.compress(page(content))) is not None]
        assert len(stored) == len(contents), "a page was loaded that the compressor refuses"
        start = perf_counter()
        decompress(stored)
        seconds += perf_counter() - start
    return seconds


def _parts(contents: list[int]) -> list[list[int]]:
    return [contents[first : first + AT_ONCE] for first in range(0, len(contents), AT_ONCE)]


_Loop = Callable[[list[bytes]], None]


def _lz4() -> tuple[_Loop, _Loop]:
    pack, unpack = lz4.frame.compress, lz4.block.decompress

    def compress(pages: list[bytes]) -> None:
        for page in pages:
            pack(page, compression_level=0, block_linked=False, store_size=False)[11:-4]

    def decompress(blocks: list[bytes]) -> None:
        for block in blocks:
            unpack(block, uncompressed_size=PAGE_SIZE)

    return compress, decompress


def _zstd() -> tuple[_Loop, _Loop]:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, source_size=0, write_content_size=1, write_checksum=0, write_dict_id=0
    )
    pack = zstandard.ZstdCompressor(compression_params=parameters).compress
    unpack = zstandard.ZstdDecompressor().decompress

    def compress(pages: list[bytes]) -> None:
        for page in pages:
            pack(page)

    def decompress(frames: list[bytes]) -> None:
        for frame in frames:
            unpack(frame)

    return compress, decompress


def _ours(compressor: str) -> tuple[_Loop, _Loop]:
    """Return loops over our own codec, where no package has the compressor."""
    codec = get_codec(compressor)
    pack, unpack = codec.compress, codec.decompress

    def compress(pages: list[bytes]) -> None:
        for page in pages:
            pack(page)

    def decompress(stored: list[bytes]) -> None:
        for data in stored:
            unpack(data)

    return compress, decompress


_LOOPS: dict[str, Callable[[], tuple[_Loop, _Loop]]] = {"lz4": _lz4, "zstd": _zstd}
