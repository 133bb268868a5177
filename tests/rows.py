"""The rows of a trace as tests compare them."""

from __future__ import annotations

from zswap_replay.trace.reader import TraceReader, open_trace
from zswap_replay.trace.row_lines import row_lines


def row_texts(reader: TraceReader, limit: int | None = None) -> list[tuple[str, ...]]:
    """Return the first ``limit`` rows (or all), a text for each column, - for a null."""
    return [tuple(line.split("\t")) for line in "".join(row_lines(reader, limit)).splitlines()]


def kept_rows(trace: str, batch_rows: int = 16) -> TraceReader:
    """Read a trace and keep its rows, in batches of so many; return the reader."""
    reader = open_trace(trace)
    reader.share()
    for _ in reader.batches(batch_rows):
        pass
    return reader
