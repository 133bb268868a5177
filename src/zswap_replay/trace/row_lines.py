"""The rows of a trace as lines of text, a whole batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zswap_replay.trace.encode import batch_table
from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.schema import SCHEMA

ABSENT = "-"
"""The text of a null."""

HEADER = "\t".join(SCHEMA.names) + "\n"
"""The names of the columns, as a line."""

_BATCH_ROWS = 1 << 14
"""Rows that are read at a time; the lines before a bad row are given as far as its batch."""


def row_lines(reader: TraceReader, limit: int | None = None) -> Iterator[str]:
    """Yield the first ``limit`` rows (or all), tab-separated, as texts of many whole lines. Raises TraceError."""
    left = reader.num_rows if limit is None else limit
    if not left:
        return
    # where few rows are asked for, a fault in a later row is not reported
    for batch in reader.batches(min(left, _BATCH_ROWS)):
        memcgs = np.arange(len(reader.paths), dtype=np.int32)
        yield _lines(batch_table(batch, slice(0, min(left, len(batch))), memcgs, reader.paths))
        left -= len(batch)
        if left <= 0:
            return


def _lines(table: pa.Table) -> str:
    """Spell the rows of a table of SCHEMA; a tab or a newline within a text by its octal number."""
    columns: list[Any] = table.columns
    texts = [column.cast(pa.string()).fill_null(ABSENT) for column in columns]
    lines = _joined(texts)
    if lines.count("\t") != len(table) * (len(texts) - 1) or lines.count("\n") != len(table):
        for found, octal in (("\t", r"\011"), ("\n", r"\012")):
            texts = [pc.replace_substring(text, found, octal) for text in texts]
        lines = _joined(texts)
    return lines


def _joined(texts: list[Any]) -> str:
    join: Any = pc.binary_join_element_wise  # takes texts among columns, which the stub does not know
    return "".join(join(*texts[:-1], join(texts[-1], "", "\n"), "\t").to_pylist())
