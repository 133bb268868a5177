from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zswap_replay as zr
from tests.rows import row_texts
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.overview import overview
from zswap_replay.trace.reader import open_trace

COLUMNS: dict[str, list[Any]] = {
    "time_ns": [0, 1, 2, 2, 9],
    "event": ["memcg_create", "memcg_set", "write", "read", "snapshot"],
    "memcg": ["/web", "/web", "/web", "/web/worker", None],
    "page": [None, None, 7, (1 << 64) - 2, None],
    "count": [None, None, 3, None, None],
    "key": [None, "memory.max", None, None, "end of it"],
    "value": [None, "64M", None, None, None],
}
ROWS = [
    "0 memcg_create /web - - - - - -",
    "1 memcg_set /web - - - - memory.max 67108864",
    "2 write /web 7 3 0 - - -",
    "2 read /web/worker 18446744073709551614 1 0 - - -",
    "9 snapshot - - - - - end of it -",
]


def written(rows: object, path: Path, **more: Any) -> list[str]:
    count = zr.write_trace(rows, path, **more)
    found = [" ".join(row) for row in row_texts(open_trace(path))]
    assert count == len(found)
    return found


def pandas_frame() -> pd.DataFrame:
    return pd.DataFrame({**COLUMNS, "page": pd.array(COLUMNS["page"], "UInt64")}, index=list("abcde"))


FRAMES: dict[str, Callable[[], object]] = {
    "dict": lambda: COLUMNS,
    "arrays": lambda: {
        **COLUMNS,
        "time_ns": np.array(COLUMNS["time_ns"]),
        "event": np.array(COLUMNS["event"]),
    },
    "pandas": pandas_frame,
    "pandas categories": lambda: pandas_frame().astype({"event": "category", "memcg": "category"}),
    "polars": lambda: pl.DataFrame(COLUMNS, schema_overrides={"page": pl.UInt64}),
    "polars categories": lambda: pl.DataFrame(
        COLUMNS, schema_overrides={"page": pl.UInt64, "event": pl.Categorical, "memcg": pl.Categorical}
    ),
    "lazy": lambda: pl.DataFrame(COLUMNS, schema_overrides={"page": pl.UInt64}).lazy(),
    "table": lambda: pa.Table.from_pandas(pandas_frame()),
    "batch": lambda: pa.RecordBatch.from_pandas(pandas_frame()),
    "stream": lambda: pa.Table.from_pandas(pandas_frame()).to_reader(max_chunksize=2),
    "parts": lambda: (pandas_frame().iloc[at : at + 2] for at in (0, 2, 4)),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    assert ROWS == written(FRAMES[kind](), tmp_path / "t.parquet")


def test_times_floats_and_single_values(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "time_ns": pd.to_datetime([1, 2], unit="ns"),
            "event": "read",
            "memcg": "/a",
            "page": [1.0, 2.0],
            "content": [float("nan"), 5],
            "x_note": ["of mine", None],
        }
    )
    expected = ["1 read /a 1 1 0 - - -", "2 read /a 2 1 0 5 - -"]
    assert expected == written(frame, tmp_path / "t.parquet")
    assert expected == written(frame.assign(key=float("nan"), value=None), tmp_path / "n.parquet")
    columns = {
        "time_ns": range(1, 3),
        "event": "read",
        "memcg": "/a",
        "page": np.array([1, 2]),
        "content": [None, 5],
        "x_note": ["of mine", None],
    }
    assert expected == written(columns, tmp_path / "t.arrow")


def test_metadata_are_given_or_stay(tmp_path: Path) -> None:
    TraceBuilder().read("/a", 1).worker("end").save(
        tmp_path / "old", TraceMetadata(totalram_pages=9, origin="x")
    )
    table = pq.read_table(tmp_path / "old")
    zr.write_trace(table, tmp_path / "new", origin="y", nodes=2, recipe={"parts": []})
    assert (
        TraceMetadata(totalram_pages=9, nodes=2, origin="y", recipe={"parts": []}, schema=2)
        == open_trace(tmp_path / "new").metadata
    )
    zr.write_trace(table.to_reader(), tmp_path / "two", schema=2)
    with pytest.raises(
        zr.TraceError, match="row 1, column event: found worker; expected an event of schema 1, or"
    ):
        zr.write_trace(table.to_reader(), tmp_path / "one")
    with pytest.raises(
        zr.TraceError, match=r"metadata zswap_replay.nodes: found '0'; expected a number of NUMA"
    ):
        zr.write_trace(table, tmp_path / "one", nodes=0)
    with pytest.raises(zr.SettingsError, match="schema: found 3; expected 1 or 2"):
        zr.write_trace(table, tmp_path / "one", schema=3)
    assert not (tmp_path / "one").exists()


GOOD: dict[str, Any] = {"time_ns": [0, 5, 9], "event": "read", "memcg": "/a", "page": [1, 2, 3]}

FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"page": [1, -2, 3]}, "row 1, column page: found -2; expected a whole number from 0 to"),
    ({"page": [1, 2, "three"]}, "row 2, column page: found 'three'; expected a whole number from 0 to"),
    ({"page": [1, 1 << 64, 3]}, "row 1, column page: found '18446744073709551616'; expected a whole number"),
    ({"page": [1, 2.5, 3]}, "row 1, column page: found 2.5; expected a whole number"),
    ({"page": [1, None, 3]}, "row 1, column page: found null; expected the page that the read names"),
    ({"page": None}, "row 0, column page: found null; expected the page that the read names"),
    ({"page": [True, False, True]}, "row 0, column page: found 'True'; expected a whole number"),
    ({"time_ns": [5, 4, 9]}, "row 1, column time_ns: found 4 after 5; expected a time that does not go back"),
    ({"event": ["read", "raed", "read"]}, "row 1, column event: found 'raed'; expected one of read, write"),
    ({"event": ["read", 7, "read"]}, "row 1, column event: found '7'; expected a text"),
    (
        {"memcg": ["/a", "/a", "a"]},
        "row 2, column memcg: found 'a', not absolute; expected a path from the root",
    ),
    ({"memcg": [1, 2, 3]}, "column memcg: found int64; expected dictionary<string> or string"),
    ({"count": [1, 0, 1]}, "row 1, column count: found 0; expected at least one page"),
    ({"pages": [1, 2, 3]}, "column pages: found an unknown column; expected one of time_ns, event"),
]


@pytest.mark.parametrize(("change", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_errors_name_the_row(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(zr.TraceError) as raised:
        zr.write_trace({**GOOD, **change}, path)
    assert str(raised.value).startswith(f"{path}: {told}")
    frame = pd.DataFrame({**GOOD, **change})
    with pytest.raises(zr.TraceError) as raised:
        zr.write_trace(frame, path)
    assert told.partition(": found")[0] in str(raised.value)
    assert [] == list(tmp_path.iterdir())


def test_rows_are_counted_over_all_frames(tmp_path: Path) -> None:
    def frames() -> Iterator[dict[str, Any]]:
        yield GOOD
        yield {**GOOD, "time_ns": [9, 10, 8]}

    with pytest.raises(zr.TraceError, match="row 5, column time_ns: found 8 after 10"):
        zr.write_trace(frames(), tmp_path / "t.parquet")
    with pytest.raises(zr.TraceError, match="row 4, column page: found 'x'"):
        zr.write_trace([GOOD, {**GOOD, "page": [1, "x", 2]}], tmp_path / "t.parquet")


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for rows, told in (
        (7, "rows: found int; expected a data frame of pandas or polars"),
        ([], "rows: found no data frame"),
        ({**GOOD, "page": [1, 2]}, "column page: found 2 rows; expected 3, as time_ns has"),
        ({"time_ns": 0, "event": "settle"}, "column time_ns: found one value; expected a column"),
    ):
        with pytest.raises(zr.SettingsError, match=told):
            zr.write_trace(rows, path)
    with pytest.raises(zr.TraceError, match="column event: found no such column"):
        zr.write_trace({"time_ns": [0]}, path)
    two = pd.DataFrame([[0, 1]], columns=["time_ns", "time_ns"])
    with pytest.raises(zr.SettingsError, match="column time_ns: found two columns of this name"):
        zr.write_trace(two, path)
    zr.write_trace(GOOD, path)
    with pytest.raises(zr.SettingsError, match="is there already"):
        zr.write_trace(GOOD, path)
    assert 3 == zr.write_trace(GOOD, path, overwrite=True)
    with pytest.raises(zr.TraceError, match="a memcg_create before its first use"):
        zr.write_trace(GOOD, path, overwrite=True, strict=True)
    assert 3 == open_trace(path).num_rows


def test_no_rows_are_a_trace_that_can_be_looked_at(tmp_path: Path) -> None:
    empty: dict[str, Any] = {"time_ns": [], "event": [], "memcg": []}
    for rows in (empty, pd.DataFrame(empty), pl.DataFrame(GOOD).clear(), [empty, empty]):
        assert 0 == zr.write_trace(rows, tmp_path / "t.arrow", overwrite=True)
    found = overview("t", open_trace(tmp_path / "t.arrow")).as_json()
    assert (0, [], [], []) == (
        found["rows"],
        found["memcgs"],
        found["miss_ratio_curve"],
        found["working_set"]["windows"],
    )
    assert 3 == zr.write_trace([empty, GOOD, empty], tmp_path / "t.parquet")
    assert [(1, 1.0)] == overview("t", open_trace(tmp_path / "t.parquet")).profile.reuse.curve()
