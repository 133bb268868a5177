"""The file of a sweep: Parquet, one row a point, with all that it depends on in its metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.errors import SweepError
from zswap_replay.result.labels import DERIVED_UNITS
from zswap_replay.sweep.result import SCHEMA, Cell, Sweep

KEY = b"zswap_replay.sweep"
"""The key of the file's metadata under which ``Sweep.metadata()`` stands, as JSON."""

FRONT = "pareto"
"""The column that says of each row whether it is on the Pareto front."""

_INT64 = 1 << 63


def write(path: Path, sweep: Sweep) -> None:
    """Writes a sweep to ``path``. Raises OSError: the file cannot be written."""
    fields = [pa.field(column, _type(column, sweep)) for column in sweep.columns]
    columns: dict[str, list[Any]] = {column: [row[column] for row in sweep.rows] for column in sweep.columns}
    if sweep.pareto is not None:
        fields.append(pa.field(FRONT, pa.bool_()))
        columns[FRONT] = list(sweep.front)
    metadata: dict[bytes | str, bytes | str] = {KEY: json.dumps(sweep.metadata()).encode()}
    table = pa.table(columns, schema=pa.schema(fields, metadata=metadata))
    pq.write_table(table, path, compression="zstd")


def read(path: str) -> Sweep:
    """A sweep that ``write`` wrote. Raises SweepError: the file is none, or cannot be read."""
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise SweepError(f"{path}: cannot be read as Parquet: {' '.join(str(error).split())}") from None
    raw = (table.schema.metadata or {}).get(KEY)
    if raw is None:
        raise SweepError(f"{path}: found Parquet that is no sweep; expected the metadata key {KEY.decode()}")
    metadata = json.loads(raw)
    if metadata.get("schema") != SCHEMA:
        raise SweepError(f"{path}: found a sweep of schema {metadata.get('schema')}; expected {SCHEMA}")
    pareto = metadata["pareto"]
    rows: list[dict[str, Cell]] = table.to_pylist()
    front = tuple(bool(row.pop(FRONT)) for row in rows) if pareto is not None else ()
    return Sweep(
        axes=tuple(metadata["axes"]),
        columns=tuple(name for name in table.column_names if pareto is None or name != FRONT),
        rows=tuple(rows),
        manifest=metadata["manifest"],
        pareto=None if pareto is None else tuple(pareto),
        front=front,
    )


def _type(column: str, sweep: Sweep) -> pa.DataType:
    if column in sweep.axes:
        values = [row[column] for row in sweep.rows]
        if any(isinstance(value, bool) for value in values):
            return pa.bool_()
        if any(isinstance(value, str) for value in values):
            return pa.string()
        # a seed may need the 64th bit
        wide = any(isinstance(value, int) and value >= _INT64 for value in values)
        return pa.uint64() if wide else pa.int64()
    group, _, name = column.partition(".")
    if group == "timing" or (group == "derived" and DERIVED_UNITS[name] == "ratio"):
        return pa.float64()
    return pa.int64()
