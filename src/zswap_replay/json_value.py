"""Reading JSON of an expected shape: each value knows the keys that lead to it, so that an error can name them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zswap_replay.errors import ResultError
from zswap_replay.units import LEAST_WHOLE, MOST_WHOLE, quoted_if_odd

_SHOWN = 60
"""The most characters of a value that an error quotes."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a JSON document, and the keys that lead to it: ``manifest.trace.events``, ``snapshots[0]``.

    All methods raise ResultError, one line with the key, what was found and what was expected.
    """

    content: object
    where: str = ""

    @classmethod
    def of(cls, document: Mapping[str, object] | Value, where: str = "") -> Value:
        """Wrap a document; a part of one, which knows its keys already, is returned as it is."""
        return document if isinstance(document, Value) else cls(document, where)

    def fault(self, expected: str) -> ResultError:
        """Return the error that names this value's keys, what was found and what was expected."""
        found = repr(self.content)
        found = found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
        return ResultError(f"{self.where or 'the document'}: found {found}; expected {expected}")

    def table(self) -> Mapping[str, object]:
        """Return the value as an object, by its keys."""
        if not isinstance(self.content, Mapping):
            raise self.fault("an object")
        return self.content

    def __contains__(self, key: str) -> bool:
        return key in self.table()

    def __getitem__(self, key: str) -> Value:
        table = self.table()
        name = quoted_if_odd(key)  # an error is one line
        where = f"{self.where}.{name}" if self.where else name
        if key not in table:
            raise ResultError(f"{where}: found nothing; expected this key")
        return Value(table[key], where)

    def get(self, key: str, default: object) -> Value:
        """Return the value of a key, or `default` where the object lacks it."""
        return self[key] if key in self else Value(default, key)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield the keys and values of an object."""
        return ((key, self[key]) for key in self.table())

    def list(self) -> Iterator[Value]:
        """Yield the values of a list."""
        if not isinstance(self.content, list):
            raise self.fault("a list")
        return (Value(content, f"{self.where}[{place}]") for place, content in enumerate(self.content))

    def integer(self) -> int:
        """Return the value as a whole number; true and false are none."""
        if type(self.content) is not int:
            raise self.fault("a whole number")
        if not LEAST_WHOLE <= self.content <= MOST_WHOLE:
            raise self.fault("a whole number of at most 64 bits")
        return self.content

    def number(self) -> float:
        """Return the value as a number."""
        if not isinstance(self.content, int | float) or isinstance(self.content, bool):
            raise self.fault("a number")
        if isinstance(self.content, float):
            fits = math.isfinite(self.content)
        else:
            fits = LEAST_WHOLE <= self.content <= MOST_WHOLE
        if not fits:
            raise self.fault("a finite number of at most 64 bits")
        return float(self.content)

    def text(self) -> str:
        """Return the value as a string."""
        if not isinstance(self.content, str):
            raise self.fault("a string")
        return self.content

    def flag(self) -> bool:
        """Return the value as true or false."""
        if not isinstance(self.content, bool):
            raise self.fault("true or false")
        return self.content

    def integers(self) -> dict[str, int]:
        """Return the value as an object of whole numbers."""
        return {key: value.integer() for key, value in self.items()}

    def texts(self) -> dict[str, str]:
        """Return the value as an object of strings."""
        return {key: value.text() for key, value in self.items()}
