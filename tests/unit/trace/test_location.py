from __future__ import annotations

import os
import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zswap_replay.errors import MissingPackageError, SettingsError, TraceError
from zswap_replay.files import check_output
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.location import bounded, locate
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.trace.schema import SCHEMA


def save(
    path: Path, first: int, rows: int = 3, columns: tuple[str, ...] = ("time_ns", "event", "memcg", "page")
) -> None:
    """Write events of the times from ``first`` on."""
    trace = TraceBuilder()
    for place in range(rows):
        trace = trace.write("/web", place)
    table = trace.table()
    times = pa.array(range(first, first + rows), pa.uint64())
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.set_column(0, SCHEMA.field("time_ns"), times).select(list(columns)), path)


def test_a_folder_is_read_with_its_subfolders_in_the_order_of_numbers(tmp_path: Path) -> None:
    names = [
        "part-2.parquet",
        "part-010.pq",
        "z.PARQUET",
        "day=9/a.parq",
        "day=9/b.parquet",
        "day=10/x/a.parquet",
    ]
    for place, name in enumerate(names):
        save(tmp_path / name, 10 * place)
    reader = open_trace(tmp_path)
    assert [str(tmp_path / name) for name in names] == reader.files
    assert [3 * len(names)] == [sum(len(batch) for batch in reader.batches())]
    said = f"{tmp_path / 'day=9/a.parq'}: passed over: the folders' day is no column of a trace"
    assert [said] == reader.notes
    assert [str(tmp_path), *(str(tmp_path / name) for name in names)] == trace_files(tmp_path)


def test_what_a_folder_has_besides_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a.parquet", 0)
    save(tmp_path / "_spark" / "b.parquet", 10)
    for name in ("notes.txt", "b.csv", "_SUCCESS", ".a.parquet.crc"):
        (tmp_path / name).write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    reader = open_trace(tmp_path)
    assert 3 == reader.num_rows
    assert [
        f"{tmp_path}: passed over, as no Parquet by their names: b.csv, notes.txt",
        f"{tmp_path}: passed over, as hidden: _spark/b.parquet",
    ] == reader.notes


def test_folders_give_columns(tmp_path: Path) -> None:
    bare = ("time_ns", "event", "page")
    folders = (
        "node=1/memcg=%2Fbatch%2Fx",
        "node=1/memcg=%2Fweb",
        "node=__HIVE_DEFAULT_PARTITION__/memcg=%2Fweb",
    )
    for place, folder in enumerate(folders):
        save(tmp_path / folder / "a.parquet", 10 * place, columns=bare)
    reader = open_trace(tmp_path)
    found = [(reader.paths[batch.memcg[0]], int(batch.node[0])) for batch in reader.batches()]
    assert [("/batch/x", 1), ("/web", 1), ("/web", 0)] == found
    assert [] == reader.notes


@pytest.mark.parametrize("folder", ["node=300", "node=-1", "node=x", f"node={'9' * 5000}"[:200]])
def test_a_folder_whose_value_does_not_fit_is_named(tmp_path: Path, folder: str) -> None:
    save(tmp_path / folder / "a.parquet", 0)
    with pytest.raises(
        TraceError, match=r"a\.parquet: column node of its folder: found '.*'; expected a whole number"
    ):
        open_trace(tmp_path).sha256()


def test_no_part_of_a_trace_is_written_into_its_folder(tmp_path: Path) -> None:
    save(tmp_path / "t" / "day=1" / "a.parquet", 0)
    inputs = trace_files(tmp_path / "t")
    for name in ("x.parquet", "day=1/x.PQ", "new/x.parq"):
        with pytest.raises(
            SettingsError, match=r"would be read as a part of the trace .*; expected a file outside"
        ):
            check_output(tmp_path / "t" / name, inputs=inputs)
    for name in ("t/x.json", "t/_x.parquet", "x.parquet", "tt.parquet"):
        check_output(tmp_path / name, inputs=inputs)


def test_names_need_not_be_utf_8(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    save(tmp_path / "a.parquet", 0)
    folder.mkdir()
    (tmp_path / "a.parquet").rename(folder / os.fsdecode(b"\xfe.parquet"))
    for where in (folder, folder / os.fsdecode(b"\xfe.parquet")):
        reader = open_trace(where)
        assert [f"{tmp_path}/\\xff/\\xfe.parquet"] == reader.files
        assert reader.sha256()
    with pytest.raises(TraceError, match=r"\\xff/none: no such file or folder"):
        open_trace(folder / "none")


def test_uris_of_fsspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "d" / "a.parquet", 0)
    sha256 = open_trace(tmp_path / "d").sha256()
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(tmp_path / "d" / "a.parquet", "a.parquet")
    fsspec.filesystem("memory").pipe("/d/a.parquet", (tmp_path / "d" / "a.parquet").read_bytes())
    for uri in (
        f"fsspec+file://{tmp_path}/d",
        f"file://{tmp_path}/d/a.parquet",
        f"zip://a.parquet::{tmp_path}/t.zip",
        "memory://d",
        "simplecache::memory://d/a.parquet",
    ):
        assert sha256 == open_trace(uri).sha256()
    assert "gs://b/t.parquet?retry_limit_seconds=30" == bounded("gs://b/t.parquet")
    for uri in ("memory://d", "gs://b/t?retry_limit_seconds=2"):
        assert uri == bounded(uri)
    for uri in ("memory://none", "no-such-protocol://x"):
        with pytest.raises(TraceError, match=f"^{uri}: "):
            open_trace(uri)
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    with pytest.raises(
        MissingPackageError, match=r"^memory://d: a URI of this kind needs the package fsspec"
    ):
        locate("memory://d")
