"""The bytes of pages and what is counted of them: a golden digest a recipe, the same compiled and interpreted."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.environment import interpreted
from tests.golden import assert_golden
from zswap_replay.codec.base import get_codec
from zswap_replay.codec.contents import Contents, Verify
from zswap_replay.lib.splitmix import MASK, mix64
from zswap_replay.machine import compiled
from zswap_replay.payload.recipe import ClassShare, Duplicates, Override, Recipe, builtin_recipes, load_recipe
from zswap_replay.payload.source import DERIVED, GROUP_SHIFT, GeneratedPages

SEEDS = (0, 7, MASK)

GROUPED = Recipe(
    "grouped",
    (ClassShare("text", 0.5, (3, 64)), ClassShare("zero", 0.25), ClassShare("same-filled", 0.25)),
    Duplicates(0.3, 50),
    (
        Override("/a", (ClassShare("zero", 1.0),)),
        Override("/a/b", (ClassShare("json", 1 / 3), ClassShare("code", 1 / 3), ClassShare("random", 1 / 3))),
        Override("/c", (ClassShare("same-filled", 0.0), ClassShare("pointers", 1.0, (0, 1024)))),
    ),
)
"""Has twins, overrides, a class of no share and bounds that are no round numbers."""


FILLED = Recipe(
    "filled",
    (
        ClassShare("random", 0.25, filled=(16, 4096)),
        ClassShare("digits", 0.25, (8, 32), (100, 100)),
        ClassShare("digits", 0.25),
        ClassShare("counters", 0.25, (0, 64), (17, 900)),
    ),
    Duplicates(0.2, 30),
)
"""Has parts of one class, and pages that are filled in part."""


def ids(count: int) -> Iterator[int]:
    """Small ids, ids from all 64 bits, and derived ones of the groups 0 to 5."""
    for i in range(count):
        yield (i, mix64(i), DERIVED | i % 6 << GROUP_SHIFT | mix64(i) >> 64 - GROUP_SHIFT)[i % 3]


def pages_digest(recipe: Recipe, seed: int, count: int) -> str:
    """Of the bytes, the words and the classes, asked for in every order."""
    source, digest = GeneratedPages(recipe, seed), hashlib.sha256()
    for i, content in enumerate(ids(count)):
        if i % 2:
            name, word = source.class_of(content), source.same_filled(content)
            page = source.page(content)
        else:
            page = source.page(content)
            word, name = source.same_filled(content), source.class_of(content)
        digest.update(page)
        digest.update(f"{content} {word} {name}\n".encode())
    return digest.hexdigest()


class Counted(GeneratedPages):
    """Knows how many pages it was asked for."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        super().__init__(recipe, seed)
        self.made = 0

    def page(self, content: int) -> bytes:
        self.made += 1
        return super().page(content)


def tallies(recipe: Recipe, compressor: str, verify: Verify, count: int) -> str:
    """The lengths of stores, and what was counted over lives of stores, loads, raw pages and frees."""
    source = Counted(recipe, 3)
    contents = Contents(source, get_codec(compressor), verify)
    lengths, held = hashlib.sha256(), dict[int, int]()
    for content in ids(count):
        entry = content % 1013
        if entry in held:
            contents.zswap_decompress(entry, held.pop(entry))
            contents.free(entry)
        kind = contents.same_filled(content)
        if kind:
            contents.count_same_filled(content)
            continue
        length = contents.zswap_compress(entry, content)
        if not length and content % 2:
            contents.keep_raw(entry, content)
            length = 4096
        if length:
            held[entry] = content
        lengths.update(f"{content} {kind} {length}\n".encode())
    calls = contents.timing.compress_calls, contents.timing.decompress_calls
    rows = "".join(
        f"  {row.name} {row.stored} {row.same_filled} {row.refused} {row.bytes_out}\n"
        for row in contents.class_ratios()
    )
    digest = hashlib.sha256(f"{lengths.hexdigest()}\n{rows}".encode()).hexdigest()
    return f"{source.made} made, {calls[0]} compressed, {calls[1]} decompressed, tallies {digest}\n"


def recipes() -> list[Recipe]:
    return [*(load_recipe(name) for name in builtin_recipes()), GROUPED, FILLED]


def all_pages(count: int) -> str:
    return "".join(
        f"{recipe.name}, seed {seed}: {pages_digest(recipe, seed, count)}\n"
        for recipe in recipes()
        for seed in SEEDS
    )


def all_tallies(compressor: str, count: int) -> str:
    ways: tuple[Verify, ...] = ("all", "sample", "off")
    return "".join(
        f"{recipe.name}, {compressor}, {verify}: {tallies(recipe, compressor, verify, count)}"
        for recipe in recipes()
        for verify in ways
    )


def test_pages_are_what_they_were() -> None:
    assert_golden("payload_pages.txt", all_pages(3000))


def test_tallies_are_what_they_were() -> None:
    assert_golden("payload_tallies.txt", all_tallies("zstd", 1500))


@pytest.mark.skipif(not compiled(), reason="the core is not compiled: there is nothing to compare with")
def test_compiled_and_interpreted_modules_make_the_same() -> None:
    script = (
        "from tests.unit.payload.test_golden import all_pages, all_tallies, contents_file, source_file\n"
        "print(contents_file(), source_file())\n"
        "print(all_pages(100), all_tallies('lz4', 60))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=interpreted() | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "" == done.stderr
    files, printed = done.stdout.split("\n", 1)
    assert [".py", ".py"] == [file[-3:] for file in files.split()]
    assert ".py" not in {contents_file()[-3:], source_file()[-3:]}
    assert f"{all_pages(100)} {all_tallies('lz4', 60)}\n" == printed


def contents_file() -> str:
    from zswap_replay.codec import contents

    return contents.__file__


def source_file() -> str:
    from zswap_replay.payload import source

    return source.__file__
