"""TOML that Python's parser takes, and nothing that reads it could print."""

from __future__ import annotations

import pytest

from zswap_replay.errors import CostError, RecipeError, SettingsError
from zswap_replay.inputs.toml_text import parse_toml
from zswap_replay.payload.recipe import Recipe, load_recipe
from zswap_replay.result.cost_profile import load_profile
from zswap_replay.trace.workload import load_workload


def test_what_people_write_is_read() -> None:
    assert {"a": {"b": [1, {"c": 2}]}, "seed": (1 << 64) - 1} == parse_toml(
        "a.b = [1, {c = 2}]\nseed = 18446744073709551615"
    )


@pytest.mark.no_cover  # what it runs is run by the tests around it too
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (".".join("a" * 5000) + " = 1", "a: found values inside values, more than 50 deep"),
        ("a = " + "[" * 5000 + "]" * 5000, "values inside values"),
        ("[[a]]\nb = 0x" + "f" * 5000, "b: found a number that does not fit 64 bits"),
        ("b = -9223372036854775809", "b: found a number that does not fit 64 bits"),
        ("b = " + "9" * 5000, "Exceeds the limit"),
        ("b = ", "Invalid value"),
    ],
)
def test_what_is_refused_is_one_line_of_every_reader(
    tmp_path_factory: pytest.TempPathFactory, text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        parse_toml(text)
    path = tmp_path_factory.mktemp("toml") / "x.toml"
    path.write_text(text)
    for read, error in (
        (load_recipe, RecipeError),
        (load_profile, CostError),
        (load_workload, SettingsError),
    ):
        with pytest.raises(error, match=rf"x\.toml: not TOML: .*{why}"):
            read(path)


def test_a_recipe_of_json_has_numbers_that_a_float_holds() -> None:
    with pytest.raises(RecipeError, match=r"recipe: classes\.zero\.share: .* is not a number"):
        Recipe.from_json({"name": "x", "version": 1, "classes": {"zero": {"share": 10**400}}})
