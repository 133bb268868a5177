"""The renderers of a sweep, on rows made by hand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.golden import assert_golden
from zswap_replay.errors import SweepError
from zswap_replay.report.machine import sweep_csv, sweep_json
from zswap_replay.report.terminal import sweep_table
from zswap_replay.sweep import file as sweep_parquet
from zswap_replay.sweep.result import Cell, Failure, Sweep

AXES = ("compressor", "shrinker_enabled", "/web:memory.zswap.max")
COUNTERS = (
    "zswap.pool_total_size",
    "vmstat.pswpin",
    "vmstat.swpin_zero",
    "memcg:/web:zswap",
    "derived.compression_ratio",
    "derived.writeback_bytes",
    "derived.rejects",
    "derived.reject_rate",
)


def make_row(*cells: Cell) -> dict[str, Cell]:
    return dict(zip((*AXES, *COUNTERS), cells, strict=True))


def make_sweep(*, pareto: bool = False, failures: tuple[Failure, ...] = ()) -> Sweep:
    return Sweep(
        axes=AXES,
        columns=(*AXES, *COUNTERS),
        rows=(
            make_row(
                "zstd", False, 64 << 20, 4_567_040, 1234, None, 3_999_999, 2.273456, 1 << 20, 56, 0.0125
            ),
            make_row("zstd", True, -1, 0, 0, 3, 0, None, 0, 0, None),
            make_row("lz4:8", True, 1_500_000, 8192, 99_999, 4, 4096, 1.5, 1 << 33, 1_000_000, 0.5),
        ),
        manifest={
            "trace": {"path": "traces/web.parquet", "sha256": "5ca1ab1e" * 8, "events": 1_234_567},
            "settings": {"kernel": "6.8"},
        },
        pareto=("derived.writeback_bytes:min", "derived.reject_rate:min") if pareto else None,
        front=(True, False, True) if pareto else (),
        failures=failures,
    )


@pytest.mark.parametrize("pareto", [False, True], ids=["plain", "front"])
def test_the_table_for_people(pareto: bool) -> None:
    assert_golden(
        f"sweep-{'front' if pareto else 'plain'}.txt", sweep_table.render(make_sweep(pareto=pareto))
    )


def test_csv_has_a_line_for_each_point() -> None:
    assert_golden("sweep.csv", sweep_csv.render(make_sweep(pareto=True)))
    plain = list(csv.DictReader(io.StringIO(sweep_csv.render(make_sweep()))))
    assert "pareto" not in plain[0]
    assert ["", "3", "4"] == [row["vmstat.swpin_zero"] for row in plain]


def test_json_is_the_metadata_and_the_rows() -> None:
    assert_golden("sweep.json", sweep_json.render(make_sweep(pareto=True)))
    document = json.loads(sweep_json.render(make_sweep(failures=(Failure("compressor=zstd", "gone", 1),))))
    assert list(make_sweep().rows) == document["rows"]
    assert None is document["pareto"]
    assert [{"point": "compressor=zstd", "error": "gone"}] == document["failures"]


@pytest.mark.parametrize("pareto", [False, True])
def test_parquet_is_read_back_as_it_was_written(pareto: bool, tmp_path: Path) -> None:
    path = tmp_path / "sweep.parquet"
    sweep_parquet.write(path, make_sweep(pareto=pareto))
    assert make_sweep(pareto=pareto) == sweep_parquet.read(str(path))


def test_the_file_of_a_sweep_has_typed_columns_and_its_metadata(tmp_path: Path) -> None:
    path = tmp_path / "sweep.parquet"
    sweep_parquet.write(path, make_sweep(pareto=True))
    schema = pq.read_schema(path)
    assert {
        "compressor": pa.string(),
        "shrinker_enabled": pa.bool_(),
        "/web:memory.zswap.max": pa.int64(),
        "zswap.pool_total_size": pa.int64(),
        "vmstat.pswpin": pa.int64(),
        "vmstat.swpin_zero": pa.int64(),
        "memcg:/web:zswap": pa.int64(),
        "derived.compression_ratio": pa.float64(),
        "derived.writeback_bytes": pa.int64(),
        "derived.rejects": pa.int64(),
        "derived.reject_rate": pa.float64(),
        "pareto": pa.bool_(),
    } == dict(zip(schema.names, schema.types, strict=True))
    assert schema.metadata is not None
    assert {
        "schema": 1,
        "axes": list(AXES),
        "pareto": ["derived.writeback_bytes:min", "derived.reject_rate:min"],
        "manifest": make_sweep().manifest,
    } == json.loads(schema.metadata[b"zswap_replay.sweep"])


def test_a_seed_of_64_bits_fits(tmp_path: Path) -> None:
    rows: tuple[dict[str, Cell], ...] = ({"seed": 1}, {"seed": (1 << 64) - 1})
    sweep_parquet.write(tmp_path / "s.parquet", Sweep(("seed",), ("seed",), rows, {}))
    assert rows == sweep_parquet.read(str(tmp_path / "s.parquet")).rows


def test_a_file_that_is_no_sweep_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(SweepError, match=r"a\.parquet: found Parquet that is no sweep"):
        sweep_parquet.read(path)
    pq.write_table(
        pa.table({"a": [1]}).replace_schema_metadata({"zswap_replay.sweep": '{"schema": 2}'}), path
    )
    with pytest.raises(SweepError, match="found a sweep of schema 2; expected 1"):
        sweep_parquet.read(path)
    Path(path).write_text("text")
    with pytest.raises(SweepError, match="cannot be read as Parquet"):
        sweep_parquet.read(path)
