"""Traces whose best settings can be reckoned by hand, and the searches that must find them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.sweep.grid import Option
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.tune.space import Range, make_range

PAGES = 100
"""Pages of /a, each of a content of its own."""


def fixed(**values: object) -> tuple[Option, ...]:
    return tuple(Option(name, (str(value),), (value,)) for name, value in values.items())  # type: ignore[arg-type]


def lengths(folder: Path, length: int) -> str:
    """A file by which every content has one length."""
    path = folder / f"lengths-{length}.parquet"
    write_lengths(path, np.arange(2 * PAGES, dtype=np.uint64), np.full(2 * PAGES, length, np.int32))
    return str(path)


def saved(builder: TraceBuilder, path: Path) -> str:
    if not path.exists():
        builder.save(path)
    return str(path)


def stores(folder: Path) -> str:
    """A hundred pages are written, and all go to zswap."""
    builder = TraceBuilder().memcg_create("/a")
    for page in range(PAGES):
        builder.write("/a", page, content=page)
    builder.pageout("/a", 0, count=PAGES)
    return saved(builder, folder / "stores.parquet")


def loop(folder: Path) -> str:
    """A memcg goes through 32 pages four times, while another has a page in zswap."""
    builder = TraceBuilder().memcg_create("/a").memcg_create("/b")
    builder.write("/b", 1000, content=150).pageout("/b", 1000)
    for _ in range(4):
        for page in range(32):
            builder.write("/a", page, content=page)
    return saved(builder, folder / "loop.parquet")


def percent(low: int, high: int) -> Range:
    return make_range("max_pool_percent", f"{low}..{high}", low, high)
