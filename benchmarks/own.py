"""The compressors that are our own, page by page, against the bare calls of the libraries that are nearest to them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable

import lz4.block

from benchmarks.busy import conditions
from benchmarks.lines import Line, Section, Target
from benchmarks.measure import ratios, take_turns, timed
from benchmarks.sizes import Scale
from zswap_replay.codec.base import get_codec
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

LZ4 = Target(1.2)
LZO = Target(1.5)

_HOW = (
    "Compressing pages of the default recipe and decompressing them again, in a loop on one core, each page made "
    "beforehand: `-c lz4` and `-c lz4hc` against `lz4.block.compress` and `lz4.block.decompress` of the lz4 package, "
    "`-c lzo` and `-c lzo-rle` against `lzo1x_1_15_compress` and `lzo1x_decompress_safe` of liblzo2, called by ctypes."
)

_Call = Callable[[bytes], bytes | None]


def sections(scale: Scale) -> list[Section]:
    """Measure the sections."""
    return [
        _section(scale, condition.title("Our own compressors"), condition.of(scale.rounds))
        for condition in conditions(scale)
    ]


def _section(scale: Scale, title: str, rounds: int) -> Section:
    shown = Section(title, _HOW)
    source = GeneratedPages(load_recipe("default"), 0)
    made = (
        source.page(content)
        for content in range(scale.codec_pages // 10)
        if source.same_filled(content) is None
    )
    pages = [page for page in made if _is_kept(page)]
    for names, pack, unpack, target in (
        (("lz4",), _fast, _unpack, LZ4),
        (("lz4hc",), _thorough, _unpack, None),
        (("lzo", "lzo-rle"), *_liblzo2(), LZO),
    ):
        if pack is None or unpack is None:
            shown.lines += [Line(name, left_out="liblzo2 is not installed", target=target) for name in names]
            continue
        shown.lines += _lines(names, pack, unpack, target, pages, rounds)
    shown.facts.append(f"{len(pages)} pages")
    return shown


def _is_kept(page: bytes) -> bool:
    """Tell whether the compressors keep a page, so that there is something to decompress."""
    return all(get_codec(name).compress(page) is not None for name in ("lz4", "lzo-rle"))


def _lines(
    names: Iterable[str], pack: _Call, unpack: _Call, target: Target | None, pages: list[bytes], rounds: int
) -> list[Line]:
    codecs = {name: get_codec(name) for name in names}
    calls = {"bare": (pack, unpack)} | {
        name: (codec.compress, codec.decompress) for name, codec in codecs.items()
    }
    packed = {name: [compress(page) or b"" for page in pages] for name, (compress, _) in calls.items()}
    seconds = take_turns(
        rounds,
        {f"{name} 0": _loop(calls[name][0], pages) for name in calls}
        | {f"{name} 1": _loop(calls[name][1], packed[name]) for name in calls},
    )
    return [
        Line(f"{name}, {what}", ratios(seconds[f"{name} {way}"], seconds[f"bare {way}"]), target)
        for name in codecs
        for way, what in enumerate(("compress", "decompress"))
    ]


def _loop(call: _Call, given: list[bytes]) -> Callable[[], float]:
    def run() -> None:
        for data in given:
            call(data)

    return lambda: timed(run)


def _fast(page: bytes) -> bytes:
    packed: bytes = lz4.block.compress(page, store_size=False)
    return packed


def _thorough(page: bytes) -> bytes:
    packed: bytes = lz4.block.compress(page, mode="high_compression", compression=9, store_size=False)
    return packed


def _unpack(data: bytes) -> bytes:
    return lz4.block.decompress(data, PAGE_SIZE)


def _liblzo2() -> tuple[_Call, _Call] | tuple[None, None]:
    try:
        library = ctypes.CDLL("liblzo2.so.2")
    except OSError:
        return None, None
    pointer, size = ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)
    work, out, length = (
        ctypes.create_string_buffer(1 << 18),
        ctypes.create_string_buffer(8192),
        ctypes.c_size_t(),
    )
    at = ctypes.pointer(length)
    compress, decompress = library.lzo1x_1_15_compress, library.lzo1x_decompress_safe
    compress.argtypes = decompress.argtypes = (pointer, ctypes.c_size_t, pointer, size, pointer)

    def pack(page: bytes) -> bytes:
        compress(page, len(page), out, at, work)
        return ctypes.string_at(out, length.value)

    def unpack(data: bytes) -> bytes:
        length.value = PAGE_SIZE
        decompress(data, len(data), out, at, None)
        return ctypes.string_at(out, length.value)

    return pack, unpack
