from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.factories import make_result, make_snapshot
from zswap_replay.files import replacing
from zswap_replay.report.machine import timeline


def test_a_file_that_is_finished_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    with replacing(str(target)) as file:
        file.write_text("new")
        assert "old" == target.read_text()
    assert "new" == target.read_text()
    assert [target] == list(tmp_path.iterdir())


def test_an_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")

    def fail_half_way() -> None:
        with replacing(str(target)) as file:
            file.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert "old" == target.read_text()
    assert [target] == list(tmp_path.iterdir())


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with replacing(str(link)) as file:
        file.write_text("new")
    assert link.is_symlink()
    assert "new" == target.read_text()


def test_a_device_is_written_and_not_replaced() -> None:
    with replacing(os.devnull) as file:
        file.write_text("gone")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("name", ["none/out.json", "."])
def test_a_place_that_cannot_be_written_is_named_before_any_work(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    with pytest.raises(OSError, match=re.escape(path)), replacing(path):
        pytest.fail("the block must not run")


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
