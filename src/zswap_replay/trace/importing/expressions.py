"""What ``--column page=addr>>12`` says: a column of a trace, a column of the input, and operations on its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

from zswap_replay.errors import SettingsError
from zswap_replay.trace.schema import SCHEMA, TEXT_COLUMNS
from zswap_replay.units import listed, read_digits

Operator = Literal[">>", "<<", "*", "/", "+", "-", "&"]

_NUMBER = r"(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][0-9]+)?)"
_OPERATION = rf"\s*(>>|<<|//|[*/+&-])\s*({_NUMBER})\s*"
_EXPRESSION = re.compile(rf"(.*?)((?:{_OPERATION})*)", re.DOTALL)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column of the trace and where its values come from."""

    name: str
    """The column of the trace."""
    column: str
    """The column of the input."""
    operations: tuple[tuple[Operator, int], ...] = ()
    """What is done with its numbers, in this order."""


def parse_columns(given: Sequence[str], columns: Sequence[str], where: str) -> list[Mapped]:
    """Find what each column of the trace comes from; without any `given`, from the columns of its own name.

    `columns` are those that the input has; one of a whole text comes before an operation that its name could spell.

    Raises SettingsError: a text that is none, an unknown column of either side, or a column of the trace twice.
    """
    if not given:
        return [Mapped(name, name) for name in SCHEMA.names if name in columns]
    found: list[Mapped] = []
    for text in given:
        name, equals, expression = text.partition("=")
        name, expression = name.strip(), expression.strip()
        if not equals or not expression or len(text) > _LONGEST:
            raise SettingsError(f"--column {text[:60]}: expected NAME=COLUMN, as page=addr>>12")
        name = {"time": "time_ns"}.get(name, name)
        if name not in SCHEMA.names:
            raise SettingsError(
                f"--column {text}: a trace has no column {name}; expected one of {', '.join(SCHEMA.names)}"
            )
        if any(each.name == name for each in found):
            raise SettingsError(f"--column {text}: {name} is given twice")
        found.append(_mapped(text, name, expression, columns, where))
    return found


def _mapped(text: str, name: str, expression: str, columns: Sequence[str], where: str) -> Mapped:
    if expression in columns:
        return Mapped(name, expression)
    match = _EXPRESSION.fullmatch(expression)
    assert match is not None
    column = match[1].strip()
    if column not in columns and 1 <= (read_digits(column) or 0) <= len(columns):
        column = columns[int(column) - 1]  # a number counts columns, where none has it for a name
    if column not in columns:
        raise SettingsError(f"--column {text}: {where} has no column {column!r}; it has {listed(columns)}")
    if match[2] and name in TEXT_COLUMNS:
        raise SettingsError(f"--column {text}: {name} is a text; expected the name of a column alone")
    operations = tuple(
        (cast("Operator", sign[0] if sign == "//" else sign), _number(text, number))
        for sign, number in re.findall(_OPERATION, match[2])
    )
    for sign, number in operations:
        if (sign == "/" and number == 0) or (sign in (">>", "<<") and number > 63):
            raise SettingsError(
                f"--column {text}: {sign}{number} cannot be; expected a shift up to 63, a divisor from 1"
            )
    return Mapped(name, column, operations)


def _number(text: str, spelled: str) -> int:
    value = Fraction(int(spelled, 16)) if spelled[:2].lower() == "0x" else Fraction(spelled)
    if value.denominator != 1 or value >= 1 << 64:
        raise SettingsError(f"--column {text}: {spelled} is no whole number below 2^64")
    return int(value)
