from __future__ import annotations

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.imports import imported
from zswap_replay.errors import TraceError


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=2)
    return out.getvalue()


TABLE = pa.table({"addr": pa.array([4096, 8192, None], pa.uint64()), "t": pa.array([1, 2, 3], pa.int32())})


def test_columns_by_flags_from_a_stream_and_packed(tmp_path: Path) -> None:
    for data in (parquet(TABLE[:2]), gzip.compress(parquet(TABLE[:2]))):
        _, put = imported("parquet", data, tmp_path, column=["page=addr>>12", "time_ns=t*1000"])
        assert [(1000, 1), (2000, 2)] == [(row[0], row[3]) for row in put]


def test_the_first_bad_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="input: row 2, column page: found null; expected"):
        imported("parquet", parquet(TABLE), tmp_path, column=["page=addr>>12"])
    with pytest.raises(TraceError, match="found no Parquet"):
        imported("parquet", b"nothing of the kind", tmp_path)
