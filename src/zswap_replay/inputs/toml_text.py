"""TOML as people write it: what Python parses beyond that is refused, as nothing that reads it could tell why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any, Final

from zswap_replay.units import LEAST_WHOLE, MOST_WHOLE

_DEEPEST: Final = 50
"""Tables inside tables: a dotted key of thousands of parts is parsed, and then cannot even be printed."""


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML whose tables are not too deep, and whose whole numbers fit 64 bits.

    Raises ValueError, which says why: it is no such TOML.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ValueError("values inside values without an end") from None
    for key, value in _whole_numbers(document):
        if not LEAST_WHOLE <= value <= MOST_WHOLE:
            raise ValueError(f"{key}: found a number that does not fit 64 bits")
    return document


def _whole_numbers(document: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the whole numbers of a document with the last key that leads to each. Raises ValueError: it is too deep."""
    level: list[tuple[str, Any]] = list(document.items())
    for _ in range(_DEEPEST):
        below: list[tuple[str, Any]] = []
        for key, value in level:
            if isinstance(value, dict):
                below += value.items()
            elif isinstance(value, list):
                below += ((key, each) for each in value)
            elif type(value) is int:
                yield key, value
        if not below:
            return
        level = below
    raise ValueError(f"{level[0][0][:40]}: found values inside values, more than {_DEEPEST} deep")
