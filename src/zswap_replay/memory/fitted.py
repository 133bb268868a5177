"""A fitted recipe, how near it comes to what was measured, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zswap_replay.payload.recipe import Recipe

PLACES: Final = 5
"""Decimals of a share."""

MOST_OFF: Final = 0.02
"""Share by which a recipe's ratio may be off that measured; what is more is warned of."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a recipe comes to what was measured, under one compressor."""

    compressor: str
    distance: float
    """Kolmogorov-Smirnov: the greatest difference of the two distributions of lengths, refused pages the longest."""
    measured: float | None
    """Bytes of the stored pages over what they take of a well-filled zsmalloc pool; None where none is stored."""
    fitted: float | None

    @property
    def difference(self) -> float | None:
        """The recipe's ratio against that measured, as a share of the latter."""
        if self.measured is None or self.fitted is None:
            return None
        return self.fitted / self.measured - 1


@dataclass(frozen=True, slots=True)
class Fitted:
    """A recipe, and how near it comes."""

    recipe: Recipe
    pages: int
    """Pages that were measured and that no one word fills."""
    nearness: tuple[Nearness, ...]


def as_json(fitted: Fitted) -> dict[str, Any]:
    """Return a recipe and how near it comes, as a JSON object."""
    return {
        "recipe": fitted.recipe.as_json(),
        "pages": fitted.pages,
        "compressors": {
            each.compressor: {
                "ks_distance": each.distance,
                "ratio_measured": each.measured,
                "ratio_fitted": each.fitted,
                "ratio_difference": each.difference,
            }
            for each in fitted.nearness
        },
    }


def as_toml(fitted: Fitted) -> str:
    """Spell a recipe as the file that ``--recipe`` takes, with how near it comes."""
    recipe = fitted.recipe
    told = [f"# Fitted to {fitted.pages:,} pages that no one word fills; each line is a part of the mix."]
    told += [
        f"# {each.compressor}: Kolmogorov-Smirnov distance {each.distance:.3f}, ratio {_spelled(each.fitted)} "
        f"(measured {_spelled(each.measured)})"
        for each in fitted.nearness
    ]
    lines = [*told, "", f'name = "{_escaped(recipe.name)}"', f"version = {recipe.version}", ""]
    if recipe.duplicates.share:
        lines += ["[duplicates]", f"share = {recipe.duplicates.share}"]
        lines += [f"working_set = {recipe.duplicates.working_set}", ""]
    lines.append("[classes]")
    described: Mapping[str, object] = recipe.as_json()["classes"]
    for name, value in described.items():
        if isinstance(value, list):
            lines += [f"{name} = [", *(f"    {_table(part)}," for part in value), "]"]
        else:
            lines.append(f"{name} = {_table(value)}")
    return "\n".join(lines) + "\n"


def _table(part: object) -> str:
    assert isinstance(part, Mapping)
    shown = {key: value for key, value in part.items() if key != "spread" or value != [0, 0]}
    return "{ " + ", ".join(f"{key} = {_number(value)}" for key, value in shown.items()) + " }"


def _number(value: object) -> str:
    return f"{value:.{PLACES}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _spelled(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _escaped(name: str) -> str:
    return "".join(
        f"\\u{ord(letter):04x}" if letter in '"\\' or not letter.isprintable() else letter
        for letter in name.encode("utf-8", "replace").decode()
    )
