from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import TraceError
from zswap_replay.trace import shared_rows
from zswap_replay.trace.batch import NO_MEMCG, Control, cut
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.decode import decode
from zswap_replay.trace.digest import Digests
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import SCHEMA, Event
from zswap_replay.trace.writer import TraceWriter, page_rows
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


def test_what_a_reading_knows_is_of_the_batches_that_were_taken(tmp_path: Path) -> None:
    """The thread that reads is ahead of them."""
    trace = TraceBuilder()
    for number in range(6):
        trace.read(f"/m{number}", 1)
    trace.save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    for taken, _ in enumerate(reader.batches(1), 1):
        time.sleep(0.02)
        assert ["/", *(f"/m{number}" for number in range(taken))] == reader.paths
        assert taken == reader.page_events
        assert reader.digest is None
    assert reader.digest is not None


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


def test_a_long_trace_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    small().save(path)
    reader = open_trace(path)
    free = 4 * shared_rows.ROW_BYTES * reader.num_rows
    monkeypatch.setattr(shared_rows, "available_memory", lambda: free - 1)
    reader.remember()
    assert None is reader.shared_path()
    digest = reader.sha256()
    assert digest == reader.again().sha256()
    path.unlink()
    with pytest.raises(TraceError):
        next(reader.batches())


def many(rows: int = 100_000) -> pa.Table:
    """Rows with all that is digested, in columns that are long enough for the digest's threads."""
    number = np.arange(rows, dtype=np.uint64)
    odd = number % 2 == 1
    return page_rows(
        number, odd.astype(np.int32), number % 977, (odd.astype(np.int32), ["/a", "/b"]), 1 + number % 3
    ).set_column(
        SCHEMA.get_field_index("content"),
        SCHEMA.field("content"),
        pa.array(number, pa.uint64(), mask=~odd),
    )


def test_digest_does_not_depend_on_batches_or_row_groups(tmp_path: Path) -> None:
    found = set()
    for number, group_rows in enumerate((100_000, 7_777)):
        path = tmp_path / f"{number}.parquet"
        with TraceWriter(path, row_group_rows=group_rows) as writer:
            writer.write(many())
        for batch_rows in (None, 1000, 33_333, 100_000):
            reader = open_trace(path)
            assert 100_000 == sum(len(batch) for batch in reader.batches(batch_rows))
            found.add(reader.digest)
    # The SHA-256 as it was found by one call of hashlib for each column.
    sha256 = "23f33bf9829745031672cfe1c2f9da54feecac1381a6eb5a6abdcdffffc7abce"
    assert {Digests("5c5cf7c8a09c989e1e137537516bb987", sha256)} == found


def test_a_reading_that_is_given_up_leaves_no_thread(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t.parquet", row_group_rows=50_000) as writer:
        writer.write(many())
    before = threading.active_count()
    batches = open_trace(tmp_path / "t.parquet").batches(20_000)
    next(batches)
    next(batches)
    assert before < threading.active_count()
    assert isinstance(batches, Generator)
    batches.close()
    assert before == threading.active_count()


def test_a_reading_that_is_left_open_does_not_keep_the_program(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t.parquet") as writer:
        writer.write(many())
    script = (
        "from zswap_replay.trace.reader import open_trace\n"
        f"batches = open_trace({str(tmp_path / 't.parquet')!r}).batches(20_000)\n"
        "print(len(next(batches)), len(next(batches)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ("20000 20000\n", "") == (done.stdout, done.stderr)


def test_rows_before_damaged_ones_come_first(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with TraceWriter(path, row_group_rows=1000) as writer:
        writer.write(many(3000))
    page = pq.read_metadata(path).row_group(1).column(SCHEMA.get_field_index("page"))
    data = bytearray(path.read_bytes())
    start = page.dictionary_page_offset
    assert start is not None
    data[start : start + page.total_compressed_size] = bytes(page.total_compressed_size)
    path.write_bytes(data)
    before = threading.active_count()
    batches = open_trace(path).batches(250)
    assert [0, 250, 500, 750] == [next(batches).first_row for _ in range(4)]
    with pytest.raises(TraceError, match=r"t\.parquet: row group 1: damaged data: "):
        next(batches)
    assert before == threading.active_count()


def test_rows_that_were_read_before_a_fault_come_first(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    good, bad = many(1000), TraceBuilder().at(5).read("/a", 1).table()
    with TraceWriter(path, row_group_rows=1000) as writer:
        writer.write(pa.concat_tables([good, bad]))
    before = threading.active_count()
    batches = open_trace(path).batches(400)
    assert [400, 400, 200] == [len(next(batches)) for _ in range(3)]
    with pytest.raises(
        TraceError, match=r"row group 1, row 1000, column time_ns: found 5 after 999; expected"
    ):
        next(batches)
    assert before == threading.active_count()


@pytest.mark.parametrize("statistics", [False, True, ["key", "value"]])
def test_columns_of_nulls_mean_the_same_whether_the_file_says_so_or_not(
    tmp_path: Path, statistics: bool | list[str]
) -> None:
    table = pa.concat_tables([many(100).slice(0, 1), many(100)])
    nested = pa.array(
        [{"one": None, "two": None}] * len(table), pa.struct([("one", pa.int8()), ("two", pa.int8())])
    )
    # A column of another program, whose two parts come before our columns.
    other = table.add_column(0, "x_nested", nested)
    pq.write_table(other, tmp_path / "t.parquet", row_group_size=1, write_statistics=statistics)
    pq.write_table(table, tmp_path / "plain.parquet", write_statistics=False)
    assert open_trace(tmp_path / "plain.parquet").sha256() == open_trace(tmp_path / "t.parquet").sha256()


def test_a_required_column_of_nulls_is_a_fault_though_the_file_says_so(tmp_path: Path) -> None:
    table = pa.table({"time_ns": pa.nulls(2, pa.uint64()), "event": pa.nulls(2, pa.string())})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(TraceError, match=r"row group 0, row 0, column time_ns: found null"):
        open_trace(tmp_path / "t.parquet").sha256()


def test_batches_are_cut(tmp_path: Path) -> None:
    small().save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    expected = list(reader.batches(4))
    found = list(cut(reader.batches(), 4))
    assert [0, 4, 8] == [batch.first_row for batch in found]
    for one, other in zip(expected, found, strict=True):
        assert one.controls == other.controls
        for name in ("time_ns", "event", "memcg", "page", "count", "node", "content", "has_content"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()


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
