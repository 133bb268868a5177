from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from zswap_replay.trace.encoding import encoding_of
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.schema import SCHEMA, Event
from zswap_replay.trace.writer import TraceWriter, page_rows

ROWS = 1 << 18
RANDOM = np.random.default_rng(1)

FEW = RANDOM.integers(0, 5_000, ROWS, dtype=np.uint64)
MANY = RANDOM.integers(0, 200_000, ROWS, dtype=np.uint64)
SCAN = np.arange(ROWS, dtype=np.uint64)
FAR = RANDOM.integers(0, 1 << 60, 80_000, dtype=np.uint64)[RANDOM.integers(0, 80_000, ROWS)]


@pytest.mark.parametrize("codec", ["zstd", "none"])
@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        pytest.param(FEW, "RLE_DICTIONARY", id="few"),
        pytest.param(MANY, "DELTA_BINARY_PACKED", id="many"),
        pytest.param(SCAN, "DELTA_BINARY_PACKED", id="a scan"),
        pytest.param(FAR, "RLE_DICTIONARY", id="far apart"),
    ],
)
def test_page_numbers_are_encoded_by_what_they_are(
    pages: npt.NDArray[np.uint64], expected: str, codec: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    with TraceWriter(path, encoding=encoding_of(path, codec)) as writer:
        writer.write(page_rows(np.arange(ROWS, dtype=np.uint64), Event.READ, pages, "/a"))
    column = pq.read_metadata(path).row_group(0).column(SCHEMA.get_field_index("page"))
    assert expected in column.encodings
    read = np.concatenate([batch.page for batch in open_trace(path).batches()])
    assert pages.tolist() == read.tolist()


def test_rows_give_the_same_bytes_however_they_are_written(tmp_path: Path) -> None:
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    table = page_rows(np.arange(ROWS, dtype=np.uint64), Event.READ, MANY, "/a")
    with TraceWriter(one, row_group_rows=100_000) as writer:
        writer.write(table)
    with TraceWriter(other, row_group_rows=100_000) as writer:
        for first in range(0, ROWS, 70_000):
            writer.write(table.slice(first, 70_000))
    assert one.read_bytes() == other.read_bytes()
