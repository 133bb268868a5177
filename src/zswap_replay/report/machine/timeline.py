"""Snapshots as a Parquet file in long format, to be plotted over the time of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zswap_replay.result.labels import run_names
from zswap_replay.result.long_format import to_arrow
from zswap_replay.result.result import Result


def write(path: Path, results: Sequence[Result]) -> None:
    """Write the snapshots of all results to ``path``, as rows of ``long_format.schema()``.

    Raises OSError: the file cannot be written.
    """
    pairs = [
        (run, snapshot)
        for run, result in zip(run_names(results), results, strict=True)
        for snapshot in result.snapshots
    ]
    written = pa.BufferOutputStream()
    pq.write_table(to_arrow(pairs), written, compression="zstd")
    with path.open("wb") as file:  # Arrow opens no pipe, and while it waits for one no signal is heard
        file.write(written.getvalue())
