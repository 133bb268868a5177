from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.codec.length_table import LengthTable
from zswap_replay.codec.lengths_file import read_lengths, write_lengths
from zswap_replay.errors import CodecError


def rows(table: LengthTable) -> list[tuple[int, int, int]]:
    return list(zip(table.content.tolist(), table.length.tolist(), table.kind.tolist(), strict=True))


def u64(*values: int | None) -> Any:
    return pa.array(values, pa.uint64())


def u32(*values: int | None) -> Any:
    return pa.array(values, pa.uint32())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lengths.parquet"


def test_a_table_is_sorted_and_typed(path: Path) -> None:
    top = (1 << 64) - 1
    pq.write_table(pa.table({"length": u32(17, 0, 4096), "content": u64(top, 3, 0)}), path)
    table = read_lengths(path).for_compressor("zstd")
    assert [(0, 4096, 0), (3, 0, 0), (top, 17, 0)] == rows(table)
    assert ["uint64", "int32", "uint8"] == [str(a.dtype) for a in (table.content, table.length, table.kind)]


def test_fill_tells_zero_from_other_same_filled_pages(path: Path) -> None:
    fill = u64(None, 0, (1 << 64) - 1, 1)
    pq.write_table(pa.table({"content": u64(1, 2, 3, 4), "length": u32(9, 9, 9, 9), "fill": fill}), path)
    assert [0, 1, 2, 2] == read_lengths(path).for_compressor("lz4").kind.tolist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_a_file_may_hold_several_compressors(path: Path, kind: Any) -> None:
    names = pa.array(["zstd", "lzo-rle", "zstd:3", "zstd:1"], pa.string()).cast(kind)
    pq.write_table(
        pa.table({"content": u64(2, 1, 1, 1), "length": u32(20, 11, 10, 12), "compressor": names}), path
    )
    known = read_lengths(path)
    assert [(1, 10, 0), (2, 20, 0)] == rows(known.for_compressor("zstd:3"))
    assert [(1, 11, 0)] == rows(known.for_compressor("lzo-rle"))
    assert [(1, 12, 0)] == rows(known.for_compressor("zstd:1"))
    with pytest.raises(
        CodecError, match="column compressor: no row for 'lz4'; the file has lzo-rle, zstd, zstd:1"
    ):
        known.for_compressor("lz4")


def test_equal_rows_are_one(path: Path) -> None:
    pq.write_table(pa.table({"content": u64(5, 4, 5, 5), "length": u32(1, 2, 1, 1)}), path)
    assert [(4, 2, 0), (5, 1, 0)] == rows(read_lengths(path).for_compressor("lz4"))


def test_an_empty_file_has_no_rows(path: Path) -> None:
    pq.write_table(pa.table({"content": u64(), "length": u32()}), path)
    assert [] == rows(read_lengths(path).for_compressor("lz4"))


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        ("column content is missing", {"length": u32(1)}),
        ("column length is missing", {"content": u64(1)}),
        ("column length is string, expected uint32", {"content": u64(1), "length": pa.array(["1"])}),
        ("row 1, column length: -1 is no whole number", {"content": u64(1, 2), "length": pa.array([1, -1])}),
        ("row 0, column content: 0.5 is no whole number", {"content": pa.array([0.5]), "length": u32(1)}),
        (
            "column fill is bool, expected uint64",
            {"content": u64(1), "length": u32(1), "fill": pa.array([True])},
        ),
        ("column compressor is int64", {"content": u64(1), "length": u32(1), "compressor": pa.array([1])}),
        ("unknown column lenght; known are", {"content": u64(1), "length": u32(1), "lenght": u32(1)}),
        ("row 1, column length: 4097 is more than a page", {"content": u64(1, 2), "length": u32(1, 4097)}),
        ("row 2, column content: null", {"content": u64(1, 2, None), "length": u32(1, 1, 1)}),
        ("row 0, column length: null", {"content": u64(1), "length": u32(None)}),
        (
            "row 1, column compressor: null",
            {"content": u64(1, 2), "length": u32(1, 1), "compressor": pa.array(["lz4", None])},
        ),
        (
            "row 2, column length: content 7 differs from row 0, 9 against 8",
            {"content": u64(7, 6, 7), "length": u32(8, 8, 9)},
        ),
        (
            "row 1, column fill: content 7 differs from row 0",
            {"content": u64(7, 7), "length": u32(8, 8), "fill": u64(0, None)},
        ),
    ],
)
def test_a_bad_file_is_refused_in_one_line(path: Path, said: str, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), path)
    with pytest.raises(CodecError, match="^" + re.escape(f"{path}: {said}")) as caught:
        read_lengths(path)
    assert "\n" not in str(caught.value)


def test_what_is_not_parquet_is_refused(path: Path) -> None:
    with pytest.raises(CodecError, match="cannot be read as Parquet"):
        read_lengths(path)
    path.write_bytes(b"PAR1 or not")
    with pytest.raises(CodecError, match="cannot be read as Parquet"):
        read_lengths(path)


def test_what_is_written_is_read(path: Path) -> None:
    content = np.array([9, 1, 1], np.uint64)
    length = np.array([0, 30, 40], np.int32)
    write_lengths(path, content, length, fill=[None, 0, 0], compressor=["lz4", "lz4", "zstd"])
    known = read_lengths(path)
    assert [(1, 30, 1), (9, 0, 0)] == rows(known.for_compressor("lz4"))
    assert [(1, 40, 1)] == rows(known.for_compressor("zstd"))


def test_a_write_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"old")

    def fails(_table: Any, where: pa.NativeFile, **_options: Any) -> None:
        where.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(pq, "write_table", fails)
    with pytest.raises(OSError, match="No space"):
        write_lengths(path, np.array([1], np.uint64), np.array([1], np.int32))
    assert b"old" == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, None),
        ({"zswap_replay.revisions": '{"lz4": 2, "lz4hc": 2}'}, None),
        ({"zswap_replay.kernel": "6.12", "zswap_replay.revisions": '{"lz4": 2, "lz4hc": 2}'}, None),
        ({"zswap_replay.kernel": "6.12"}, "was made by a version of zswap-replay with others"),
        ({"zswap_replay.kernel": "6.12", "zswap_replay.revisions": '{"lz4": 1}'}, "was made by a version"),
        ({"zswap_replay.kernel": "6.12", "zswap_replay.revisions": "[" * 100_000}, "was made by a version"),
        ({"zswap_replay.kernel": "6.12", "zswap_replay.revisions": "[2]"}, "was made by a version"),
    ],
)
def test_lengths_of_an_earlier_version_are_told_of(
    tmp_path: Path, metadata: dict[str, str], said: str | None
) -> None:
    path = tmp_path / "lengths.parquet"
    table = pa.table({"content": u64(1), "length": u32(9)}).replace_schema_metadata(metadata or None)
    pq.write_table(table, path)
    known = read_lengths(path)
    for name in ("lz4", "lz4:8", "lz4hc"):
        told = known.deviation(name, "6.6")
        assert (told is None) == (said is None)
        assert told is None or told.startswith(f"{path} {said}")
    assert {None} == {known.deviation(name, "6.6") for name in ("zstd", "deflate", "lzo", "lzo-rle", "842")}


def test_a_file_made_for_a_release_says_whose_lengths_it_has(tmp_path: Path) -> None:
    path = tmp_path / "lengths.parquet"
    write_lengths(path, np.array([1], np.uint64), np.array([9], np.int32), kernel="6.12")
    assert {"lz4": 2, "lz4hc": 2} == read_lengths(path).revisions
    assert read_lengths(path).deviation("lz4", "6.6") is None
