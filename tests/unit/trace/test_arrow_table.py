from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tests.imports import imported
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers import run

TABLE = pa.table(
    {
        "addr": pa.array([0x1000, 0x2FFF, 0x3000], pa.int64()),
        "seconds": [1.5, 2.0, 2.25],
        "is_write": [0, 1, 0],
        "when": pa.array(pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]).as_unit("us")),
        "comm": pa.array(["a", "b", "a"]).dictionary_encode(),
        "text": ["0x1000", "0x2000", "12288"],
    }
)


def stream(table: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


def file(table: pa.Table) -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_file(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


@pytest.mark.parametrize("write", [stream, file])
def test_columns_by_flags(tmp_path: Path, write: object) -> None:
    assert callable(write)
    columns = ["page=addr>>12", "time_ns=seconds*1e9", "event=is_write", "memcg=comm"]
    found, put = imported("arrow", write(TABLE), tmp_path, column=columns)
    assert [
        (1_500_000_000, "read", "/a", 1, 1),
        (2_000_000_000, "write", "/b", 2, 1),
        (2_250_000_000, "read", "/a", 3, 1),
    ] == put
    assert 3 == found.figures["rows"]


def test_times_and_texts(tmp_path: Path) -> None:
    _, put = imported("arrow", stream(TABLE), tmp_path, column=["page=text>>12", "time=when"])
    assert [(1767225600 * 10**9, 1), (1767312000 * 10**9, 2)] == [(row[0], row[3]) for row in put[:2]]


def test_a_file_that_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "t.feather"
    path.write_bytes(file(TABLE))
    run("arrow", path, tmp_path / "t.parquet", column=["page=addr>>12"])


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("page=comm", "row 0, column comm: found 'a'; expected a number"),
        ("page=seconds", "row 0, column seconds: found 1.5; expected a whole number"),
        ("page=addr-8192", "row 0, column addr: found 4096; expected at least 8192"),
        (
            "page=seconds*1e19",
            "row 0, column seconds: found inf|row 1, column seconds: found 2e.19; expected a whole",
        ),
        ("page=addr<<60", "row 0, column addr: found 4096; expected fewer bits"),
    ],
)
def test_the_first_bad_row_is_named(tmp_path: Path, column: str, why: str) -> None:
    with pytest.raises(TraceError, match=why):
        imported("arrow", stream(TABLE), tmp_path, column=[column])


@pytest.mark.parametrize("column", ["page=odd", "event=odd", "memcg=odd", "key=odd", "time=odd"])
@pytest.mark.parametrize("odd", [[[1]] * 2, [{"a": 1}] * 2, [b"7", b"\xff"]])
def test_a_column_that_is_no_text_nor_number(tmp_path: Path, column: str, odd: list[object]) -> None:
    table = pa.table({"addr": pa.array([4096, 8192]), "odd": odd})
    columns = [column] if column == "page=odd" else ["page=addr>>12", column]
    with pytest.raises(
        TraceError, match=r"row [01], column odd: found (a column of type .*|b'.xff'); expected "
    ):
        imported("arrow", stream(table), tmp_path, column=columns)


def test_decimals_are_not_rounded(tmp_path: Path) -> None:
    large = pa.array([(1 << 60) + 1], pa.uint64()).cast(pa.decimal128(25, 0))
    seconds = pa.array([1.5]).cast(pa.decimal128(10, 3))
    table = pa.table({"page": large, "seconds": seconds})
    _, put = imported("arrow", stream(table), tmp_path, column=["page=page", "time=seconds*1e9"])
    assert [(1_500_000_000, (1 << 60) + 1)] == [(row[0], row[3]) for row in put]


def test_what_is_no_arrow(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="found an empty input; expected an Arrow IPC file or stream"):
        imported("arrow", b"", tmp_path)
    with pytest.raises(TraceError, match="input: cannot be read: "):
        imported("arrow", file(TABLE)[:-40], tmp_path, column=["page=addr"])
    with pytest.raises(SettingsError, match="no column page"):
        imported("arrow", file(TABLE), tmp_path)
