from __future__ import annotations

import pytest

from zswap_replay.codec.base import get_codec
from zswap_replay.codec.contents import MOST_FAULTS, ClassTally, Contents, Verify
from zswap_replay.errors import CodecError
from zswap_replay.payload.recipe import ClassShare, Recipe, load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE


class Source:
    """Content 0 is zero, 1 same-filled, 2 to 9 compress, all others are refused by `Halves`."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def page(self, content: int) -> bytes:
        self.made.append(content)
        return bytes([content & 0xFF]) * PAGE_SIZE

    def same_filled(self, content: int) -> int | None:
        return {0: 0, 1: 0x0101010101010101}.get(content)

    def class_of(self, content: int) -> str:
        return {0: "zero", 1: "same-filled"}.get(content, "low" if content < 10 else "high")


class Halves:
    """Keeps the first half of a page, and refuses bytes of 10 and more."""

    name = "halves:1"
    kernel_name = "halves"
    damage = b""

    def compress(self, page: bytes) -> bytes | None:
        return page[: PAGE_SIZE // 2] if page[0] < 10 else None

    def decompress(self, data: bytes) -> bytes:
        if self.damage == b"cannot":
            raise CodecError("halves:1: corrupt")
        return self.damage or data * 2

    def versions(self) -> dict[str, str]:
        return {}

    def deviation(self) -> str | None:
        return None


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def codec() -> Halves:
    return Halves()


def test_a_stored_page_is_kept_until_it_is_freed(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    assert 2048 == contents.zswap_compress(5, 2)
    contents.zswap_decompress(5, 2)
    contents.zswap_decompress(5, 2)
    contents.free(5)
    assert 2048 == contents.zswap_compress(5, 3)
    contents.zswap_decompress(5, 3)
    assert 0 == contents.mismatches


def test_a_refused_page_is_not_kept(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    assert 0 == contents.zswap_compress(0, 10)
    with pytest.raises(LookupError):
        contents.free(0)
    assert 2048 == contents.zswap_compress(0, 2)


def test_a_raw_page_is_kept_as_it_is(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    codec.damage = b"cannot"  # nothing decompresses a raw page
    contents.keep_raw(7, 10)
    contents.zswap_decompress(7, 10)
    contents.zswap_decompress(7, 11)
    assert "halves:1: content 11 came back from the pool with other bytes" == contents.fault
    contents.free(7)
    codec.damage = b""
    contents.zswap_compress(7, 2)  # the entry is not taken to be raw any more
    contents.zswap_decompress(7, 2)


def test_an_entry_must_be_kept_once_and_freed_once(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    for entry in (0, 5000):
        with pytest.raises(LookupError):
            contents.free(entry)
        with pytest.raises(LookupError):
            contents.zswap_decompress(entry, 2)
        contents.zswap_compress(entry, 2)
        with pytest.raises(LookupError, match="kept under it already"):
            contents.zswap_compress(entry, 2)
        with pytest.raises(LookupError, match="kept under it already"):
            contents.keep_raw(entry, 2)
        contents.free(entry)
        with pytest.raises(LookupError, match="nothing is kept"):
            contents.free(entry)
        with pytest.raises(LookupError, match="nothing is kept"):
            contents.zswap_decompress(entry, 2)


def test_a_page_that_comes_back_different_names_codec_and_content(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    contents.zswap_compress(0, 2)
    codec.damage = b"\2" * (PAGE_SIZE - 1)
    assert "" == contents.fault
    contents.zswap_decompress(0, 2)
    assert "halves:1: content 2 came back from the pool with other bytes" == contents.fault
    contents.zswap_compress(1, 4)
    codec.damage = b"cannot"
    contents.zswap_decompress(1, 4)
    contents.zswap_decompress(0, 2)  # a content is named once, whatever befalls it
    assert (
        "halves:1: content 2 came back from the pool with other bytes, "
        "content 4 does not decompress: halves:1: corrupt"
    ) == contents.fault
    assert 3 == contents.mismatches


def test_of_many_mismatches_the_first_contents_are_named(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    for entry in range(MOST_FAULTS + 1):
        contents.zswap_compress(entry, 256 * entry + 2)
    codec.damage = b"cannot"
    for entry in range(MOST_FAULTS + 1):
        contents.zswap_decompress(entry, 256 * entry + 2)
        assert (entry >= MOST_FAULTS) == contents.fault.endswith(", and others")
    assert MOST_FAULTS == contents.fault.count("does not decompress")
    assert MOST_FAULTS + 1 == contents.mismatches


def test_off_compares_nothing_but_still_decompresses(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec, verify="off")
    for content in (0, 2):
        contents.zswap_compress(content, content)
        codec.damage = b"other"
        contents.zswap_decompress(content, content)
        codec.damage = b"cannot"
        before = contents.mismatches
        contents.zswap_decompress(content, content)
        assert before + 1 == contents.mismatches
        codec.damage = b""
    assert [0, 2] == source.made


@pytest.mark.parametrize(
    ("verify", "least", "most"), [("all", 3200, 3200), ("sample", 150, 250), ("off", 0, 0)]
)
def test_how_many_loads_are_compared(verify: Verify, least: int, most: int) -> None:
    recipe = Recipe("x", (ClassShare("json", 1.0),))
    contents = Contents(Wrong(recipe, 0), get_codec("lz4"), verify)
    for content in range(3200):
        contents.zswap_compress(content, content)
    for content in range(3200):
        contents.zswap_decompress(content, content)
    assert least <= contents.mismatches <= most


@pytest.mark.parametrize(("verify", "least", "most"), [("all", 800, 800), ("sample", 30, 70), ("off", 0, 0)])
def test_a_codec_that_gives_other_bytes_back_is_noticed(verify: Verify, least: int, most: int) -> None:
    contents = Contents(GeneratedPages(Recipe("x", (ClassShare("json", 1.0),)), 0), Wrongly(), verify)
    for content in range(800):
        contents.zswap_compress(content, content)
        contents.zswap_decompress(content, content)
    assert least <= contents.mismatches <= most


class Wrongly(Halves):
    """Keeps pages whole, and gives them back with another last byte."""

    def compress(self, page: bytes) -> bytes:
        return page

    def decompress(self, data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])


class Wrong(GeneratedPages):
    """Never makes a content twice alike."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        super().__init__(recipe, seed)
        self._times = 0

    def page(self, content: int) -> bytes:
        self._times += 1
        return self._times.to_bytes(4, "little") + super().page(content)[4:]


def test_which_loads_a_sample_compares_does_not_depend_on_the_order() -> None:
    def compared(ids: list[int]) -> set[int]:
        source = Source()
        contents = Contents(source, Halves(), "sample")
        for content in ids:
            contents.zswap_compress(0, content)
            contents.zswap_decompress(0, content)
            contents.free(0)
        return {content for content in ids if source.made.count(content) == 2}

    ids = [256 * i + 2 for i in range(200)]
    assert compared(ids) == compared(ids[::-1])
    assert 0 < len(compared(ids)) < 40


def test_same_filled_pages(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    assert [1, 2, 0] == [contents.same_filled(content) for content in (0, 1, 2)]
    assert [] == source.made


def test_pages_are_tallied_by_class(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    for content in range(2, 12):
        contents.zswap_compress(content, content)
    contents.keep_raw(11, 11)
    contents.count_same_filled(0)
    contents.count_same_filled(0)
    expected = [
        ClassTally("high", stored=1, refused=2, bytes_out=4096),
        ClassTally("low", stored=8, bytes_out=8 * 2048),
        ClassTally("zero", same_filled=2),
    ]
    rows = contents.class_ratios()
    assert expected == rows
    assert [(3, 4096, 1.0), (8, 32768, 2.0), (0, 0, None)] == [(r.pages, r.bytes_in, r.ratio) for r in rows]


def test_rows_do_not_change_after_they_were_given(source: Source, codec: Halves) -> None:
    contents = Contents(source, codec)
    contents.zswap_compress(0, 2)
    (row,) = contents.class_ratios()
    contents.zswap_compress(1, 3)
    assert 1 == row.stored


def test_time_is_measured_by_call(source: Source, codec: Halves, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0

    def clock() -> int:
        nonlocal now
        now += 1
        return now

    monkeypatch.setattr("zswap_replay.codec.contents.perf_counter_ns", clock)
    contents = Contents(source, codec)
    contents.zswap_compress(0, 2)
    contents.zswap_compress(1, 10)
    contents.keep_raw(1, 10)
    contents.zswap_decompress(0, 2)
    contents.zswap_decompress(1, 10)
    timing = contents.timing
    assert (2, 2) == (timing.compress_ns, timing.compress_calls)
    assert (1, 1) == (timing.decompress_ns, timing.decompress_calls)
    assert 5 == timing.payload_ns


def test_a_life_of_stores_loads_and_frees_with_a_real_codec() -> None:
    contents = Contents(GeneratedPages(load_recipe("default"), 3), get_codec("zstd"))
    kept: dict[int, int] = {}
    for content in range(600):
        entry = content % 97
        if entry in kept:
            contents.zswap_decompress(entry, kept.pop(entry))
            contents.free(entry)
        if contents.zswap_compress(entry, content):
            kept[entry] = content
    assert kept
    assert 0 == contents.mismatches
