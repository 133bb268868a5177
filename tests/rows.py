"""The rows of a trace as tests compare them."""

from __future__ import annotations

from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.row_lines import row_lines


def row_texts(reader: TraceReader, limit: int | None = None) -> list[tuple[str, ...]]:
    """Return the first ``limit`` rows (or all), a text for each column, - for a null."""
    return [tuple(line.split("\t")) for line in "".join(row_lines(reader, limit)).splitlines()]
