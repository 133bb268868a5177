from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from tests.factories import make_result, make_snapshot
from zswap_replay.report.machine import timeline


def test_timeline_holds_every_snapshot_in_long_format(tmp_path: Path) -> None:
    snapshots = (make_snapshot("first", 1), make_snapshot())
    timeline.write(tmp_path / "t.parquet", [make_result(snapshots=snapshots), make_result("lz4")])
    table = pq.read_table(tmp_path / "t.parquet")
    assert [
        "compressor",
        "label",
        "time_ns",
        "group",
        "memcg",
        "node",
        "counter",
        "value",
    ] == table.column_names
    lines = [
        row for row in table.to_pylist() if row["counter"] == "zswpout" and row["memcg"] in (None, "/batch")
    ]
    by_node = [row for row in table.to_pylist() if row["node"] == 0 and row["counter"] == "zswpout"]
    assert [("first", "node", "/web", 3000)] == [
        (row["label"], row["group"], row["memcg"], row["value"]) for row in by_node[:1]
    ]
    assert [
        ("zstd", "first", 1_000_000_000, "vmstat", None, 4000),
        ("zstd", "first", 1_000_000_000, "memcg", "/batch", 1000),
        ("zstd", "end", 3_000_000_000, "vmstat", None, 12_000),
        ("zstd", "end", 3_000_000_000, "memcg", "/batch", 3000),
        ("lz4", "end", 3_000_000_000, "vmstat", None, 12_000),
        ("lz4", "end", 3_000_000_000, "memcg", "/batch", 3000),
    ] == [(r["compressor"], r["label"], r["time_ns"], r["group"], r["memcg"], r["value"]) for r in lines]
