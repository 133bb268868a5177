from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from zswap_replay.errors import SettingsError
from zswap_replay.lib.splitmix import MASK, mix64
from zswap_replay.payload.recipe import ClassShare, Duplicates, Override, Recipe, load_recipe
from zswap_replay.payload.slices import CORPUS_SIZE, ZERO_PAGE, corpus_page, is_corpus_page
from zswap_replay.payload.source import DERIVED, GROUP_SHIFT, FilePages, GeneratedPages
from zswap_replay.units import PAGE_SIZE

TEXT = (ClassShare("text", 1.0, (0, 64)),)


def test_shares_are_met() -> None:
    recipe = load_recipe("default")
    source = GeneratedPages(recipe, 7)
    count = Counter(source.class_of(i) for i in range(20_000))
    for share in recipe.classes:
        # Four standard deviations; of the classes with a twin the working set is part of the draw.
        assert count[share.name] == pytest.approx(20_000 * share.share, abs=4 * (20_000 * share.share) ** 0.5)


def test_a_derived_id_names_the_mix_of_its_memcg() -> None:
    recipe = Recipe("x", TEXT, overrides=(Override("/a", (ClassShare("json", 1.0),)),))
    source = GeneratedPages(recipe, 0)
    derived = DERIVED | 12345
    assert "text" == source.class_of(12345)
    assert "text" == source.class_of(derived)
    assert "json" == source.class_of(derived | 1 << GROUP_SHIFT)
    assert "text" == source.class_of(12345 | 1 << GROUP_SHIFT)  # bit 63 is not set: an id of the trace's own
    assert "text" == source.class_of(derived | 2 << GROUP_SHIFT)  # a group that the recipe does not have
    assert "text" == source.class_of((1 << 64) - 1)


def test_seed_and_content_change_the_bytes() -> None:
    recipe = Recipe("x", TEXT)
    first, second = GeneratedPages(recipe, 1), GeneratedPages(recipe, 2)
    pages = {source.page(i) for source in (first, second) for i in range(500)}
    assert 1000 == len(pages)
    assert first.page(3) == GeneratedPages(recipe, 1).page(3)


def test_duplicates_come_from_the_working_set() -> None:
    recipe = Recipe("x", TEXT, Duplicates(share=0.5, working_set=10))
    source = GeneratedPages(recipe, 0)
    count = Counter(source.page(i) for i in range(2000))
    twins = {page: times for page, times in count.items() if times > 1}
    assert 10 == len(twins)
    assert 1000 == pytest.approx(sum(twins.values()), abs=100)


def test_a_class_of_no_share_never_occurs() -> None:
    source = GeneratedPages(Recipe("x", (*TEXT, ClassShare("zero", 0.0))), 0)
    assert {"text"} == {source.class_of(i) for i in range(200)}


def test_a_zero_page_and_another_same_filled_page() -> None:
    zero = GeneratedPages(Recipe("x", (ClassShare("zero", 1.0),)), 0)
    assert (0, "zero", bytes(PAGE_SIZE)) == (zero.same_filled(1), zero.class_of(1), zero.page(1))
    other = GeneratedPages(Recipe("x", (ClassShare("same-filled", 1.0),)), 0)
    word = other.same_filled(1)
    assert word
    assert word.to_bytes(8, "little") * 512 == other.page(1)
    assert "same-filled" == other.class_of(1)


@pytest.mark.parametrize("name", ["text", "random", "zero", "same-filled"])
def test_a_source_knows_its_own_page(name: str) -> None:
    source = GeneratedPages(Recipe("x", (ClassShare(name, 1.0),)), 5)
    for content in (0, 1, MASK):
        page = source.page(content)
        assert source.holds(content, page)
        assert not source.holds(content, page[:-1])
        assert not source.holds(content, page + b"\0")
        for place in (0, 7, 8, 15, 16, 17, 2048, PAGE_SIZE - 1):
            other = page[:place] + bytes([page[place] ^ 0x80]) + page[place + 1 :]
            assert not source.holds(content, other)
    assert not source.holds(0, page) or name == "zero"


def test_of_a_page_that_is_filled_in_part_the_rest_is_zero() -> None:
    source = GeneratedPages(Recipe("x", (ClassShare("random", 1.0, filled=(16, 2048)),)), 5)
    whole = GeneratedPages(Recipe("x", (ClassShare("random", 1.0),)), 5)
    filled = []
    for content in range(400):
        page = source.page(content)
        filled.append(len(page.rstrip(b"\0")))
        assert page[: filled[-1]] == whole.page(content)[: filled[-1]]
        assert (PAGE_SIZE, None, True) == (
            len(page),
            source.same_filled(content),
            source.holds(content, page),
        )
        assert not source.holds(content, page[:-1] + b"\1")
    assert 400 == len({source.page(content) for content in range(400)})
    assert 16 <= min(filled) < 60
    assert 2000 < max(filled) <= 2048
    assert 1032 == pytest.approx(sum(filled) / 400, abs=120)


def test_a_corpus_that_is_too_short_is_refused() -> None:
    short = bytes(CORPUS_SIZE + PAGE_SIZE - 1)
    for function in (corpus_page, lambda corpus, bits: is_corpus_page(ZERO_PAGE, corpus, bits)):
        with pytest.raises(ValueError, match="1052671 bytes of a corpus; it has 1052672"):
            function(short, 0)


@pytest.fixture
def pages_file(tmp_path: Path) -> Path:
    path = tmp_path / "pages.bin"
    nearly = bytearray(b"abcdefgh" * 512)
    nearly[2000] ^= 1
    path.write_bytes(bytes(PAGE_SIZE) + b"\x01\x02\0\0\0\0\0\0" * 512 + bytes(nearly))
    return path


def test_pages_of_a_file(pages_file: Path) -> None:
    source = FilePages(pages_file)
    assert pages_file.read_bytes() == b"".join(source.page(i) for i in range(3))
    assert [0, 0x0201, None] == [source.same_filled(i) for i in range(3)]
    assert ["zero", "same-filled", "other"] == [source.class_of(i) for i in range(3)]


@pytest.mark.parametrize("content", [3, 1 << 63, (1 << 64) - 1])
def test_a_content_past_the_end_of_the_file_has_the_page_that_a_hash_picks(
    pages_file: Path, content: int
) -> None:
    source = FilePages(pages_file)
    assert source.page(mix64(content) % 3) == source.page(content) == FilePages(pages_file).page(content)


def test_contents_past_the_end_are_spread_over_the_pages(pages_file: Path) -> None:
    source = FilePages(pages_file)
    pages = [source.page(content) for content in range(3, 303)]
    assert [True] * 3 == [70 < pages.count(source.page(i)) < 130 for i in range(3)]


@pytest.mark.parametrize("size", [1, 4095, 4097])
def test_a_last_page_that_lacks_bytes_is_filled_with_zeros(tmp_path: Path, size: int) -> None:
    path = tmp_path / "pages.bin"
    path.write_bytes(b"x" * size)
    source = FilePages(path)
    last = (size - 1) // PAGE_SIZE
    assert last + 1 == source.count()
    assert b"x" * (size - last * PAGE_SIZE) == source.page(last).rstrip(b"\0")
    assert PAGE_SIZE == len(source.page(last)) == len(source.page(1 << 63))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pages.bin"
    path.touch()
    with pytest.raises(SettingsError, match=r"found an empty file; expected pages of 4096 bytes"):
        FilePages(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.bin: No such file"):
        FilePages(tmp_path / "none.bin")
