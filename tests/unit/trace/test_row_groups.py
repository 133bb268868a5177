from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import TraceError
from zswap_replay.inputs.parquet import open_local, open_parquet
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.row_groups import group_starts, record_batches
from zswap_replay.trace.schema import TEXT_COLUMNS, Event
from zswap_replay.trace.writer import TraceWriter, page_rows

ROWS = 4_000
SNAPSHOTS = {1_800: "first", 1_801: "second", 3_500: "third"}


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A row group with control rows in few places."""
    path = tmp_path / "t.parquet"
    with TraceWriter(path) as writer:
        written = 0
        for row, label in SNAPSHOTS.items():
            writer.write(reads(written, row - written))
            writer.write(TraceBuilder(step_ns=0).at(row).snapshot(label).table())
            written = row + 1
        writer.write(reads(written, ROWS - written))
    return path


def reads(first: int, rows: int) -> pa.Table:
    number = np.arange(first, first + rows, dtype=np.uint64)
    return page_rows(number, Event.READ, number, "/a")


def batches(path: Path, **options: Any) -> list[pa.RecordBatch]:
    with open_local(path) as source:
        file = open_parquet(source, TEXT_COLUMNS)
        return list(record_batches("t", file, group_starts(file), 200, **options))


def test_only_batches_with_control_rows_have_their_columns(trace: Path) -> None:
    spared = batches(trace, sparing=True)
    assert [9, 17] == [place for place, rows in enumerate(spared) if "key" in rows.schema.names]
    assert [9, 17] == [place for place, rows in enumerate(spared) if "value" in rows.schema.names]
    for rows, whole in zip(spared, batches(trace), strict=True):
        assert {"key", "value"} <= set(whole.schema.names)
        for name in rows.schema.names:
            assert whole.column(name).to_pylist() == rows.column(name).to_pylist()


@pytest.mark.parametrize("batch_rows", [1, 140, 1_801, ROWS])
def test_controls_do_not_depend_on_the_batches(batch_rows: int, trace: Path) -> None:
    found = {
        batch.first_row + control.row: control.key
        for batch in open_trace(trace).batches(batch_rows)
        for control in batch.controls
    }
    assert SNAPSHOTS == found


def test_texts_of_a_writer_that_has_no_dictionaries(trace: Path, tmp_path: Path) -> None:
    table = pq.read_table(trace)
    for name in ("event", "key"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.string()))
    other = tmp_path / "other.parquet"
    pq.write_table(table.replace_schema_metadata(None), other, use_dictionary=False, row_group_size=ROWS)
    assert open_trace(trace).xxh3() == open_trace(other).xxh3()


@pytest.mark.parametrize("batch_rows", [200, ROWS])
@pytest.mark.parametrize(("bad", "fails"), [(1_900, False), (1_801, True)])
def test_a_key_counts_in_control_rows_alone(
    bad: int, fails: bool, batch_rows: int, trace: Path, tmp_path: Path
) -> None:
    table = pq.read_table(trace)
    keys: list[bytes | None] = [None] * ROWS
    for row, label in {**SNAPSHOTS, bad: "x"}.items():
        keys[row] = b"\xff" if row == bad else label.encode()
    place = table.schema.get_field_index("key")
    other = tmp_path / "other.parquet"
    pq.write_table(table.set_column(place, "key", pa.array(keys, pa.binary())), other)
    reader = open_trace(other)
    if fails:
        with pytest.raises(TraceError, match=f"row {bad}, column key: found b'.xff'; expected a text"):
            list(reader.batches(batch_rows))
        assert [bad] == [problem.row for problem in reader.problems()]
    else:
        assert ROWS == sum(map(len, reader.batches(batch_rows)))
        assert not list(reader.problems())
