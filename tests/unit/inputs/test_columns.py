from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pytest

from zswap_replay.inputs.columns import holds_numbers, holds_texts, texts, whole_numbers

TOP = (1 << 64) - 1


def numbers(array: pa.Array[Any], highest: int = TOP) -> list[int | None]:
    found = whole_numbers(array, highest)
    assert found.unfit is None
    valid = [True] * len(array) if found.valid is None else found.valid.tolist()
    return [int(value) if known else None for value, known in zip(found.values, valid, strict=True)]


def unfit(array: pa.Array[Any], highest: int = TOP) -> list[str]:
    found = whole_numbers(array, highest)
    rows = [] if found.unfit is None else [row for row, bad in enumerate(found.unfit) if bad]
    return [f"{row}: {found.spelled(row)}" for row in rows]


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(
            pa.float16(),
            pa.float32(),
            pa.float64(),
            pa.decimal128(20),
            pa.decimal128(38, 18),
            pa.decimal256(70, 3),
        ),
        *(pa.dictionary(pa.int8(), pa.int64()), pa.dictionary(pa.uint32(), pa.float64())),
    ],
)
def test_numbers_of_any_type_are_the_same(kind: pa.DataType) -> None:
    inner = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    array = pa.array([9, 7, None, 0, 100, None, 7]).cast(inner)
    if inner is not kind:
        array = array.dictionary_encode().cast(kind)
    assert holds_numbers(kind)
    assert [7, None, 0, 100, None] == numbers(array[1:6], 100)  # a slice, whose buffers begin elsewhere
    assert ["3: 100"] == [text.removesuffix(".0").split(".000")[0] for text in unfit(array[1:6], 99)]


def test_the_largest_numbers_are_exact() -> None:
    assert [TOP, 0] == numbers(pa.array([TOP, 0], pa.uint64()))
    assert [TOP, 5] == numbers(pa.array([Decimal(TOP), Decimal(5)], pa.decimal128(38, 2)))
    assert [1 << 63] == numbers(pa.array([float(1 << 63)]))
    assert ["0: 1.8446744073709552e+19"] == unfit(pa.array([float(1 << 64)]))


def test_what_does_not_fit_is_marked() -> None:
    assert ["1: -1"] == unfit(pa.array([1, -1, None], pa.int8()))
    assert ["0: 256"] == unfit(pa.array([256, 255], pa.int64()), 255)
    odd = pa.array([1.0, 0.5, -2.0, float("inf"), float("nan"), None])
    assert ["1: 0.5", "2: -2.0", "3: inf"] == unfit(odd)
    decimals = pa.array([Decimal("1.5"), Decimal("-1.0"), Decimal("2.0"), None], pa.decimal128(38, 1))
    assert ["0: 1.5", "1: -1.0"] == unfit(decimals)
    assert [f"0: {1 << 64}"] == unfit(pa.array([Decimal(1 << 64)], pa.decimal128(38)))
    assert ["1: -3"] == unfit(pa.array([1, -3, 1], pa.int64()).dictionary_encode())


def test_times_are_nanoseconds_whatever_their_unit() -> None:
    units: tuple[tuple[Literal["s", "ms", "us", "ns"], int], ...]
    units = ("s", 10**9), ("ms", 10**6), ("us", 1000), ("ns", 1)
    for unit, factor in units:
        kinds: tuple[pa.DataType, ...] = (
            pa.timestamp(unit),
            pa.timestamp(unit, "Asia/Tokyo"),
            pa.duration(unit),
        )
        for kind in kinds:
            assert holds_numbers(kind, times=True)
            assert not holds_numbers(kind)
            array = pa.array([0, None, 1234], pa.int64()).cast(kind)
            assert [0, None, 1234 * factor] == numbers(array)
            assert [f"0: -1 {unit}"] == unfit(pa.array([-1], pa.int64()).cast(kind))
    beyond = TOP // 10**9 + 1
    assert [(beyond - 1) * 10**9] == numbers(pa.array([beyond - 1], pa.int64()).cast(pa.timestamp("s")))
    assert [f"0: {beyond} s"] == unfit(pa.array([beyond], pa.int64()).cast(pa.timestamp("s")))


@pytest.mark.parametrize(
    "kind", [pa.bool_(), pa.string(), pa.date32(), pa.list_(pa.int64()), pa.time64("ns")]
)
def test_other_types_are_no_numbers(kind: pa.DataType) -> None:
    assert not holds_numbers(kind, times=True)
    assert holds_texts(kind) == (kind == pa.string())


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary(2)),
        *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint64(), pa.binary())),
    ],
)
def test_texts_of_any_layout_are_the_same(kind: pa.DataType) -> None:
    inner = kind.value_type if isinstance(kind, pa.DictionaryType) else kind
    array = pa.array([b"zz", "aé"[:1].encode() + b"b", None, b"zz"], pa.binary(2)).cast(inner)
    if inner is not kind:
        array = array.dictionary_encode().cast(kind)
    assert holds_texts(kind)
    found = texts(array[1:])
    assert ["ab", None, "zz"] == [found[row] for row in range(3)]
    assert found.unfit is None


def test_bytes_that_are_no_text_are_found_by_row() -> None:
    for array in (
        pa.array([b"a", b"\xff", b"b"]),
        pa.Array.from_buffers(
            pa.string(), 3, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb")]
        ),
    ):
        found = texts(array)
        assert (1, r"b'\xff'", "a text in UTF-8") == found.unfit
        assert ["a", None, "b"] == [found[row] for row in range(3)]


def test_an_index_past_its_dictionary_is_found_by_row() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([0, 7, -3], pa.int32()), pa.array(["a"]), safe=False)
    found = texts(array)
    assert (1, "text 7 of a dictionary of 1", "a file that is not damaged") == found.unfit
    assert ["a", None, None] == [found[row] for row in range(3)]
