from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sweeps import AXES, SMALL_AXES, make_rows, make_sweep, write_sweep
from zswap_replay.errors import ResultError
from zswap_replay.sweep.file import read, write
from zswap_replay.sweep.result import Cell, Sweep


def test_a_sweep_comes_back(tmp_path: Path) -> None:
    rows = make_rows()
    marked = [{**row, "pareto": place == 3} for place, row in enumerate(rows)]
    figures = ("derived.writeback_bytes:min", "derived.compression_ratio:max", "zswap.pool_total_size")
    sweep = read(write_sweep(tmp_path / "s", marked, pareto=figures))
    assert tuple(AXES) == sweep.axes
    assert len(rows) == len(sweep)
    assert figures == sweep.pareto
    assert [place == 3 for place in range(len(rows))] == list(sweep.front)
    assert "pareto" not in sweep.columns
    assert [row["derived.writeback_bytes"] for row in rows] == sweep.column("derived.writeback_bytes")
    assert [] == sweep.column("derived.nothing")
    assert tuple(rows[5][axis] for axis in AXES) == sweep.point(5)
    assert "traces/web.parquet" == sweep.manifest["trace"]["path"]  # type: ignore[index]


def test_folders_named_as_partitions_add_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "kernel=6.8"
    folder.mkdir()
    assert "kernel" not in read(write_sweep(folder / "s.parquet", make_rows())).columns


def test_no_number_is_a_missing_value(tmp_path: Path) -> None:
    rows = [{**row, "derived.compression_ratio": float("nan")} for row in make_rows()]
    assert {None} == set(read(write_sweep(tmp_path / "s", rows)).column("derived.compression_ratio"))


def fault(path: Path) -> str:
    with pytest.raises(ResultError) as caught:
        read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_other_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.parquet"
    pq.write_table(pa.table({"time": [1]}), path)
    assert (
        "found Parquet without the metadata 'zswap_replay.sweep'; expected a file that `zswap-replay sweep` wrote"
        == (fault(path))
    )


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    path.write_bytes(write_sweep(path, make_rows()).read_bytes()[:-20])
    assert fault(path).startswith("found no readable Parquet")


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ({"schema": 2}, "zswap_replay.sweep.schema: found 2; expected 1, which this program reads"),
        ({"axes": ["nodes"]}, "found no column 'nodes', which the metadata names"),
        ({"axes": "nodes"}, "zswap_replay.sweep.axes: found 'nodes'; expected a list"),
        ({"pareto": ["zswap.pool_total_size"]}, "found no column 'pareto', which the metadata names"),
        ({"pareto": ["derived.x:max"]}, "found no column 'derived.x', which the metadata names"),
        ({"manifest": 1}, "zswap_replay.sweep.manifest: found 1; expected an object"),
    ],
)
def test_metadata_that_does_not_fit_is_named(tmp_path: Path, metadata: dict[str, object], text: str) -> None:
    assert fault(write_sweep(tmp_path / "s", make_rows(), metadata=metadata)).startswith(text)


def test_metadata_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"zswap_replay.sweep": "{"}), path)
    assert fault(path).startswith("metadata 'zswap_replay.sweep': found no JSON")


def test_points_have_to_be_distinct_and_whole(tmp_path: Path) -> None:
    rows = make_rows()
    assert "rows 1 and 3: found the same point twice; expected each once" == fault(
        write_sweep(tmp_path / "s", [rows[0], rows[1], rows[0]])
    )
    assert "column 'compressor': found None; expected a setting, text or a number" == fault(
        write_sweep(tmp_path / "s", [rows[0], {**rows[1], "compressor": None}])
    )
    table = pq.read_table(write_sweep(tmp_path / "s", rows))
    pq.write_table(table.slice(0, 0), tmp_path / "empty")
    assert "found no point; expected at least one row" == fault(tmp_path / "empty")


@pytest.mark.parametrize("pareto", [False, True])
def test_parquet_is_read_back_as_it_was_written(pareto: bool, tmp_path: Path) -> None:
    path = tmp_path / "sweep.parquet"
    write(path, make_sweep(pareto=pareto))
    assert make_sweep(pareto=pareto) == read(str(path))


def test_the_file_of_a_sweep_has_typed_columns_and_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "sweep.parquet"
    write(path, make_sweep(pareto=True))
    schema = pq.read_schema(path)
    assert {
        "compressor": pa.string(),
        "shrinker_enabled": pa.bool_(),
        "/web:memory.zswap.max": pa.int64(),
        "zswap.pool_total_size": pa.int64(),
        "vmstat.pswpin": pa.int64(),
        "vmstat.swpin_zero": pa.int64(),
        "/web:zswap": pa.int64(),
        "derived.swap_write_bytes": pa.int64(),
        "derived.swap_read_bytes": pa.int64(),
        "derived.memory_saved_mean_bytes": pa.int64(),
        "derived.compression_ratio_mean": pa.float64(),
        "derived.rejects": pa.int64(),
        "derived.reject_rate": pa.float64(),
        "derived.writeback_bytes": pa.int64(),
        "pareto": pa.bool_(),
        "marks": pa.string(),
    } == dict(zip(schema.names, schema.types, strict=True))
    assert schema.metadata is not None
    assert {
        "schema": 1,
        "axes": list(SMALL_AXES),
        "pareto": ["derived.writeback_bytes:min", "derived.reject_rate:min"],
        "manifest": make_sweep().manifest,
    } == json.loads(schema.metadata[b"zswap_replay.sweep"])


def test_a_seed_of_64_bits_fits(tmp_path: Path) -> None:
    rows: tuple[dict[str, Cell], ...] = ({"seed": 1}, {"seed": (1 << 64) - 1})
    write(tmp_path / "s.parquet", Sweep(("seed",), ("seed",), rows, {}))
    assert rows == read(str(tmp_path / "s.parquet")).rows
