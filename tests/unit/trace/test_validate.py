from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import TraceError
from zswap_replay.replay.loop import replay
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import SCHEMA

TOP = 1 << 64


def fault_of(path: Path, *, strict: bool = False, batch_rows: int | None = None) -> str:
    with pytest.raises(TraceError) as caught:
        for _ in open_trace(path, strict=strict).batches(batch_rows):
            pass
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(str(path))


def row(**columns: Any) -> dict[str, Any]:
    return {"event": "read", "memcg": "/a", "page": 1} | columns


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (row(event=None), "column event: found null; expected one of read, write,"),
        (row(event="reed"), "column event: found 'reed'; expected one of read, write,"),
        (row(memcg=None), "column memcg: found null; expected the memcg that the read names"),
        (row(page=None), "column page: found null; expected the page that the read names"),
        (row(count=0), "column count: found 0; expected at least one page"),
        (
            row(count=2, page=TOP - 1),
            f"column count: found 2 from page {TOP - 1} on; expected a run that ends",
        ),
        (row(count=2, content=TOP - 1), f"column count: found 2 from content {TOP - 1} on; expected a run"),
        (row(node=2), "column node: found 2; expected a node below 2 (--nodes, or the trace's metadata)"),
        (row(time_ns=None), "column time_ns: found null; expected nanoseconds"),
        (row(time_ns=1), "column time_ns: found 1 after 4; expected a time that does not go back"),
        (row(memcg="a"), "column memcg: found 'a', not absolute; expected a path"),
        (row(memcg=""), "column memcg: found '', not absolute; expected a path"),
        (row(memcg="/a//b"), "column memcg: found '/a//b', an empty part; expected a path"),
        (row(memcg="/a/../b"), "column memcg: found '/a/../b', a part that is '..'; expected a path"),
        (row(memcg="/."), "column memcg: found '/.', a part that is '.'; expected a path"),
        (row(memcg="/a/"), "column memcg: found '/a/', a slash at the end; expected a path"),
        (row(memcg="/a\nb"), "column memcg: found '/a\\nb', a newline or a null, which no cgroup's name has"),
        ({"event": "snapshot"}, "column key: found null; expected a label"),
        ({"event": "param", "value": "1"}, "column key: found null; expected the knob of the param"),
        ({"event": "param", "key": "enabled"}, "column value: found null; expected what the param writes"),
        (
            {"event": "param", "key": "memory.max", "value": "1"},
            "column key: found 'memory.max'; expected a knob",
        ),
        (
            {"event": "param", "key": "enabled", "value": "maybe"},
            "column value: found 'maybe'; expected y, n, 1",
        ),
        (
            {"event": "param", "key": "max_pool_percent", "value": "101"},
            "found '101'; expected a whole number",
        ),
        (
            {"event": "memcg_set", "memcg": "/a", "key": "memory.max", "value": "12x"},
            "column value: found '12x'; expected max, bytes, or a number with K",
        ),
        (
            {"event": "memcg_set", "memcg": "/a", "key": "memory.min", "value": "1"},
            "column key: found 'memory.min'",
        ),
        (
            {"event": "memcg_set", "memcg": "/", "key": "memory.max", "value": "1"},
            "column key: found memory.max of /; expected a memcg below the root",
        ),
        (
            {"event": "memcg_set", "key": "memory.max", "value": "1"},
            "column memcg: found null; expected the memcg",
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a"},
            "column value: found null; expected what the memcg_reclaim",
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a", "value": "max"},
            "column value: found 'max'; expected bytes",
        ),
        *(
            (
                {"event": "memcg_reclaim", "memcg": "/a", "value": value},
                f"column value: found {value!r}; expected bytes, then swappiness=0 to 200 or max",
            )
            for value in ("1 swappiness=201", "1 swappiness=-1", "1 swappiness", "1 swappiness=", "1 K")
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a", "value": "64K zswap_writeback_only"},
            "or max (zswap_writeback_only is not in any modelled release)",
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a", "value": "64K source=file"},
            "expected bytes, then source=zswap",
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a", "value": "64K source=zswap swappiness=60"},
            "; expected bytes, then swappiness or source=zswap, and not both",
        ),
        (
            {"event": "memcg_reclaim", "memcg": "/a", "value": "512Mi swappiness=3"},
            "column value: found '512Mi swappiness=3'; expected bytes, or a number with K, M, G, T, P or E, here 512M",
        ),
        (
            {"event": "memcg_set", "memcg": "/a", "key": "memory.max", "value": "infinity"},
            "column value: found 'infinity'; expected max, for none",
        ),
        (
            {"event": "memcg_set", "memcg": "/a", "key": "memory.zswap.writeback", "value": "no"},
            "column value: found 'no'; expected 0 or 1, here 0",
        ),
        (
            {"event": "memcg_create", "memcg": "/"},
            "column memcg: found memcg_create of /, which is always there",
        ),
        ({"event": "memcg_offline", "memcg": "/"}, "column memcg: found memcg_offline of /, which cannot be"),
        (
            {"event": "memcg_create", "memcg": "/a"},
            "found memcg_create of /a, which is live; expected a memcg",
        ),
        (
            {"event": "memcg_create", "memcg": "/n/x"},
            "of /n/x, whose parent /n is not live; expected a live parent",
        ),
        (
            {"event": "memcg_offline", "memcg": "/n"},
            "memcg_offline of /n, which is not live; expected a live",
        ),
        (
            {"event": "memcg_offline", "memcg": "/a"},
            "of /a, which has live children (1); expected a memcg without",
        ),
        (
            {"event": "memcg_set", "memcg": "/gone", "key": "memory.max", "value": "1"},
            "found memcg_set of /gone, a memcg that is offline; expected a live memcg",
        ),
        ({"event": "memcg_reclaim", "memcg": "/gone", "value": "1"}, "of /gone, a memcg that is offline"),
        (
            row(memcg="/gone/x"),
            "found read of /gone/x, whose parent /gone is not live; expected a live parent",
        ),
    ],
)
def test_first_bad_row_is_named(tmp_path: Path, bad: dict[str, Any], expected: str) -> None:
    good = (
        TraceBuilder(step_ns=1)
        .read("/a/b", 1)
        .memcg_create("/gone")
        .memcg_offline("/gone")
        .read("/gone", 7)
        .settle()
        .table()
        .to_pylist()
    )
    rows = [*good, {"time_ns": 5} | bad, row(time_ns=6, count=0)]
    path = tmp_path / "t.parquet"
    schema = pa.schema([field.with_nullable(True) for field in SCHEMA])
    table = pa.Table.from_pylist(rows, schema=schema).replace_schema_metadata(TraceMetadata(nodes=2).encode())
    # Row groups of five rows and of two: the row is counted from the start of the file.
    pq.write_table(table, path, row_group_size=5)
    for batch_rows in (1, 2, None):
        fault = fault_of(path, batch_rows=batch_rows)
        assert ": row group 1, row 5, column " == fault[: len(": row group 1, row 5, column ")]
        assert expected in fault


def test_strict_wants_every_memcg_created(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    TraceBuilder().read("/", 1).memcg_create("/a").read("/a", 1).read("/b", 1).save(path)
    reader = open_trace(path)
    assert 4 == sum(len(batch) for batch in reader.batches())
    assert (
        ": row group 0, row 3, column memcg: found read of /b, a memcg that was never created; expected a "
        + ("memcg_create before its first use (--strict)")
        == fault_of(path, strict=True)
    )


def test_lives_of_a_memcg_that_are_good(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    (
        TraceBuilder()
        .memcg_create("/a")
        .memcg_create("/a/x")
        .memcg_offline("/a/x")
        .read("/a/x", 1)
        .memcg_offline("/a")
        .memcg_create("/a")
        .memcg_set("/a", "memory.max", "1M")
        .memcg_set("/", "memory.zswap.writeback", 0)
        .save(path)
    )
    reader = open_trace(path, strict=True)
    assert 64 == len(reader.sha256())
    assert 1 == reader.page_events


def test_a_memcg_may_be_as_deep_as_a_path_is_long(tmp_path: Path) -> None:
    path = "/a" * 2047  # 4,094 bytes, the most that a kernel takes
    TraceBuilder().write(path, 1).save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    assert [2047] == [memcg for batch in reader.batches() for memcg in batch.memcg.tolist()]
    assert path == reader.paths[2047]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"schema": "3"}, ": metadata zswap_replay.schema: found '3'; expected 1 or 2"),
        ({"page_size": "65536"}, ": metadata zswap_replay.page_size: found '65536'; expected 4096"),
        ({"totalram_pages": "1G"}, ": metadata zswap_replay.totalram_pages: found '1G'; expected a number"),
        ({"nodes": "0"}, ": metadata zswap_replay.nodes: found '0'; expected a number of NUMA nodes"),
        ({"recipe": "{"}, ": metadata zswap_replay.recipe: found '{'; expected JSON"),
        ({"recipe": "[]"}, ": metadata zswap_replay.recipe: found '[]'; expected a JSON object"),
    ],
)
def test_bad_metadata(tmp_path: Path, metadata: dict[str, str], expected: str) -> None:
    path = tmp_path / "t.parquet"
    raw = {f"zswap_replay.{key}": value for key, value in metadata.items()}
    pq.write_table(TraceBuilder().read("/a", 1).table().replace_schema_metadata(raw), path)
    assert expected in fault_of(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"time_ns": None}, ": column time_ns: found no such column; expected uint64"),
        ({"event": None}, ": column event: found no such column; expected dictionary"),
        ({"page": pa.array([True])}, ": column page: found bool; expected uint64"),
        ({"memcg": pa.array([1], pa.int64())}, ": column memcg: found int64; expected dictionary<string> or"),
        ({"pfn": pa.array([1])}, ": column pfn: found an unknown column; expected one of time_ns, event,"),
    ],
)
def test_bad_columns(tmp_path: Path, change: dict[str, pa.Array[Any] | None], expected: str) -> None:
    path = tmp_path / "t.parquet"
    table = TraceBuilder().read("/a", 1).table()
    for name, column in change.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        if column is not None:
            table = table.append_column(name, column)
    pq.write_table(table, path)
    assert expected in fault_of(path)


def test_files_that_are_no_traces(tmp_path: Path) -> None:
    good = tmp_path / "good.parquet"
    TraceBuilder().read("/a", 1).save(good)
    whole = good.read_bytes()
    for name, data, expected in (
        ("text", b"time,event\n1,read\n", ": found no Parquet; expected a Parquet file"),
        ("empty", b"", ": found an empty file; expected a Parquet file"),
        (
            "cut",
            whole[:-20],
            f": found a Parquet file that is cut off after {len(whole) - 20} bytes; expected",
        ),
        ("footer", whole[:-60] + b"\xff" * 40 + whole[-20:], ": found a Parquet file that cannot be read: "),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert expected in fault_of(path)
    assert ": no such file or folder" == fault_of(tmp_path / "missing")
    (tmp_path / "folder").mkdir()
    assert ": a folder without a .parquet file; expected at least one" == fault_of(tmp_path / "folder")


def test_damaged_pages_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    builder = TraceBuilder()
    for page in range(2000):
        builder.read("/a", page * page)
    builder.save(path)
    data = bytearray(path.read_bytes())
    data[40:400] = b"\x00" * 360
    path.write_bytes(data)
    assert ": row group 0: damaged data: " in fault_of(path)


def test_files_of_a_folder_must_agree(tmp_path: Path) -> None:
    TraceBuilder().read("/a", 1).save(tmp_path / "1.parquet", TraceMetadata(totalram_pages=5))
    TraceBuilder().at(9).read("/a", 1).save(tmp_path / "2.parquet", TraceMetadata(totalram_pages=6))
    assert "/2.parquet: metadata zswap_replay.totalram_pages: found 6; expected 5, as in" in fault_of(
        tmp_path
    )


@pytest.mark.parametrize("times", [(2**63, 2**63 + 5), (2**64 - 2, 2**64 - 1), (0, 5, 2**64 - 5)])
def test_a_clock_goes_on_to_the_last_moment_of_64_bits(tmp_path: Path, times: tuple[int, ...]) -> None:
    path = tmp_path / "t.parquet"
    builder = TraceBuilder(step_ns=0)
    for time in times:
        builder.at(time).write("/a", 0).snapshot("now")
    builder.save(path)
    assert [*times, times[-1]] == [each.time_ns for each in replay(path, compressor="lz4").snapshots]


def test_a_memcg_of_many_levels_is_made_by_its_first_use(tmp_path: Path) -> None:
    path = "/x" * 1_500
    TraceBuilder().write(path, 0).save(tmp_path / "t.parquet")
    reader = open_trace(tmp_path / "t.parquet")
    assert 1 == sum(len(batch) for batch in reader.batches())
    assert ["/", "/x", "/x/x"] == list(reader.paths)[:3]
    assert path == reader.paths[-1]
    assert 1_501 == len(reader.paths)
