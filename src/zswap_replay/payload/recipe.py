"""Recipes: how often each class of page occurs, how noisy its pages are, and how many are alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from zswap_replay.errors import RecipeError
from zswap_replay.inputs.toml_text import parse_toml
from zswap_replay.payload.classes import CLASS_NAMES, CONTENT_VERSION, MAX_SPREAD, SAME_FILLED, ZERO
from zswap_replay.units import PAGE_SIZE, shortened

MAX_OVERRIDES: Final = 127
"""The most overrides that a recipe can have: a content id has seven bits for the one that holds for its memcg."""

_BUILTIN: Final = Path(__file__).with_name("recipes")

WHOLE_PAGE: Final = (PAGE_SIZE, PAGE_SIZE)
LEAST_FILLED: Final = 16
"""The fewest bytes of a page that are its class's: those that make it differ from others."""

_T = TypeVar("_T", str, int, float)

_TOLERANCE: Final = 1e-6  # shares are decimal fractions: 0.1 + 0.2 must count as 0.3


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One part of a mix: `share` of all pages, 0 to 1, are of a class, with `spread` random bytes, fewest and most.

    Of a page the first `filled` bytes are the class's, fewest and most; the rest of it are zeros.
    """

    name: str
    share: float
    spread: tuple[int, int] = (0, 0)
    filled: tuple[int, int] = WHOLE_PAGE

    def __post_init__(self) -> None:
        if self.name not in CLASS_NAMES:
            raise RecipeError(f"no class {self.name!r}; the classes are {', '.join(CLASS_NAMES)}")
        if not 0 <= self.share <= 1:
            raise RecipeError(f"{self.name}.share: {self.share} is not between 0 and 1")
        least, most = self.spread
        if not 0 <= least <= most <= MAX_SPREAD:
            raise RecipeError(
                f"{self.name}.spread: [{least}, {most}] is not a range within 0 to {MAX_SPREAD} bytes"
            )
        if most and self.name in (ZERO, SAME_FILLED):
            raise RecipeError(f"{self.name}.spread: a page with random bytes in it is not {self.name}")
        fewest, full = self.filled
        if not LEAST_FILLED <= fewest <= full <= PAGE_SIZE:
            raise RecipeError(
                f"{self.name}.filled: [{fewest}, {full}] is not a range within {LEAST_FILLED} to {PAGE_SIZE} bytes"
            )
        if self.filled != WHOLE_PAGE and self.name in (ZERO, SAME_FILLED):
            raise RecipeError(f"{self.name}.filled: a page that is filled in part is not {self.name}")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pages that are equal to others: `share` of all pages, 0 to 1, with the bytes of `working_set` distinct pages."""

    share: float = 0.0
    working_set: int = 1024

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise RecipeError(f"duplicates.share: {self.share} is not between 0 and 1")
        if self.working_set < 1:
            raise RecipeError(f"duplicates.working_set: {self.working_set} is not at least 1 page")


@dataclass(frozen=True, slots=True)
class Override:
    """The mix of the memcg `memcg` and of its descendants, except those for which a longer path has an override."""

    memcg: str
    classes: tuple[ClassShare, ...]

    def __post_init__(self) -> None:
        if not self.memcg.startswith("/") or (self.memcg != "/" and self.memcg.endswith("/")):
            raise RecipeError(f"memcg: {self.memcg!r} is not a path from the root, such as /web")
        _check_shares(self.classes)

    def holds_for(self, memcg: str) -> bool:
        """Tell whether `memcg` is this override's path or below it."""
        return memcg == self.memcg or memcg.startswith(self.memcg.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The mix of page classes of a machine. A recipe and a seed determine the bytes of every content id.

    Raises RecipeError: shares do not add up, a class is unknown, or a number is out of its range.
    """

    name: str
    classes: tuple[ClassShare, ...]
    duplicates: Duplicates = Duplicates()
    overrides: tuple[Override, ...] = ()
    version: int = CONTENT_VERSION

    def __post_init__(self) -> None:
        if self.version != CONTENT_VERSION:
            raise RecipeError(
                f"version: {self.version}, but this program makes content of version {CONTENT_VERSION}"
            )
        _check_shares(self.classes)
        if len(self.overrides) > MAX_OVERRIDES:
            raise RecipeError(
                f"override: {len(self.overrides)} of them; at most {MAX_OVERRIDES} fit a content id"
            )
        paths = [override.memcg for override in self.overrides]
        for path in paths:
            if paths.count(path) > 1:
                raise RecipeError(f"override: {path} has two")

    def group(self, memcg: str) -> int:
        """Return the group of a memcg: 1 + the index of the most specific override that holds for it, 0 for none.

        >>> load_recipe("default").group("/web")
        0
        """
        best, longest = 0, 0
        for number, override in enumerate(self.overrides, 1):
            if len(override.memcg) > longest and override.holds_for(memcg):
                best, longest = number, len(override.memcg)
        return best

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as a JSON object laid out like its TOML; `from_json` reads it back."""
        recipe: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "duplicates": {"share": self.duplicates.share, "working_set": self.duplicates.working_set},
            "classes": _classes_as_json(self.classes),
        }
        if self.overrides:
            recipe["override"] = [
                {"memcg": override.memcg, "classes": _classes_as_json(override.classes)}
                for override in self.overrides
            ]
        return recipe

    @classmethod
    def from_json(cls, recipe: str | bytes | Mapping[str, Any], where: str = "recipe") -> Recipe:
        """Read a recipe from an object laid out like the TOML, or from its JSON text, as traces carry it.

        Raises RecipeError: it is no recipe; the line begins with `where` and names the key.
        """
        if isinstance(recipe, str | bytes):
            try:
                recipe = json.loads(recipe)
            except (ValueError, RecursionError) as error:
                raise RecipeError(f"{where}: not JSON: {error}") from error
        try:
            return _parse_recipe(recipe)
        except RecipeError as error:
            raise RecipeError(f"{where}: {error}") from None


@cache
def builtin_recipes() -> tuple[str, ...]:
    """List the names of the recipes that come with the package, in alphabetical order."""
    return tuple(sorted(file.stem for file in _BUILTIN.glob("*.toml")))


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Load the built-in recipe of that name, else the TOML file at that path.

    Raises RecipeError: there is neither, or the file is no recipe.
    """
    text = str(name_or_path)
    if text in builtin_recipes():
        return _builtin(text)
    try:
        source = Path(name_or_path).read_bytes()
    except FileNotFoundError:
        names = ", ".join(builtin_recipes())
        raise RecipeError(f"{text}: no such file, and the built-in recipes are {names}") from None
    except OSError as error:
        raise RecipeError(f"{text}: {error.strerror}") from error
    return _from_toml(source, text)


@cache
def _builtin(name: str) -> Recipe:
    """Read a built-in recipe, once for all replays of a process."""
    return _from_toml((_BUILTIN / f"{name}.toml").read_bytes(), name)


def _from_toml(source: bytes, where: str) -> Recipe:
    try:
        recipe = parse_toml(source.decode())
    except ValueError as error:  # bad TOML, or bytes that are not UTF-8
        raise RecipeError(f"{where}: not TOML: {error}") from error
    return Recipe.from_json(recipe, where)


def _check_shares(classes: tuple[ClassShare, ...]) -> None:
    total = sum(share.share for share in classes)
    if abs(total - 1) > _TOLERANCE:
        raise RecipeError(f"classes: the shares add up to {100 * total:g} %, not to 100 %")


def _classes_as_json(classes: tuple[ClassShare, ...]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for part in classes:
        filled = {"filled": list(part.filled)} if part.filled != WHOLE_PAGE else {}
        found.setdefault(part.name, []).append({"share": part.share, "spread": list(part.spread), **filled})
    return {name: parts if len(parts) > 1 else parts[0] for name, parts in found.items()}


def _parse_recipe(recipe: object) -> Recipe:
    table = _checked_table(
        recipe, "recipe", required={"name", "version", "classes"}, optional={"duplicates", "override"}
    )
    overrides = table.get("override", [])
    if not isinstance(overrides, list):
        raise RecipeError("override: not a list of tables")
    return Recipe(
        name=_checked_value(table, "name", str),
        classes=_parse_classes(table["classes"]),
        duplicates=_parse_duplicates(table.get("duplicates", {})),
        overrides=tuple(_parse_override(override, i) for i, override in enumerate(overrides, 1)),
        version=_checked_value(table, "version", int),
    )


def _parse_override(override: object, number: int) -> Override:
    key = f"override {number}"
    table = _checked_table(override, key, required={"memcg", "classes"})
    try:
        return Override(_checked_value(table, "memcg", str), _parse_classes(table["classes"]))
    except RecipeError as error:
        raise RecipeError(f"{key}: {error}") from None


def _parse_duplicates(duplicates: object) -> Duplicates:
    table = _checked_table(duplicates, "duplicates", optional={"share", "working_set"})
    return Duplicates(
        share=_checked_value(table, "share", float, "duplicates.", Duplicates().share),
        working_set=_checked_value(table, "working_set", int, "duplicates.", Duplicates().working_set),
    )


def _parse_classes(classes: object) -> tuple[ClassShare, ...]:
    table = _checked_table(classes, "classes", optional=set(CLASS_NAMES))
    return tuple(part for name, value in table.items() for part in _parse_class(name, value))


def _parse_class(name: str, value: object) -> list[ClassShare]:
    """Parse the parts of a class: a table, or a list of tables that are alike."""
    key = f"classes.{name}"
    if not isinstance(value, list):
        return [_parse_part(name, value, key)]
    if not value:
        raise RecipeError(f"{key}: an empty list; expected one part or more")
    return [_parse_part(name, part, f"{key} {number}") for number, part in enumerate(value, 1)]


def _parse_part(name: str, value: object, key: str) -> ClassShare:
    table = _checked_table(value, key, required={"share"}, optional={"spread", "filled"})
    share = _checked_value(table, "share", float, f"{key}.")
    return ClassShare(
        name, share, _pair(table, "spread", key, (0, 0)), _pair(table, "filled", key, WHOLE_PAGE)
    )


def _pair(table: Mapping[str, Any], name: str, key: str, default: tuple[int, int]) -> tuple[int, int]:
    """Return two whole numbers of a table. Raises RecipeError: something else is there."""
    pair = table.get(name, list(default))
    if not isinstance(pair, list) or len(pair) != 2 or not all(type(each) is int for each in pair):
        raise RecipeError(f"{key}.{name}: {pair!r} is not two whole numbers")
    return pair[0], pair[1]


def _checked_table(
    value: object, key: str, *, required: set[str] | None = None, optional: set[str] | None = None
) -> Mapping[str, Any]:
    """Check that `value` is a table with all `required` keys and no others but `optional` ones. Raises RecipeError."""
    if not isinstance(value, Mapping):
        raise RecipeError(f"{key}: not a table")
    required, optional = required or set(), optional or set()
    for name in value:
        if name not in required | optional:
            known = ", ".join(sorted(required | optional))
            raise RecipeError(f"{key}: unknown key {name!r}; known are {known}")
    for name in sorted(required):
        if name not in value:
            raise RecipeError(f"{key}: {name} is missing")
    return value


def _checked_value(
    table: Mapping[str, Any], name: str, kind: type[_T], prefix: str = "", default: _T | None = None
) -> _T:
    """Return the value at `name`, which must be of type `kind`; an int counts as a float. Raises RecipeError."""
    value = table.get(name, default)
    if kind is float and type(value) is int and abs(value) < 1 << 64:
        value = float(value)
    if type(value) is not kind:
        wanted = {str: "a string", int: "a whole number", float: "a number"}[kind]
        raise RecipeError(f"{prefix}{name}: {shortened(repr(value))} is not {wanted}")
    return value
