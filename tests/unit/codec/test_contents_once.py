"""Contents that are compressed once: what is kept of them, and how the pages count that do not come back."""

from __future__ import annotations

import pytest

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.contents import Contents, Verify
from zswap_replay.codec.contents_once import ContentsOnce
from zswap_replay.errors import CodecError
from zswap_replay.lib.length_index import KIND_MASK, NORMAL, SAME_FILLED, ZERO_FILLED, Lengths
from zswap_replay.payload.recipe import load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE


class Damaging:
    """lz4 that refuses to give back ``damaged`` pages, garbles all if it ``garbles``, and counts the calls."""

    name = "lz4:1"
    kernel_name = "lz4"

    def __init__(self) -> None:
        self.real = get_codec("lz4")
        self.damaged: set[bytes] = set()
        self.refuses = False
        self.garbles = False
        self.compressed = 0
        self.decompressed = 0

    def compress(self, page: bytes) -> bytes | None:
        self.compressed += 1
        return None if self.refuses else self.real.compress(page)

    def decompress(self, data: bytes) -> bytes:
        self.decompressed += 1
        page = self.real.decompress(data)
        if page in self.damaged:
            raise CodecError("lz4:1: corrupt")
        return page[:-1] + bytes([page[-1] ^ 1]) if self.garbles else page

    def versions(self) -> dict[str, str]:
        return {}

    def deviation(self) -> str | None:
        return None


def source() -> GeneratedPages:
    return GeneratedPages(load_recipe("default"), 7)


def of_kind(kind: int, number: int = 0) -> int:
    """Find a content of a kind, the first one or a later one."""
    like = Contents(source(), get_codec("lz4"))
    found = [content for content in range(20_000) if like.same_filled(content) == kind]
    return found[number]


def once(codec: Damaging, verify: Verify = "all", at_once: bool = False) -> tuple[ContentsOnce, Lengths]:
    found = Lengths()
    return ContentsOnce(source(), codec, verify, found, at_once), found


def test_a_content_is_compressed_and_compared_once_however_often_it_is_stored_and_loaded() -> None:
    codec = Damaging()
    contents, found = once(codec)
    content = of_kind(NORMAL)
    length = contents.zswap_compress(3, content)
    for entry in (3, 4000):
        contents.zswap_decompress(entry, content)
        contents.free(entry)
        assert length == contents.zswap_compress(entry, content)
    assert (1, 1) == (codec.compressed, codec.decompressed)
    at = found.find(content)
    assert (length, contents.kind_and_class(content)) == (found.length_at(at), found.kind_at(at))
    assert 0 == contents.mismatches
    assert [(3, 3 * length)] == [(row.stored, row.bytes_out) for row in contents.class_ratios()]
    assert (1, 1) == (contents.timing.compress_calls, contents.timing.decompress_calls)


def test_a_page_that_does_not_come_back_is_met_where_it_is_loaded() -> None:
    codec = Damaging()
    contents, found = once(codec)
    bad, good = of_kind(NORMAL), of_kind(NORMAL, 1)
    codec.damaged = {source().page(bad)}
    contents.zswap_compress(5, bad)
    contents.zswap_compress(6, good)
    assert -1 == found.find(bad)
    assert 0 == contents.mismatches
    for _ in range(2):
        contents.zswap_decompress(5, bad)
        contents.zswap_decompress(6, good)
    assert 2 == contents.mismatches
    assert f"lz4:1: content {bad} does not decompress: lz4:1: corrupt" == contents.fault
    contents.free(5)
    contents.zswap_decompress(5, bad)  # nothing is kept any more
    assert 2 == contents.mismatches


@pytest.mark.parametrize(("verify", "compared"), [("all", 1000), ("sample", 62), ("off", 0)])
def test_verify_says_how_many_are_compared_and_all_are_decompressed(verify: Verify, compared: int) -> None:
    codec = Damaging()
    codec.garbles = True
    contents, found = once(codec, verify)
    refused = sum(contents.zswap_compress(content, content) == 0 for content in range(1000))
    not_back = sum(found.find(content) < 0 for content in range(1000))
    assert compared - refused - 20 <= not_back <= compared + 20
    assert 1000 - refused == codec.decompressed
    codec.damaged = {source().page(content) for content in range(1000, 1100)}
    for content in range(1000, 1100):
        assert contents.zswap_compress(content, content) == 0 or found.find(content) < 0


def test_a_page_that_is_refused_or_kept_as_it_is_has_nothing_to_compare() -> None:
    codec = Damaging()
    codec.refuses = True
    contents, found = once(codec)
    content = of_kind(NORMAL)
    assert 0 == contents.zswap_compress(0, content)
    assert 0 == found.length_at(found.find(content))
    contents.keep_raw(0, content)
    contents.zswap_decompress(0, content)
    contents.free(0)
    assert (1, 0) == (codec.compressed, codec.decompressed)
    assert [(1, 1, PAGE_SIZE)] == [
        (row.stored, row.refused, row.bytes_out) for row in contents.class_ratios()
    ]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_question_for_the_kind_finds_the_length_where_one_is_enough(at_once: bool) -> None:
    codec = Damaging()
    contents, found = once(codec, at_once=at_once)
    for kind in (ZERO_FILLED, SAME_FILLED):
        assert kind == contents.same_filled(of_kind(kind))
    assert 0 == codec.compressed
    content = of_kind(NORMAL)
    assert NORMAL == contents.same_filled(content)
    assert at_once == codec.compressed
    assert at_once == (found.find(content) >= 0)
    contents.zswap_compress(0, content)
    assert 1 == codec.compressed
    assert NORMAL == found.kind_at(found.find(content)) & KIND_MASK


def test_a_state_is_that_of_contents_and_goes_on_as_one() -> None:
    codec = Damaging()
    contents, _ = once(codec)
    bad = of_kind(NORMAL)
    codec.damaged = {source().page(bad)}
    contents.zswap_compress(5, bad)
    numbers, kept = contents.state()
    other, _ = once(codec)
    other.restore(numbers, kept)
    other.zswap_decompress(5, bad)
    assert 1 == other.mismatches
