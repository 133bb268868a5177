"""The same rows in the types that other programs write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import TraceError
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace

NUMBERS = ("time_ns", "page", "count", "node", "content")
TEXTS = ("event", "memcg", "key", "value")


def table() -> pa.Table:
    trace = TraceBuilder(step_ns=1_000_000_000).memcg_create("/web")
    trace = trace.memcg_set("/web", "memory.max", "64M")
    for page in range(40):
        trace = trace.write("/web", page, count=3, content=100 * page).read("/web/worker", page)
    return trace.param("enabled", "on").snapshot("done").table()


def digest(path: Path, changed: pa.Table) -> str:
    pq.write_table(changed, path, row_group_size=50)
    return open_trace(path).sha256()


def cast(changed: pa.Table, columns: tuple[str, ...], kind: pa.DataType) -> pa.Table:
    for name in columns:
        column = changed.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
            column = (
                column.cast(pa.int64()).cast(pa.duration("ns")).cast(pa.duration(kind.unit)).cast(pa.int64())
            )
        changed = changed.set_column(changed.schema.get_field_index(name), name, column.cast(kind))
    return changed


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        *((NUMBERS, kind) for kind in (pa.int64(), pa.uint64(), pa.float64(), pa.decimal128(38, 3))),
        *((("page", "count", "node", "content"), kind) for kind in (pa.uint16(), pa.int32(), pa.float32())),
        *((TEXTS, kind) for kind in (pa.string(), pa.large_string(), pa.binary())),
        *(
            (("time_ns",), kind(unit))
            for kind in (pa.timestamp, pa.duration)
            for unit in ("s", "ms", "us", "ns")
        ),
    ],
)
def test_types_do_not_change_the_rows(tmp_path: Path, columns: tuple[str, ...], kind: pa.DataType) -> None:
    rows = table()
    assert digest(tmp_path / "a", rows) == digest(tmp_path / "b", cast(rows, columns, kind))


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_views_are_texts(tmp_path: Path, kind: pa.DataType) -> None:
    rows = table()
    changed = rows
    for name in TEXTS:
        column = rows.column(name).to_pylist()
        data = [text.encode() if text is not None and kind == pa.binary_view() else text for text in column]
        changed = changed.set_column(changed.schema.get_field_index(name), name, pa.array(data, kind))
    assert digest(tmp_path / "a", rows) == digest(tmp_path / "b", changed)


def test_a_data_frame_is_a_trace(tmp_path: Path) -> None:
    """With floats in the place of integers that are missing, and an index where rows were left out."""
    frame = table().to_pandas()
    assert "float64" == str(frame["page"].dtype)
    frame = frame.astype({"event": "string", "memcg": "category"})
    whole, part = tmp_path / "whole", tmp_path / "part"
    frame.to_parquet(whole)
    assert digest(tmp_path / "a", table()) == open_trace(whole).sha256()
    assert [] == open_trace(whole).notes
    frame[frame.index != 5].to_parquet(part)
    reader = open_trace(part)
    assert len(frame) - 1 == sum(len(batch) for batch in reader.batches())
    assert [f"{part}: passed over: column __index_level_0__ is pandas' index"] == reader.notes
    frame.set_index("time_ns").to_parquet(part)
    assert open_trace(whole).sha256() == open_trace(part).sha256()


def test_a_column_without_a_type_is_a_column_of_nulls(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"time_ns": [0, 1], "event": ["write", "read"], "memcg": ["/a", "/a"], "page": [0, 0]}
    )
    frame.to_parquet(tmp_path / "a")
    frame.assign(key=None, content=None, count=None).to_parquet(tmp_path / "b")
    assert open_trace(tmp_path / "a").sha256() == open_trace(tmp_path / "b").sha256()
    frame.assign(time_ns=None).to_parquet(tmp_path / "c")
    with pytest.raises(TraceError, match="column time_ns: found null; expected uint64"):
        open_trace(tmp_path / "c")


def test_statistics_are_not_believed(tmp_path: Path) -> None:
    """A released writer counts a column's nulls once for each of its pages: here, as many as there are rows."""
    path = tmp_path / "t.parquet"
    count = pa.array([8, None] * 300, pa.uint32())
    columns: dict[str, Any] = {
        "time_ns": pa.array(range(600), pa.uint64()),
        "event": ["write"] * 600,
        "memcg": ["/a"] * 600,
        "page": pa.array(range(600), pa.uint64()),
        "count": count,
    }
    pq.write_table(pa.table(columns), path, compression="none")
    data = path.read_bytes()
    nulls = b"\x36\xd8\x04"  # field 3 of the statistics: 300 as a zigzag varint
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    assert 1 == data.count(nulls, footer)
    place = data.index(nulls, footer)
    path.write_bytes(data[:place] + b"\x36\xb0\x09" + data[place + 3 :])  # 600
    statistics = pq.read_metadata(path).row_group(0).column(4).statistics
    assert statistics is not None
    assert 600 == statistics.null_count
    (batch,) = open_trace(path).batches()
    assert [8, 1] * 300 == batch.count.tolist()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"count": pa.array([1, -1, -1])},
            "row 1, column count: found -1; expected a whole number from 0 to",
        ),
        (
            {"count": pa.array([1, 1, 1 << 32])},
            f"row 2, column count: found {1 << 32}; expected a whole number",
        ),
        ({"page": pa.array([1, 1.5, 1])}, "row 1, column page: found 1.5; expected a whole number from 0 to"),
        (
            {"node": pa.array([0, 256, 0])},
            "row 1, column node: found 256; expected a whole number from 0 to 255",
        ),
        (
            {"time_ns": pa.array([0, 1, 1 << 55], pa.int64()).cast(pa.timestamp("us"))},
            f"row 2, column time_ns: found {1 << 55} us; expected nanoseconds from 0 to",
        ),
        (
            {"time_ns": pa.array([0, 1, -5]), "page": pa.array([1, -1, 1])},
            "row 1, column page: found -1; expected a whole number",
        ),
        (
            {"event": pa.array([b"read", b"read", b"\xff"])},
            r"row 2, column event: found b'\\xff'; expected a text",
        ),
        (
            {"page": pa.array([True] * 3)},
            "column page: found bool; expected uint64, or whole numbers of another type",
        ),
        ({"event": pa.array([1] * 3)}, "column event: found int64; expected dictionary<string> or string"),
    ],
)
def test_a_value_that_does_not_fit_is_found_by_row(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = tmp_path / "t.parquet"
    columns: dict[str, Any] = {
        "time_ns": pa.array([0, 1, 2], pa.uint64()),
        "event": ["read"] * 3,
        "memcg": ["/a"] * 3,
        "page": pa.array([1, 2, 3], pa.uint64()),
    }
    pq.write_table(pa.table(columns | changes), path)
    for batch_rows in (1, 100):
        with pytest.raises(TraceError, match=said):
            for _ in open_trace(path).batches(batch_rows):
                pass


def test_tiny_row_groups_are_read_together(tmp_path: Path) -> None:
    rows = table()
    path = tmp_path / "t.parquet"
    pq.write_table(rows, path, row_group_size=1)
    reader = open_trace(path)
    (batch,) = reader.batches()
    assert len(rows) == len(batch)
    assert digest(tmp_path / "a", rows) == reader.sha256()
    pq.write_table(pa.concat_tables([rows.slice(0, 60), rows.slice(0, 1)]), path, row_group_size=7)
    with pytest.raises(TraceError, match="row group 8, row 60, column time_ns: found 0 after"):
        open_trace(path).sha256()
