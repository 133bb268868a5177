from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import Row, as_table, traces
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.merge import MergeInput, merge
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import SCHEMA
from zswap_replay.trace.writer import TraceWriter

ARRAYS = ("time_ns", "event", "memcg", "page", "count", "node", "content", "has_content")


def save(folder: str, name: str, rows: list[Row], **options: Any) -> Path:
    path = Path(folder) / name
    with TraceWriter(path, **options) as writer:
        writer.write(as_table(rows))
    return path


def flat(batches: list[Batch]) -> tuple[list[list[int]], list[tuple[Any, ...]]]:
    columns = [[value for batch in batches for value in getattr(batch, name).tolist()] for name in ARRAYS]
    controls = [
        (batch.first_row + control.row, control.event, control.memcg, control.key, control.value)
        for batch in batches
        for control in batch.controls
    ]
    return columns, controls


@given(rows=traces(), batch_rows=st.integers(1, 9), row_group_rows=st.integers(1, 50))
def test_neither_batches_nor_row_groups_matter(rows: list[Row], batch_rows: int, row_group_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = open_trace(save(folder, "whole", rows))
        cut = open_trace(save(folder, "cut", rows, row_group_rows=row_group_rows))
        plain = Path(folder) / "plain"
        text = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in SCHEMA]
        schema = pa.schema(list(zip(SCHEMA.names, text, strict=True)))
        pq.write_table(as_table(rows).cast(schema), plain, compression="none", use_dictionary=False)
        expected = flat(list(whole.batches()))
        assert len(rows) == len(expected[0][0])
        for reader in (cut, open_trace(plain)):
            assert expected == flat(list(reader.batches(batch_rows)))
            assert whole.paths == reader.paths
            assert whole.sha256() == reader.sha256()
            assert whole.page_events == reader.page_events


@given(rows=traces(), batch_rows=st.integers(1, 9))
def test_a_batch_written_again_reads_the_same(rows: list[Row], batch_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reader = open_trace(save(folder, "one", rows))
        again = Path(folder) / "two"
        with TraceWriter(again) as writer:
            for batch in reader.batches(batch_rows):
                writer.write(
                    batch_table(
                        batch,
                        slice(0, len(batch)),
                        np.arange(len(reader.paths), dtype=np.int32),
                        reader.paths,
                    )
                )
        assert reader.sha256() == open_trace(again).sha256()


@given(inputs=st.lists(traces(contents=False), min_size=1, max_size=3), batch_rows=st.integers(1, 9))
def test_merge_is_a_stable_sort_by_time(inputs: list[list[Row]], batch_rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"/t{number}" for number in range(len(inputs))]
        paths = [save(folder, name[1:], rows) for name, rows in zip(names, inputs, strict=True)]
        merged = Path(folder) / "merged"
        merge([MergeInput(*item) for item in zip(paths, names, strict=True)], merged, batch_rows=batch_rows)
        # Python's sort is stable; machine events hold no memcg to move.
        created = [{"time_ns": 0, "event": "memcg_create", "memcg": name} for name in names]
        moved = [
            row | ({"memcg": name + row["memcg"].rstrip("/")} if "memcg" in row else {})
            for name, rows in zip(names, inputs, strict=True)
            for row in rows
        ]
        expected = save(folder, "expected", created + sorted(moved, key=lambda row: int(row["time_ns"])))
        assert open_trace(expected).sha256() == open_trace(merged).sha256()
