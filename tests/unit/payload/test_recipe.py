from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from zswap_replay.errors import RecipeError
from zswap_replay.payload.recipe import (
    ClassShare,
    Duplicates,
    Override,
    Recipe,
    builtin_recipes,
    load_recipe,
)

WHOLE = """
name = "mine"
version = 1

[duplicates]
share = 0.1
working_set = 16

[classes]
zero = { share = 0.25 }
text = { share = 0.75, spread = [8, 64] }

[[override]]
memcg = "/web"
classes = { json = { share = 1 } }

[[override]]
memcg = "/web/cache"
classes = { random = { share = 1.0 } }
"""

HEAD = 'name = "x"\nversion = 1\n'
MIX = HEAD + "[classes]\n"


def mine() -> Recipe:
    return Recipe(
        name="mine",
        classes=(ClassShare("zero", 0.25), ClassShare("text", 0.75, (8, 64))),
        duplicates=Duplicates(0.1, 16),
        overrides=(
            Override("/web", (ClassShare("json", 1.0),)),
            Override("/web/cache", (ClassShare("random", 1.0),)),
        ),
    )


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_file_says_all_of_a_recipe(tmp_path: Path) -> None:
    assert mine() == load_recipe(written(tmp_path, WHOLE))


def test_a_recipe_comes_back_from_json_text_and_object() -> None:
    assert mine() == Recipe.from_json(mine().as_json())
    assert mine() == Recipe.from_json(json.dumps(mine().as_json()))


def test_a_class_may_have_several_parts_that_are_filled_in_part(tmp_path: Path) -> None:
    recipe = load_recipe(
        written(
            tmp_path,
            MIX + "zero = { share = 0.25 }\n"
            "text = [\n { share = 0.5, spread = [0, 9], filled = [16, 2048] },\n { share = 0.25 },\n]",
        )
    )
    assert recipe.classes == (
        ClassShare("zero", 0.25),
        ClassShare("text", 0.5, (0, 9), (16, 2048)),
        ClassShare("text", 0.25),
    )
    assert recipe == Recipe.from_json(recipe.as_json())
    assert {"share": 0.25, "spread": [0, 0]} == recipe.as_json()["classes"][
        "zero"
    ]  # as it was before there were parts


def test_the_built_in_recipes_load_under_their_names() -> None:
    expected = ("default", "desktop", "incompressible", "media", "server")
    assert expected == builtin_recipes()
    assert expected == tuple(load_recipe(name).name for name in expected)


@pytest.mark.parametrize(
    ("group", "memcg"),
    [
        (0, "/"),
        (0, "/db"),
        (0, "/website"),
        (1, "/web"),
        (1, "/web/a/b"),
        (2, "/web/cache"),
        (2, "/web/cache/x"),
    ],
)
def test_the_most_specific_override_holds(group: int, memcg: str) -> None:
    assert group == mine().group(memcg)
    backwards = Recipe("x", mine().classes, overrides=mine().overrides[::-1])
    assert {0: 0, 1: 2, 2: 1}[group] == backwards.group(memcg)


def test_an_override_of_the_root_holds_for_all() -> None:
    recipe = Recipe("x", mine().classes, overrides=(Override("/", mine().classes),))
    assert [1, 1] == [recipe.group("/"), recipe.group("/a/b")]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("not TOML", "name = "),
        ("recipe: name is missing", "version = 1\n[classes]\ntext = {share=1}"),
        ("recipe: classes is missing", HEAD),
        ("recipe: unknown key 'clases'; known are", HEAD + "clases = 1"),
        ("name: 3 is not a string", "name = 3\nversion = 1\n[classes]\ntext = {share=1}"),
        (
            "version: 2, but this program makes content of version 1",
            MIX.replace("1", "2") + "text = {share=1}",
        ),
        ("version: true is not a whole number", MIX.replace("1", "true") + "text = {share=1}"),
        ("classes: unknown key 'txt'; known are", MIX + "txt = {share=1}"),
        ("classes: not a table", HEAD + "classes = 3"),
        ("classes.text: share is missing", MIX + "text = {}"),
        ("classes.text: not a table", MIX + "text = 1"),
        ("classes.text: unknown key 'shares'", MIX + "text = {shares=1}"),
        ("classes.text.share: 'all' is not a number", MIX + 'text = {share="all"}'),
        ("text.share: -0.5 is not between 0 and 1", MIX + "text = {share=-0.5}\nzero = {share=1.5}"),
        ("text.share: nan is not between 0 and 1", MIX + "text = {share=nan}"),
        ("the shares add up to 90 %, not to 100 %", MIX + "text = {share=0.4}\nzero = {share=0.5}"),
        (
            "text.spread: [-1, 3] is not a range within 0 to 1024 bytes",
            MIX + "text = {share=1, spread=[-1, 3]}",
        ),
        ("text.spread: [5, 3] is not a range", MIX + "text = {share=1, spread=[5, 3]}"),
        ("text.spread: [0, 1025] is not a range", MIX + "text = {share=1, spread=[0, 1025]}"),
        ("classes.text.spread: [1] is not two whole numbers", MIX + "text = {share=1, spread=[1]}"),
        ("classes.text.spread: [0, 1.5] is not two", MIX + "text = {share=1, spread=[0, 1.5]}"),
        ("zero.spread: a page with random bytes in it is not zero", MIX + "zero = {share=1, spread=[0, 9]}"),
        ("text.filled: [15, 20] is not a range within 16 to 4096", MIX + "text = {share=1, filled=[15, 20]}"),
        ("text.filled: [16, 4097] is not a range", MIX + "text = {share=1, filled=[16, 4097]}"),
        ("text.filled: [30, 20] is not a range", MIX + "text = {share=1, filled=[30, 20]}"),
        ("zero.filled: a page that is filled in part is not zero", MIX + "zero = {share=1, filled=[16, 20]}"),
        ("classes.text 2.filled: [16] is not two", MIX + "text = [{share=1}, {share=0, filled=[16]}]"),
        ("classes.text: an empty list; expected one part or more", MIX + "text = []"),
        ("classes.text 1: not a table", MIX + "text = [1]"),
        ("duplicates.share: 2.0 is not between", HEAD + "duplicates = {share=2}\nclasses.text.share = 1"),
        (
            "duplicates.working_set: 0 is not at least",
            HEAD + "duplicates.working_set = 0\nclasses.text.share = 1",
        ),
        (
            "duplicates.working_set: 1.5 is not a whole",
            HEAD + "duplicates.working_set = 1.5\nclasses.text.share = 1",
        ),
        ("override: not a list of tables", HEAD + "override = 1\nclasses.text.share = 1"),
        ("override 1: memcg is missing", WHOLE.replace('memcg = "/web"\n', "")),
        ("override 1: memcg: 'web' is not a path", WHOLE.replace('"/web"', '"web"')),
        ("override 1: memcg: '/web/' is not a path", WHOLE.replace('"/web"', '"/web/"')),
        ("override 2: classes: the shares add up to 50 %", WHOLE.replace("1.0", "0.5")),
        ("override: /web has two", WHOLE.replace("/web/cache", "/web")),
    ],
)
def test_a_bad_recipe_is_refused_in_one_line(tmp_path: Path, said: str, text: str) -> None:
    path = written(tmp_path, text)
    said = said.replace("true", "True")
    with pytest.raises(RecipeError, match=re.escape(said)) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(RecipeError, match="not TOML"):
        load_recipe(path)


def test_an_unknown_name_lists_the_built_in_ones(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such file, and the built-in recipes are default, desktop, inc"):
        load_recipe("defalt")
    with pytest.raises(RecipeError, match="directory"):
        load_recipe(tmp_path)


def test_bad_json_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"trace\.parquet: not JSON"):
        Recipe.from_json("{", "trace.parquet")
    with pytest.raises(RecipeError, match="recipe: not a table"):
        Recipe.from_json("[]")


def test_more_overrides_than_a_content_id_can_name_are_refused() -> None:
    classes = (ClassShare("text", 1.0),)
    overrides = tuple(Override(f"/{i}", classes) for i in range(128))
    assert 127 == Recipe("x", classes, overrides=overrides[:127]).group("/126")
    with pytest.raises(RecipeError, match="at most 127"):
        Recipe("x", classes, overrides=overrides)
