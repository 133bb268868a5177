"""Columns of whole numbers and of texts, of whatever type a writer gave them, as numpy arrays.

A number may be of any integer type, a float or a decimal without a fraction, or a dictionary of those; a time also a
timestamp or a duration, which become nanoseconds. NaN is a null. A text may be of any layout of strings, binary that is
UTF-8, or a dictionary of those. What does not fit is marked, and not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Mask = npt.NDArray[np.bool_]
_Values = npt.NDArray[np.uint64]
_Item = TypeVar("_Item", bound=np.generic)

_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_MAX_U64 = (1 << 64) - 1


@dataclass(frozen=True)
class Numbers:
    """A column of whole numbers; a mask that is None is true of no row, but `valid` of all."""

    values: _Values
    """0 where a row is null or does not fit."""
    valid: _Mask | None
    """True where a row is not null."""
    unfit: _Mask | None
    """True where a row holds what is no whole number from 0 to the highest one."""
    spelled: Callable[[int], str]
    """Spells what a row that does not fit holds."""


@dataclass(frozen=True)
class Texts:
    """A column of texts: `values[index]` is the text of a row; index -1 is null, or a row that is unfit."""

    index: npt.NDArray[np.int32]
    values: list[str]
    unfit: tuple[int, str, str] | None = None
    """The first row without a text that can be read, what was found there and what was expected."""

    def __getitem__(self, row: int) -> str | None:
        at = int(self.index[row])
        return None if at < 0 else self.values[at]


def holds_numbers(kind: pa.DataType, *, times: bool = False) -> bool:
    """Tell whether whole_numbers() takes a type; with `times` also those of times."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if times and (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)):
        return True
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def holds_texts(kind: pa.DataType) -> bool:
    """Tell whether texts() takes a type."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        is_kind(kind)
        for is_kind in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
            pa.types.is_fixed_size_binary,
        )
    )


def is_empty(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds nothing but nulls."""
    return bool(pa.types.is_null(kind))


def whole_numbers(array: pa.Array[Any], highest: int = _MAX_U64) -> Numbers:
    """Return the numbers of a column whose type holds_numbers(); those above `highest` do not fit."""
    if isinstance(array, pa.DictionaryArray):
        return _looked_up(array, highest)
    kind = array.type
    if pa.types.is_decimal(kind):
        numbers = _decimals(array, highest)
    elif pa.types.is_floating(kind):
        numbers = _floats(array, highest)
    elif pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        numbers = _integers(array, np.dtype(np.int64), highest, _NANOSECONDS[kind.unit], f" {kind.unit}")
    else:
        sign = "i" if pa.types.is_signed_integer(kind) else "u"
        numbers = _integers(array, np.dtype(f"{sign}{kind.bit_width // 8}"), highest, 1, "")
    valid = numbers.valid
    if valid is None:
        return numbers
    unfit = None if numbers.unfit is None else numbers.unfit & valid
    return Numbers(
        np.where(valid, numbers.values, np.uint64(0)),
        valid,
        unfit if unfit is not None and unfit.any() else None,
        numbers.spelled,
    )


class LastDictionary:
    """The texts of the dictionary that a column had last: the batches of a row group share one."""

    def __init__(self) -> None:
        self._dictionary: pa.Array[Any] | None = None
        self._texts: tuple[list[str], dict[int, str]] = [], {}

    def decoded(self, dictionary: pa.Array[Any]) -> tuple[list[str], dict[int, str]]:
        """Return what _decoded() does; the same list where the dictionary holds what the last one did."""
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            self._texts = _decoded(dictionary)
            self._dictionary = dictionary
        return self._texts


def texts(array: pa.Array[Any], last: LastDictionary | None = None) -> Texts:
    """Return the texts of a column whose type holds_texts(); ``last`` is of the batch before it."""
    if not isinstance(array, pa.DictionaryArray):
        array = array.dictionary_encode()
    indices = array.indices if array.indices.type == pa.int32() else array.indices.cast(pa.int32())
    index = value_buffer(indices, np.dtype(np.int32))
    valid = validity(indices)
    if valid is not None:
        index = np.where(valid, index, np.int32(-1))
    dictionary = array.dictionary
    if len(index) and (index.max() >= len(dictionary) or index.min() < -1):
        outside = (index >= len(dictionary)) | (index < -1)
        row = int(outside.argmax())
        found = f"text {index[row]} of a dictionary of {len(dictionary)}"
        damaged = row, found, "a file that is not damaged"
        return Texts(np.where(outside, np.int32(-1), index), _decoded(dictionary)[0], damaged)
    values, broken = (last or LastDictionary()).decoded(dictionary)
    if not broken:
        return Texts(index, values)
    lost = np.isin(index, np.fromiter(broken, np.int32))
    unfit = None
    bad = lost & np.isin(index, np.fromiter((at for at in broken if broken[at]), np.int32))
    if bad.any():
        row = int(bad.argmax())
        unfit = row, broken[int(index[row])], "a text in UTF-8"
    return Texts(np.where(lost, np.int32(-1), index), values, unfit)


# Arrow's own to_numpy() imports pandas where that is installed, and is_null() imports pyarrow.compute; at the start of
# a process either takes longer than reading half a million rows. So the two buffers of a column are read directly.


def value_buffer(array: pa.Array[Any], dtype: np.dtype[_Item]) -> npt.NDArray[_Item]:
    """View the values of an array of fixed width, read-only; a null row may hold any value."""
    buffer = array.buffers()[1]
    if buffer is None:
        return np.zeros(len(array), dtype)
    return np.frombuffer(memoryview(buffer), dtype, len(array), array.offset * dtype.itemsize)


def validity(array: pa.Array[Any]) -> _Mask | None:
    """Return a mask that is true where the array holds a value, false where a null; None where it holds no null."""
    bitmap = array.buffers()[0]
    if not array.null_count or bitmap is None:
        return None
    # A slice begins anywhere in the bitmap of the whole, and in the middle of a byte.
    first, before = divmod(array.offset, 8)
    packed = np.frombuffer(memoryview(bitmap), np.uint8)[first:]
    bits = np.unpackbits(packed, bitorder="little", count=before + len(array))
    return bits[before:].view(np.bool_)


def _integers(array: pa.Array[Any], dtype: np.dtype[Any], highest: int, factor: int, unit: str) -> Numbers:
    """Read integers, each of which stands for `factor` of what is asked for."""
    held = value_buffer(array, dtype)
    # The highest one as a number of this type, so that a comparison converts nothing.
    most = min(highest // factor, int(np.iinfo(dtype).max))
    unfit = (held < 0) | (held > dtype.type(most))
    any_unfit = bool(unfit.any())
    fit = np.where(unfit, dtype.type(0), held) if any_unfit else held
    values = fit.astype(np.uint64) * np.uint64(factor)
    return Numbers(values, validity(array), unfit if any_unfit else None, lambda row: f"{held[row]}{unit}")


def _floats(array: pa.Array[Any], highest: int) -> Numbers:
    held = value_buffer(array, np.dtype(f"f{array.type.bit_width // 8}")).astype(np.float64)
    valid = validity(array)
    missing = np.isnan(held)
    if missing.any():
        valid = ~missing if valid is None else valid & ~missing
    # highest + 1 is a power of two, which a float holds as it is; highest it may round up
    fits = (held >= 0) & (held < float(highest + 1)) & (held == np.floor(held))
    unfit = ~(fits | missing)
    values = np.where(fits, held, 0.0).astype(np.uint64)
    return Numbers(values, valid, unfit if unfit.any() else None, lambda row: repr(float(held[row])))


def _decimals(array: pa.Array[Any], highest: int) -> Numbers:
    """Read decimals of which most are small: a word of 64 bits without the fraction; others one at a time."""
    scale, width = array.type.scale, array.type.bit_width // 8
    length = len(array)

    def spelled(row: int) -> str:
        return str(array[row].as_py())

    if width < 8:
        words = value_buffer(array, np.dtype(f"i{width}")).astype(np.int64).view(np.uint64)[:, None]
    else:
        buffer = array.buffers()[1]
        words = np.zeros((length, width // 8), np.uint64)
        if buffer is not None:
            words = np.frombuffer(memoryview(buffer), np.uint64, length * (width // 8), array.offset * width)
            words = words.reshape(length, width // 8)
    low, ones = words[:, 0], np.uint64(_MAX_U64)
    small = (words[:, 1:] == 0).all(axis=1) if words.shape[1] > 1 else low >> np.uint64(63) == 0
    valid = validity(array)
    unit = 10**scale if scale >= 0 else 1
    if scale < 0 or unit > int(ones):
        small = np.zeros(length, np.bool_)
        unit = 1
    whole, rest = low // np.uint64(unit), low % np.uint64(unit)
    fits = small & (rest == 0) & (whole <= np.uint64(highest))
    values = np.where(fits, whole, np.uint64(0))
    unfit = ~fits
    for row in np.flatnonzero(~small & (valid if valid is not None else True)):
        number = array[int(row)].as_py()
        assert isinstance(number, Decimal)
        if number == number.to_integral_value() and 0 <= number <= highest:
            values[row], unfit[row] = int(number), False
    return Numbers(values, valid, unfit if unfit.any() else None, spelled)


def _looked_up(array: pa.DictionaryArray[Any, Any], highest: int) -> Numbers:
    """Read a dictionary of numbers."""
    known = whole_numbers(array.dictionary, highest)
    places = whole_numbers(array.indices, max(len(known.values) - 1, 0))
    if not len(known.values):
        nothing = np.zeros(len(array), np.bool_)
        return Numbers(places.values, nothing, None, known.spelled)
    at = places.values.astype(np.intp)
    valid = places.valid
    if known.valid is not None:
        valid = known.valid[at] if valid is None else valid & known.valid[at]
    unfit = places.unfit
    if known.unfit is not None:
        unfit = known.unfit[at] if unfit is None else unfit | known.unfit[at]
    if unfit is not None and valid is not None:
        unfit = unfit & valid
    values = known.values[at] if valid is None else np.where(valid, known.values[at], np.uint64(0))
    return Numbers(values, valid, unfit, lambda row: known.spelled(int(at[row])))


def _decoded(dictionary: pa.Array[Any]) -> tuple[list[str], dict[int, str]]:
    """Return the texts of a dictionary, and by place those that are none: what is found there, or "" for a null."""
    kind = dictionary.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        try:
            held: list[Any] = dictionary.to_pylist()
        except UnicodeDecodeError:
            held = dictionary.cast(pa.large_binary()).to_pylist()
    else:
        held = dictionary.to_pylist()
    values: list[str] = []
    broken: dict[int, str] = {}
    for place, text in enumerate(held):
        if isinstance(text, bytes):
            try:
                values.append(text.decode())
            except UnicodeDecodeError:
                values.append("")
                broken[place] = repr(text)
        elif text is None:
            values.append("")
            broken[place] = ""
        else:
            values.append(text)
    return values, broken
