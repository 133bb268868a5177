"""Recorded lengths of single pages, and how near the compressors come to them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.parquet as pq

from tests.conformance.cases import RECORDED, load_cases
from tests.conformance.gen_payloads import payload
from zswap_replay.units import PAGE_SIZE

MOST_OFF = {"zstd": 0, "deflate": 0, "lzo": 0, "lz4": 6, "lz4hc": 5}
"""By compressor, the most bytes by which a length may differ from the kernel's. Each one has recorded lengths."""


def recorded(compressor: str) -> Iterator[tuple[str, bytes, int]]:
    """Kernel, page and length of every page whose length one store showed; 0 or 4096 where it was not compressed."""
    pages = payload("all", 360, 1)
    for row in pq.ParquetFile(RECORDED / "lengths-7.1.parquet").read().to_pylist():
        if row["compressor"] == compressor:
            yield "7.1", pages[row["page"]], row["length"] % PAGE_SIZE
    for case in load_cases():
        if case.name == f"len_{compressor}":
            pages = [page for part in case.payload for page in payload(part.mix, part.pages, part.seed)]
            for row in case.lengths().to_pylist():
                if row["fill"] is None:
                    yield case.kernel, pages[row["content"]], row["length"] % PAGE_SIZE
