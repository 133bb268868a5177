"""Columns of any input as columns of a trace: texts become numbers, and operations are done on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zswap_replay.inputs.columns import holds_numbers, holds_texts, texts, whole_numbers
from zswap_replay.trace.importing.expressions import Mapped, Operator
from zswap_replay.trace.importing.owners import path_of
from zswap_replay.trace.schema import EVENT_CODES, SCHEMA
from zswap_replay.units import quoted

_SCALE = 9
"""Digits after the point of a time in seconds, all of which count."""

_WORDS = {
    "read": ("r", "l", "ld", "load", "get", "gets", "rd", "0", "false", "in"),
    "write": ("w", "s", "st", "store", "set", "m", "modify", "wr", "1", "true", "out"),
    "discard": ("d", "del", "delete", "free", "trim"),
}
_EVENTS = {word: event for event, words in _WORDS.items() for word in words}
"""What other programs call the events."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_HEX = re.compile(r"[0-9a-fA-F]{1,16}")
_Mask = npt.NDArray[np.bool_]


class BadValueError(Exception):
    """A value that cannot be used; `row` counts from the first of the rows that were given."""

    def __init__(self, row: int, found: str, expected: str) -> None:
        super().__init__(found)
        self.row = row
        self.found = found
        self.expected = expected


def numbers_of(
    array: pa.Array[Any], mapped: Mapped, *, hexadecimal: bool = False
) -> tuple[npt.NDArray[np.uint64], _Mask | None]:
    """Return the numbers of a column, and where they are null. Raises BadValueError: the first that is none."""
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary_decode()
    times = mapped.name == "time_ns"
    null = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    operations = mapped.operations
    if holds_texts(array.type):
        array = texts_of(array)
        stamps = _stamps(array) if times and not operations else None
        values, scale = _parsed(array, hexadecimal) if stamps is None else (stamps, 0)
    elif pa.types.is_floating(array.type):
        return _of_floats(array, operations, null), null
    elif holds_numbers(array.type, times=times):
        numbers = whole_numbers(array)
        if numbers.unfit is not None and operations and pa.types.is_decimal(array.type):
            return _of_floats(array, operations, null), null  # seconds with a fraction
        if numbers.unfit is not None:
            row = int(numbers.unfit.argmax())
            raise BadValueError(row, numbers.spelled(row), "a whole number from 0 to 2^64 - 1")
        values, scale = numbers.values, 0
    else:
        expected = "whole numbers, times, or texts of them" if times else "whole numbers, or texts of them"
        raise BadValueError(0, f"a column of type {array.type}", expected)
    return _done(values, scale, operations, null), null


def event_names(array: pa.Array[Any]) -> pa.Array[Any]:
    """Return the names of events for what other programs call them; unknown words stay as they are."""
    array = _dictionary_of(array)
    names = [_event(word) for word in array.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(array.indices, pa.array(names, pa.string())).cast(
        SCHEMA.field("event").type
    )


def memcg_paths(array: pa.Array[Any]) -> tuple[Any, bool]:
    """Return paths for a column of memcgs, and whether there are names of programs, which begin with no slash."""
    array = _dictionary_of(array)
    names = array.dictionary.to_pylist()
    paths = [name if name is None or name.startswith("/") else path_of(name) for name in names]
    return pa.DictionaryArray.from_arrays(array.indices, pa.array(paths, pa.string())), paths != names


def texts_of(array: pa.Array[Any]) -> pa.Array[Any]:
    """Return a column as texts. Raises BadValueError: its type is none that has a text, or one is not UTF-8."""
    try:
        return array.cast(pa.string())
    except pa.ArrowNotImplementedError:
        raise BadValueError(0, f"a column of type {array.type}", "texts or numbers") from None
    except pa.ArrowInvalid:
        if isinstance(array, pa.DictionaryArray):
            return texts_of(array.dictionary_decode())
        read = texts(array)
        if read.unfit is None:
            raise BadValueError(0, f"a column of type {array.type}", "texts or numbers") from None
        raise BadValueError(*read.unfit) from None


def _dictionary_of(array: pa.Array[Any]) -> pa.DictionaryArray[Any, Any]:
    """Return a column as a dictionary of texts. Raises BadValueError, as texts_of() does."""
    if isinstance(array, pa.DictionaryArray):
        try:
            return pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.string()))
        except pa.ArrowException:
            array = array.dictionary_decode()  # the row is named
    return texts_of(array).dictionary_encode()


def _event(word: str | None) -> str | None:
    if word is None or word in EVENT_CODES:
        return word
    plain = word.strip().lower()
    return plain if plain in EVENT_CODES else _EVENTS.get(plain, word)


def _parsed(array: pa.Array[Any], hexadecimal: bool) -> tuple[npt.NDArray[np.uint64], int]:
    """Parse texts to whole numbers of 10^-scale; null is 0."""
    text: Any = pc.utf8_trim_whitespace(array)
    if hexadecimal:
        bare: Any = pc.replace_substring_regex(text, "^0[xX]", "")
        join: Any = pc.binary_join_element_wise
        text = join("0x", bare, "")
    for kind, scale in ((pa.uint64(), 0), (pa.decimal128(38, _SCALE), _SCALE)):
        try:
            numbers = text.cast(kind)
        except pa.ArrowInvalid:
            continue
        if scale == 0:
            return numbers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64), 0
        parts = np.frombuffer(numbers.buffers()[1], np.uint64)[2 * numbers.offset :].reshape(-1, 2)[
            : len(numbers)
        ]
        if not parts[:, 1].any():  # no sign, and below 2^64
            low = parts[:, 0]
            return (
                np.where(numbers.is_null().to_numpy(zero_copy_only=False), 0, low)
                if numbers.null_count
                else low
            ), scale
    raise _first_bad(text.to_pylist(), hexadecimal)


def _stamps(array: pa.Array[Any]) -> npt.NDArray[np.uint64] | None:
    """Return the nanoseconds since 1970 of texts that are dates with times (ISO 8601); None where one is not."""
    at = int(pc.index(array.is_valid(), True).as_py())
    if at < 0 or not _DATE.match(str(array[at])):
        return None
    for zone in (None, "UTC"):
        try:
            found = array.cast(pa.timestamp("ns", zone)).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        numbers = found.fill_null(0).to_numpy(zero_copy_only=False)
        return numbers.astype(np.uint64) if (numbers >= 0).all() else None
    return None


def _first_bad(texts: Sequence[str | None], hexadecimal: bool) -> BadValueError:
    """Find the first text that is no number."""
    for row, text in enumerate(texts):
        if text is None:
            continue
        if hexadecimal:
            if not _HEX.fullmatch(text[2:]):
                return BadValueError(row, quoted(text[2:]), "a hexadecimal number of at most 16 digits")
            continue
        try:
            value = Decimal(int(text, 16)) if text[:2].lower() == "0x" else Decimal(text)
            if 0 <= value < 1 << 64:
                continue
            expected = "a number from 0 to 2^64 - 1"
        except (InvalidOperation, ValueError):
            expected = "a number"
            if _HEX.fullmatch(text):
                expected += " (hexadecimal ones without 0x: name the column with --hex)"
        return BadValueError(row, quoted(text), expected)
    return BadValueError(
        0, quoted(str(texts[0])), "numbers of which all have at most 9 digits after the point"
    )


def _of_floats(
    array: pa.Array[Any], operations: Sequence[tuple[Operator, int]], null: _Mask | None
) -> npt.NDArray[np.uint64]:
    values = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False).copy()
    for sign, number in operations:
        match sign:
            case "*":
                with np.errstate(over="ignore"):  # what is infinite is refused below
                    values *= number
            case "/":
                values /= number
            case "+":
                values += number
            case "-":
                values -= number
            case _:
                values = _shifted(_whole_floats(values, null), sign, number).astype(np.float64)
    return _whole_floats(np.floor(values) if operations else values, null)


def _whole_floats(values: npt.NDArray[np.float64], null: _Mask | None) -> npt.NDArray[np.uint64]:
    unfit = ~((values >= 0) & (values < float(1 << 64)) & (np.floor(values) == values))
    if null is not None:
        unfit &= ~null
    if unfit.any():
        row = int(unfit.argmax())
        raise BadValueError(row, repr(float(values[row])), "a whole number from 0 to 2^64 - 1")
    return np.where(unfit if null is None else null, 0.0, values).astype(np.uint64)


def _done(
    values: npt.NDArray[np.uint64], scale: int, operations: Sequence[tuple[Operator, int]], null: _Mask | None
) -> npt.NDArray[np.uint64]:
    """Do operations on numbers of 10^-scale, and return what is whole of them."""
    for sign, number in operations:
        if sign == "*":
            while scale and number % 10 == 0:
                number //= 10
                scale -= 1
            if number > 1:
                _refuse(
                    values > np.uint64(((1 << 64) - 1) // number),
                    values,
                    null,
                    f"that times {number} is below 2^64",
                )
                values = values * np.uint64(number)
        elif scale:
            whole = values // np.uint64(10**scale)
            _refuse(
                whole * np.uint64(10**scale) != values,
                values,
                null,
                f"a whole number before {sign}{number}",
                scale,
            )
            values, scale = _shifted(whole, sign, number, null), 0
        else:
            values = _shifted(values, sign, number, null)
    if not scale:
        return values
    whole = values // np.uint64(10**scale)
    if not operations:
        _refuse(whole * np.uint64(10**scale) != values, values, null, "a whole number", scale)
    return whole


def _shifted(
    values: npt.NDArray[np.uint64], sign: Operator, number: int, null: _Mask | None = None
) -> npt.NDArray[np.uint64]:
    operand = np.uint64(number)
    match sign:
        case ">>":
            return values >> operand
        case "<<":
            _refuse(
                values >> np.uint64(64 - number) != 0 if number else values != values,
                values,
                null,
                "fewer bits",
            )
            return values << operand
        case "&":
            return values & operand
        case "/":
            return values // operand
        case "+":
            _refuse(
                values > np.uint64((1 << 64) - 1 - number), values, null, f"that and {number} is below 2^64"
            )
            return values + operand
        case _:
            _refuse(values < operand, values, null, f"at least {number}")
            return values - operand


def _refuse(
    wrong: npt.NDArray[np.bool_],
    values: npt.NDArray[np.uint64],
    null: _Mask | None,
    expected: str,
    scale: int = 0,
) -> None:
    if null is not None:
        wrong = wrong & ~null
    if wrong.any():
        row = int(wrong.argmax())
        found = Decimal(int(values[row])).scaleb(-scale)
        raise BadValueError(row, f"{found.normalize() if scale else found:f}", expected)
