from __future__ import annotations

import hashlib
import zlib

import pytest

from zswap_replay.lib.splitmix import mix64, stream
from zswap_replay.payload.classes import (
    CLASS_NAMES,
    MAX_SPREAD,
    SAME_FILLED,
    ZERO,
    corpus,
)
from zswap_replay.payload.slices import CORPUS_SIZE, corpus_page, same_filled_page, same_filled_word
from zswap_replay.units import PAGE_SIZE

CORPORA = [name for name in CLASS_NAMES if name not in (ZERO, SAME_FILLED)]

# Written down once. A page that changes changes the results of every recipe: raise CONTENT_VERSION with it.
GOLDEN = {
    "text": "dfb534e9115b09e4",
    "json": "efde5ad0c74742ce",
    "pointers": "ab2c92a7faff341b",
    "integers": "dea5dfdb55308e55",
    "code": "bfdbf5cf8f88ca19",
    "half-zero": "a4be4b9716778475",
    "random": "a9fb2d0ce9f4d2ad",
    "counters": "41e264b99bb74742",
    "digits": "cee1ec770100d4e4",
}


def page(name: str, bits: int, least: int = 0, most: int = 0) -> bytes:
    return corpus_page(corpus(name, least, most), bits)


@pytest.mark.parametrize("name", CORPORA)
def test_pages_are_the_same_bytes_everywhere(name: str) -> None:
    pages = b"".join(page(name, mix64(i), 0, MAX_SPREAD) for i in range(64))
    assert GOLDEN[name] == hashlib.sha256(pages).hexdigest()[:16]


def test_the_vectorised_stream_is_splitmix64() -> None:
    # The first outputs of the reference implementation, seeded with 1234567.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert expected == stream(1234567, 4).tolist()


@pytest.mark.parametrize("name", CORPORA)
def test_a_corpus_has_a_whole_page_at_every_place(name: str) -> None:
    assert CORPUS_SIZE + PAGE_SIZE == len(corpus(name))


@pytest.mark.parametrize("bits", [0, 1, (1 << 64) - 1, 0x8000000000000000])
@pytest.mark.parametrize("name", CORPORA)
def test_a_page_is_4096_bytes_at_the_ends_of_the_range(name: str, bits: int) -> None:
    assert 4096 == len(page(name, bits))


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize(("least", "most"), [(0, 1), (0, 64), (64, 64), (200, 1024), (1024, 1024)])
def test_about_as_many_bytes_are_scattered_as_asked_for(least: int, most: int) -> None:
    plain, scattered = corpus("text"), corpus("text", least, most)
    assert len(plain) == len(scattered)
    counts = [
        sum(a != b for a, b in zip(plain[at : at + 4096], scattered[at : at + 4096], strict=True))
        for at in range(0, len(plain), 4096)
    ]
    for number, count in enumerate(counts):
        asked = least + (most - least) * number / 256
        # Some fall on their like, and where they are dense some on one place.
        assert 0.75 * asked - 8 <= count <= asked + 8


@pytest.mark.parametrize("name", ["text", "json", "pointers", "integers", "code"])
def test_more_spread_compresses_worse(name: str) -> None:
    def size(spread: int) -> int:
        return sum(len(zlib.compress(page(name, mix64(i), spread, spread))) for i in range(16))

    sizes = [size(spread) for spread in (0, 64, 128, 256, 512, 1024)]
    assert sorted(set(sizes)) == sizes


def test_random_pages_do_not_compress() -> None:
    assert all(len(zlib.compress(page("random", mix64(i)))) > PAGE_SIZE for i in range(16))


def test_a_half_zero_page_has_its_zeros_in_one_piece_or_two() -> None:
    for i in range(16):
        zeros = page("half-zero", mix64(i)).count(0)
        assert 2048 - 16 <= zeros <= 2048 + 32  # the header may lie on zeros, and noise has some too


def test_same_filled_words_are_never_zero() -> None:
    assert all(same_filled_word(mix64(i)) for i in range(1000))
    assert 1 == same_filled_word(0)


def test_a_same_filled_page_repeats_its_word_little_endian() -> None:
    assert b"\x02\x01\0\0\0\0\0\0" * 512 == same_filled_page(0x0102)
