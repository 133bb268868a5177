from __future__ import annotations

import contextlib
import zlib

import pytest
import zstandard

from tests.unit.codec.golden import GOLDEN, GOLDEN_6_18
from zswap_replay.codec.base import Codec, get_codec
from zswap_replay.errors import CodecError
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

SOURCE = GeneratedPages(load_recipe("default"), 0)
PAGES = [SOURCE.page(i) for i in range(300)]
RANDOM = next(SOURCE.page(i) for i in range(300) if SOURCE.class_of(i) == "random")


def codec_or_skip(spec: str) -> Codec:
    if spec == "deflate" and "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("zlib-ng, which does not give zlib's lengths")
    return get_codec(spec)


@pytest.mark.parametrize("spec", GOLDEN)
def test_lengths_are_what_they_were(spec: str) -> None:
    codec = codec_or_skip(spec)
    lengths = [None if data is None else len(data) for data in map(codec.compress, PAGES)]
    assert GOLDEN[spec] == (sum(length or 0 for length in lengths), lengths.count(None))


@pytest.mark.parametrize("spec", GOLDEN_6_18)
def test_lengths_of_newer_kernels_are_what_they_were(spec: str) -> None:
    codec = get_codec(spec, "6.18")
    lengths = [None if data is None else len(data) for data in map(codec.compress, PAGES)]
    assert GOLDEN_6_18[spec] == (sum(length or 0 for length in lengths), lengths.count(None))


@pytest.mark.parametrize("spec", GOLDEN)
def test_pages_come_back_and_random_ones_are_refused(spec: str) -> None:
    codec = codec_or_skip(spec)
    assert codec.compress(RANDOM) is None
    for page in PAGES:
        data = codec.compress(page)
        if data is not None:
            assert 1 <= len(data) <= PAGE_SIZE
            assert page == codec.decompress(data)


@pytest.mark.parametrize("spec", GOLDEN)
@pytest.mark.parametrize("data", [b"", b"\xff", b"\xf0\xff" * 50])
def test_bytes_that_are_no_page_are_an_error_of_the_codec(spec: str, data: bytes) -> None:
    codec = codec_or_skip(spec)
    with pytest.raises(CodecError, match=f"^{spec}: "):
        codec.decompress(data)


@pytest.mark.parametrize("spec", ["zstd", "lz4", "lz4hc", "deflate", "lzo", "lzo-rle"])
def test_a_bit_that_flips_is_an_error_or_another_page(spec: str) -> None:
    codec = get_codec(spec)
    page = next(SOURCE.page(i) for i in range(300) if SOURCE.class_of(i) == "text")
    data = codec.compress(page)
    assert data is not None
    survived = 0
    for at in range(8, len(data), 97):
        bad = data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        with contextlib.suppress(CodecError):
            survived += page == codec.decompress(bad)
    assert survived == 0


def test_zstd_has_the_parameters_of_an_unknown_size_and_writes_the_size() -> None:
    known = zstandard.ZstdCompressor(level=3)
    codec = get_codec("zstd")
    differs = 0
    for page in PAGES:
        data = codec.compress(page)
        if data is not None:
            assert zstandard.get_frame_parameters(data).content_size == PAGE_SIZE
            differs += len(data) != len(known.compress(page))
    assert differs > 50


def test_deflate_has_a_window_of_2048_bytes_and_refuses_4096() -> None:
    codec = get_codec("deflate")
    # zlib looks back no further than 262 bytes less than the window.
    far = RANDOM[:1024] + bytes(800) + RANDOM[:1024] + bytes(1248)
    near = RANDOM[:1024] + bytes(700) + RANDOM[:1024] + bytes(1348)
    lengths = [len(codec.compress(page) or b"") for page in (far, near)]
    assert lengths[0] > 2048 > lengths[1]
    for keep in range(64):  # fewer and fewer zeros at the end: lengths pass 4096 byte by byte
        page = RANDOM[: PAGE_SIZE - keep] + bytes(keep)
        length = len(zlib.compress(page, 6, -11))
        assert (length < PAGE_SIZE) == (codec.compress(page) is not None)


def test_lz4_acceleration_gives_longer_blocks() -> None:
    sums = [
        sum(len(get_codec(spec).compress(page) or page) for page in PAGES)
        for spec in ("lz4", "lz4:4", "lz4:32")
    ]
    assert sorted(set(sums)) == sums


def test_one_compressor_gives_the_same_bytes_whatever_came_before() -> None:
    for spec in ("zstd", "lz4", "lz4hc", "deflate", "lzo", "lzo-rle"):
        used, fresh = get_codec(spec), get_codec(spec)
        for page in PAGES:
            used.compress(page)
        assert [fresh.compress(page) for page in PAGES[:20]] == [used.compress(page) for page in PAGES[:20]]
