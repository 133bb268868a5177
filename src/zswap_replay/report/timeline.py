"""Snapshots as a Parquet file in long format, for plots over the time of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.counters import Snapshot
from zswap_replay.report.figures import compressor_of, rows
from zswap_replay.result import Result

_FIELDS: list[pa.Field[Any]] = [
    pa.field("compressor", pa.string(), nullable=False),
    pa.field("label", pa.string(), nullable=False),
    pa.field("time_ns", pa.uint64(), nullable=False),
    pa.field("group", pa.string(), nullable=False),
    pa.field("memcg", pa.string()),
    pa.field("counter", pa.string(), nullable=False),
    pa.field("value", pa.int64(), nullable=False),
]
SCHEMA = pa.schema(_FIELDS)
"""One row for each value of each counter at each snapshot; ``memcg`` is null for the machine's counters."""


def write(path: Path, results: Sequence[Result]) -> None:
    """Writes the snapshots of all results to ``path``.

    Raises OSError: the file cannot be written.
    """
    tables = [_table(compressor_of(result), snapshot) for result in results for snapshot in result.snapshots]
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")


def _table(compressor: str, snapshot: Snapshot) -> pa.Table:
    found = list(rows(snapshot))
    columns = {
        "compressor": [compressor] * len(found),
        "label": [snapshot.label] * len(found),
        "time_ns": [snapshot.time_ns] * len(found),
        "group": [row.group for row in found],
        "memcg": [row.memcg for row in found],
        "counter": [row.counter for row in found],
        "value": [row.value for row in found],
    }
    return pa.table(columns, schema=SCHEMA)
