"""Hand-made sweeps, as files and as what ``sweep`` returns, for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.sweep.result import Cell, Failure, Sweep

AXES: dict[str, Sequence[Cell]] = {
    "compressor": ("zstd", "lz4"),
    "max_pool_percent": (20, 5, 10),
    "/web:memory.zswap.max": (-1, 8 << 20, 64 << 20),
}
"""A grid of 18 points; its numbers do not come in order."""

MANIFEST = {
    "trace": {"path": "traces/web.parquet", "sha256": "5ca1ab1e" * 8, "events": 1_234_567},
    "settings": {
        "kernel": "6.8",
        "totalram": 4 << 30,
        "enabled": True,
        "lengths": None,
        "set": ["/web:memory.max=1"],
    },
    "versions": {"zswap_replay": "0.1.0"},
}


def make_rows(axes: Mapping[str, Sequence[Cell]] = AXES) -> list[dict[str, Cell]]:
    """A row for each point: the larger the pool, the fewer pages are written back, and lz4 writes more than zstd."""
    rows = []
    for values in product(*axes.values()):
        point = dict(zip(axes, values, strict=True))
        percent = point.get("max_pool_percent", 20)
        limit = point.get("/web:memory.zswap.max", -1)
        assert isinstance(percent, int)
        pool = percent * (3 if limit == -1 else 2) << 20
        written = (40 - percent) * (2 if point.get("compressor") == "lz4" else 1) * 256
        rows.append(
            point
            | {
                "zswap.pool_total_size": pool,
                "zswap.written_back_pages": written,
                "vmstat.zswpout": 4 * written,
                "/web:zswpwb": written // 2,
                "derived.swap_write_bytes": 2 * written * 4096,
                "derived.swap_read_bytes": written * 4096,
                "derived.memory_saved_mean_bytes": pool // 2,
                "derived.writeback_bytes": written * 4096,
                "derived.compression_ratio": None if percent == 5 else 2.25,
                "derived.reject_rate": percent / 1000,
            }
        )
    return rows


def write_sweep(
    path: Path,
    rows: Sequence[Mapping[str, Cell]],
    axes: Sequence[str] = tuple(AXES),
    pareto: Sequence[str] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Path:
    """Writes rows as ``zswap-replay sweep`` does; ``metadata`` replaces keys of the metadata."""
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    document = {"schema": 1, "axes": list(axes), "pareto": pareto, "manifest": MANIFEST, **(metadata or {})}
    pq.write_table(table.replace_schema_metadata({"zswap_replay.sweep": json.dumps(document)}), path)
    return path


SMALL_AXES = ("compressor", "shrinker_enabled", "/web:memory.zswap.max")
SMALL_COUNTERS = (
    "zswap.pool_total_size",
    "vmstat.pswpin",
    "vmstat.swpin_zero",
    "/web:zswap",
    "derived.swap_write_bytes",
    "derived.swap_read_bytes",
    "derived.memory_saved_mean_bytes",
    "derived.compression_ratio_mean",
    "derived.rejects",
    "derived.reject_rate",
    "derived.writeback_bytes",
)


_BYTES = (3 << 20, 5 << 20, -7 << 10)


def _row(*cells: Cell) -> dict[str, Cell]:
    return dict(zip((*SMALL_AXES, *SMALL_COUNTERS), cells, strict=True))


def make_sweep(*, pareto: bool = False, failures: tuple[Failure, ...] = ()) -> Sweep:
    """A sweep of three points with a column of every kind, as what `sweep` returns."""
    return Sweep(
        axes=SMALL_AXES,
        columns=(*SMALL_AXES, *SMALL_COUNTERS),
        rows=(
            _row(
                "zstd",
                False,
                64 << 20,
                4_567_040,
                1234,
                None,
                3_999_999,
                *_BYTES,
                2.273456,
                56,
                0.0125,
                1 << 20,
            ),
            _row("zstd", True, -1, 0, 0, 3, 0, 0, 0, 0, None, 0, None, 0),
            _row("lz4:8", True, 1_500_000, 8192, 99_999, 4, 4096, *_BYTES, 1.5, 1_000_000, 0.5, 1 << 33),
        ),
        manifest={
            "trace": {"path": "traces/web.parquet", "sha256": "5ca1ab1e" * 8, "events": 1_234_567},
            "settings": {"kernel": "6.8"},
        },
        pareto=("derived.writeback_bytes:min", "derived.reject_rate:min") if pareto else None,
        front=(True, False, True) if pareto else (),
        failures=failures,
    )
