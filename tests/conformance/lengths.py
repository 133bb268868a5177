"""Lengths that kernels gave single pages, by compressor."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.conformance.cases import RECORDED, load_cases
from tests.conformance.gen_payloads import numbered, payload
from zswap_replay.units import PAGE_SIZE

HELD = ("zstd", "deflate", "lzo", "lzo-rle", "lz4", "lz4hc")
"""The compressors whose lengths are held to the kernel's, to the byte. Each one has recorded lengths."""
EVERY = 16
"""Of the pages of long cases, one of so many is compressed."""


def recorded(compressor: str) -> Iterator[tuple[str, bytes, int]]:
    """Kernel, page and length of every page whose length one store showed; 0 or 4096 where it was not compressed."""
    pages = payload("all", 360, 1)
    for row in pq.ParquetFile(RECORDED / "lengths-7.1.parquet").read().to_pylist():
        if row["compressor"] == compressor:
            yield "7.1", pages[row["page"]], row["length"] % PAGE_SIZE
    for case in load_cases():
        if case.name == f"len_{compressor}":
            pages = tuple(page for part in case.payload for page in payload(part.mix, part.pages, part.seed))
            for row in case.lengths().to_pylist():
                if row["fill"] is None:
                    yield case.kernel, pages[row["content"]], row["length"] % PAGE_SIZE


def sampled(compressor: str) -> Iterator[tuple[str, bytes, int]]:
    """Case, page and length of one page of ``EVERY`` that any case stores with a compressor, each page once."""
    seen = set()
    for case in load_cases():
        table = case.lengths()
        if "compressor" in table.column_names and table.column("compressor").null_count < table.num_rows:
            table = table.filter(pc.equal(table.column("compressor"), pa.scalar(compressor)))
        elif case.compressor != compressor:
            continue
        table = table.filter(pc.is_null(table.column("fill")))
        for content, length in zip(
            *(table.column(name).to_pylist() for name in ("content", "length")), strict=True
        ):
            if content % EVERY == 0:
                for part in case.payload:
                    number = content - part.first_content
                    if 0 <= number < part.pages and (part.mix, part.seed, number) not in seen:
                        seen.add((part.mix, part.seed, number))
                        yield case.id, numbered(part.mix, part.seed, number), length
