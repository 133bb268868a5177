from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import TraceError
from zswap_replay.trace.batch import NO_MEMCG, Control
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.columns import decode
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import SCHEMA, Event
from zswap_replay.units import UNLIMITED


def small() -> TraceBuilder:
    return (
        TraceBuilder(step_ns=10)
        .memcg_create("/web")
        .memcg_set("/web", "memory.max", "64M")
        .write("/web", 5, count=3, content=100, node=1)
        .settle()
        .read("/web/worker", 9)
        .param("enabled", "off")
        .memcg_reclaim("/web", "1M")
        .memcg_set("/web", "memory.max", "max")
        .snapshot("end")
    )


def test_columns_of_a_batch(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    small().save(path, TraceMetadata(totalram_pages=1000, nodes=2, origin="by hand", recipe={"a": 1}))
    reader = open_trace(path, strict=False)
    (batch,) = reader.batches()

    assert TraceMetadata(4096, 1000, 2, "by hand", {"a": 1}) == reader.metadata
    assert 9 == reader.num_rows == len(batch)
    assert ["/", "/web", "/web/worker"] == reader.paths
    assert 2 == reader.page_events
    assert list(range(0, 90, 10)) == batch.time_ns.tolist()
    assert [6, 7, 1, 4, 0, 10, 9, 7, 5] == batch.event.tolist()
    assert [1, 1, 1, NO_MEMCG, 2, NO_MEMCG, 1, 1, NO_MEMCG] == batch.memcg.tolist()
    assert [5, 9] == batch.page[[2, 4]].tolist()
    assert [3, 1] == batch.count[[2, 4]].tolist()
    assert [1, 0] == batch.node[[2, 4]].tolist()
    assert [100, 0] == batch.content[[2, 4]].tolist()
    assert [1, 0] == batch.has_content[[2, 4]].tolist()
    for name, dtype in {
        "time_ns": np.uint64,
        "event": np.uint8,
        "memcg": np.int32,
        "page": np.uint64,
        "count": np.uint32,
        "node": np.uint8,
        "content": np.uint64,
        "has_content": np.uint8,
    }.items():
        column = getattr(batch, name)
        assert dtype == column.dtype
        assert column.flags.c_contiguous
        assert column.flags.writeable


def test_controls_are_parsed(tmp_path: Path) -> None:
    small().save(tmp_path / "t.parquet")
    (batch,) = open_trace(tmp_path / "t.parquet").batches()
    assert [
        Control(0, 0, Event.MEMCG_CREATE, 1, None, None),
        Control(1, 10, Event.MEMCG_SET, 1, "memory.max", 64 << 20),
        Control(5, 50, Event.PARAM, NO_MEMCG, "enabled", 0),
        Control(6, 60, Event.MEMCG_RECLAIM, 1, None, 1 << 20),
        Control(7, 70, Event.MEMCG_SET, 1, "memory.max", UNLIMITED),
        Control(8, 80, Event.SNAPSHOT, NO_MEMCG, "end", None),
    ] == batch.controls


def test_text_columns_may_be_plain_and_columns_may_be_few(tmp_path: Path) -> None:
    table = pa.table({"event": ["read", "write"], "x_note": [1, 2], "memcg": ["/a", "/b"]})
    table = table.append_column("page", pa.array([1, 2], pa.uint64()))
    table = table.append_column("time_ns", pa.array([0, 0], pa.uint64()))
    pq.write_table(table, tmp_path / "t.parquet", use_dictionary=False)
    (batch,) = open_trace(tmp_path / "t.parquet").batches()
    assert [0, 1] == batch.event.tolist()
    assert [1, 2] == batch.memcg.tolist()
    assert [1, 1] == batch.count.tolist()


def test_folder_is_read_in_order_of_name(tmp_path: Path) -> None:
    TraceBuilder().at(5).read("/b", 2).save(tmp_path / "2.parquet")
    TraceBuilder().at(1).read("/a", 1).save(tmp_path / "1.parquet")
    (tmp_path / "README").write_text("not a trace")
    for where in (str(tmp_path), tmp_path.as_uri()):
        reader = open_trace(where)
        assert [1, 2] == [int(batch.page[0]) for batch in reader.batches()]
        assert [0, 1] == [batch.first_row for batch in reader.batches()]
        assert [f"{where}/1.parquet", f"{where}/2.parquet"] == reader.files


def test_time_may_not_go_back_between_files(tmp_path: Path) -> None:
    TraceBuilder().at(5).read("/a", 2).save(tmp_path / "1.parquet")
    TraceBuilder().at(4).read("/a", 1).save(tmp_path / "2.parquet")
    with pytest.raises(TraceError, match=r"2\.parquet: row group 0, row 0, column time_ns: found 4 after 5"):
        open_trace(tmp_path).sha256()


def test_digest_knows_the_rows(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {"page": 6},
        {"count": 4},
        {"node": 2},
        {"content": 101},
        {"content": None},
        {"event": "read"},
        {"memcg": "/other"},
        {"time_ns": 21},
    ]
    rows = small().table().to_pylist()
    seen = set()
    for number, change in enumerate([{}, *changes]):
        changed = [row | change if row["event"] == "write" else row for row in rows]
        path = tmp_path / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(changed, schema=SCHEMA), path)
        seen.add(open_trace(path).sha256())
    assert 1 + len(changes) == len(seen)


def test_second_reading_gives_the_same(tmp_path: Path) -> None:
    small().save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    first = [batch.memcg.tolist() for batch in reader.batches(2)]
    digest = reader.digest
    assert first == [batch.memcg.tolist() for batch in reader.batches(2)]
    assert digest is not None
    assert digest == reader.digest


def test_empty_trace_is_read(tmp_path: Path) -> None:
    TraceBuilder().save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    assert [] == list(reader.batches())
    assert 0 == reader.page_events


def test_a_trace_that_is_remembered_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    small().save(path)
    reader = open_trace(path)
    first = [batch.memcg.tolist() for batch in reader.batches()]
    digest, events = reader.digest, reader.page_events
    reader.remember()
    path.unlink()
    twin = reader.again()
    part = next(reader.batches())
    assert None is reader.digest
    assert first == [batch.memcg.tolist() for batch in twin.batches()]
    assert (digest, events, reader.paths) == (twin.digest, twin.page_events, twin.paths)
    assert first[0] == part.memcg.tolist()


def test_a_long_trace_is_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    small().save(path)
    reader = open_trace(path)
    reader.remember(rows=reader.num_rows - 1)
    digest = reader.sha256()
    assert digest == reader.again().sha256()
    path.unlink()
    with pytest.raises(TraceError):
        next(reader.batches())


@pytest.mark.parametrize("offset", [0, 1, 7, 8, 9])
def test_nulls_and_values_are_found_wherever_a_column_begins(offset: int) -> None:
    values = [None, 1, 2, None, 4, 5, 6, None, None, 9, 10, None]
    columns = {
        "time_ns": pa.array(range(12), pa.uint64()),
        "event": pa.array(["write"] * 12).dictionary_encode(),
        "memcg": pa.array([None if value is None else f"/{value}" for value in values]).dictionary_encode(),
        "page": pa.array(values, pa.uint64()),
        "count": pa.array(values, pa.uint32()),
    }
    found = decode(pa.RecordBatch.from_pydict(columns).slice(offset))
    assert found.page_null is not None
    assert [value is None for value in values[offset:]] == found.page_null.tolist()
    assert [value or 0 for value in values[offset:]] == found.page.tolist()
    assert [1 if value is None else value for value in values[offset:]] == found.count.tolist()
    rows = range(12 - offset)
    assert [None if value is None else f"/{value}" for value in values[offset:]] == [
        found.memcg[row] for row in rows
    ]
    assert list(range(offset, 12)) == found.time_ns.tolist()


def test_reading_a_trace_imports_neither_pandas_nor_the_compute_functions(tmp_path: Path) -> None:
    small().save(tmp_path / "t.parquet")
    script = (
        "import sys\n"
        "from zswap_replay.trace.reader import open_trace\n"
        f"open_trace({str(tmp_path / 't.parquet')!r}).sha256()\n"
        "print(sorted({'pandas', 'pyarrow.compute'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
