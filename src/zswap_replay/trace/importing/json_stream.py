"""JSON that is read piece by piece: of an array of any length no more than one element is in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_MOST = 64 << 20
"""Characters of one value from which on it is none that anybody wrote."""


class MalformedError(Exception):
    """A text that is not the JSON that was expected, and why."""


class JsonStream:
    """A JSON document that comes in pieces of text."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()

    def elements(self) -> Iterator[Iterator[str]]:
        """Yield an iterator of the keys of each object of the document, an array of objects or one of them.

        The value of a key is taken with value() or elements_of_array() before the next key is asked for.

        Raises MalformedError: it is none, or ends in the middle.
        """
        if self._peek() == "{":
            yield self._keys()
            return
        self._take("[")
        if self._peek() == "]":
            return
        while True:
            yield self._keys()
            if self._take_one_of(",]") == "]":
                return

    def value(self) -> Any:
        """Return the whole value that comes next."""
        while True:
            self._peek()
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
                # a number at the end may go on
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            except RecursionError:
                raise MalformedError(
                    "found values inside values without an end; expected JSON of damo"
                ) from None
            except ValueError as error:
                if self._ended or len(self._text) - self._at > _MOST:
                    raise MalformedError(
                        f"found no JSON ({error}); expected the value to be complete"
                    ) from None
            if not self._more():
                self._ended = True

    def elements_of_array(self) -> Iterator[Any]:
        """Yield the values of the array that comes next."""
        self._take("[")
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self._take_one_of(",]") == "]":
                return

    def _keys(self) -> Iterator[str]:
        self._take("{")
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise MalformedError(f"found {key!r}; expected a name in quotes")
            self._take(":")
            yield key
            if self._take_one_of(",}") == "}":
                return

    def _peek(self) -> str:
        """Return the next character that is no space; none at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at].isspace():
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, character: str) -> None:
        self._take_one_of(character)

    def _take_one_of(self, characters: str) -> str:
        found = self._peek()
        if not found or found not in characters:
            what = quoted_or_end(found)
            raise MalformedError(f"found {what}; expected {' or '.join(characters)}")
        self._at += 1
        return found

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._text = self._text[self._at :] + piece
        self._at = 0
        return True


def quoted_or_end(character: str) -> str:
    """Spell a character for an error."""
    return repr(character) if character else "the end of the input"
