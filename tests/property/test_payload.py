from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from zswap_replay.lib.splitmix import MASK, mix64, stream
from zswap_replay.payload.classes import CLASS_NAMES, MAX_SPREAD, SAME_FILLED, ZERO
from zswap_replay.payload.recipe import ClassShare, Duplicates, Override, Recipe, load_recipe
from zswap_replay.payload.source import GeneratedPages
from zswap_replay.units import PAGE_SIZE

contents = st.integers(0, MASK)
seeds = st.integers(0, MASK)
paths = st.lists(st.sampled_from("abc"), max_size=4).map(lambda parts: "/" + "/".join(parts))

SPREADS = [(0, 0), (3, 64), (200, MAX_SPREAD)]  # few, since each makes a corpus

# The first page of a class waits for its corpus.


@st.composite
def mixes(draw: st.DrawFn) -> tuple[ClassShare, ...]:
    names = draw(st.lists(st.sampled_from(CLASS_NAMES), min_size=1, unique=True))
    weights = [draw(st.integers(1, 100)) for _ in names]
    spreads = [(0, 0) if name in (ZERO, SAME_FILLED) else draw(st.sampled_from(SPREADS)) for name in names]
    return tuple(
        ClassShare(name, weight / sum(weights), spread)
        for name, weight, spread in zip(names, weights, spreads, strict=True)
    )


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    return Recipe(
        name=draw(st.text()),
        classes=draw(mixes()),
        duplicates=Duplicates(draw(st.floats(0, 1)), draw(st.integers(1, 100))),
        overrides=tuple(
            Override(path, draw(mixes())) for path in draw(st.lists(paths, unique=True, max_size=3))
        ),
    )


@given(recipes(), seeds, st.lists(contents, min_size=1, max_size=8))
def test_a_page_depends_on_recipe_seed_and_content_alone(recipe: Recipe, seed: int, ids: list[int]) -> None:
    source = GeneratedPages(recipe, seed)
    forwards = [(source.page(i), source.same_filled(i), source.class_of(i)) for i in ids]
    again = GeneratedPages(Recipe.from_json(json.dumps(recipe.as_json())), seed)
    backwards = [(again.page(i), again.same_filled(i), again.class_of(i)) for i in reversed(ids)]
    assert forwards == backwards[::-1]


@given(recipes(), seeds, contents)
def test_same_filled_says_what_the_page_shows(recipe: Recipe, seed: int, content: int) -> None:
    source = GeneratedPages(recipe, seed)
    word, page = source.same_filled(content), source.page(content)
    assert PAGE_SIZE == len(page)
    assert (word is not None) == (page == page[:8] * (PAGE_SIZE // 8))
    assert word in (None, int.from_bytes(page[:8], "little"))
    assert {None: source.class_of(content), 0: ZERO}.get(word, SAME_FILLED) == source.class_of(content)


@given(recipes())
def test_a_recipe_comes_back_from_its_json(recipe: Recipe) -> None:
    assert recipe == Recipe.from_json(json.dumps(recipe.as_json()))


@given(recipes(), paths)
def test_the_group_is_the_longest_path_above(recipe: Recipe, memcg: str) -> None:
    ancestors = [memcg[:end] for end, letter in enumerate(memcg + "/") if letter == "/" and end] + ["/"]
    found = [number for number, o in enumerate(recipe.overrides, 1) if o.memcg in ancestors]
    expected = max(found, key=lambda number: len(recipe.overrides[number - 1].memcg), default=0)
    assert expected == recipe.group(memcg)


@given(st.lists(contents, unique=True, min_size=2, max_size=50))
def test_mixing_keeps_integers_apart(values: list[int]) -> None:
    mixed = {mix64(value) for value in values}
    assert len(values) == len(mixed)
    assert all(0 <= value <= MASK for value in mixed)


@given(seeds, st.integers(1, 50))
def test_a_stream_is_the_mix_of_its_steps(key: int, count: int) -> None:
    expected = [mix64((key + step * 0x9E3779B97F4A7C15) & MASK) for step in range(1, count + 1)]
    assert expected == stream(key, count).tolist()


@given(contents)
def test_the_default_recipe_makes_every_content(content: int) -> None:
    assert PAGE_SIZE == len(GeneratedPages(load_recipe("default"), 0).page(content))
