"""Traces under pressure, drawn at random, and the small machine that they are replayed on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.bench import FULL, HALF, REFUSED, SAME, ZERO, save_lengths
from tests.profiles import part
from tests.strategies import Row, as_table
from zswap_replay.mm.releases import RELEASES
from zswap_replay.settings import Settings
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import PAGE_SIZE

PATHS = ("/a", "/a/x", "/b")
CONTENTS = (FULL, HALF, HALF, REFUSED, ZERO, SAME)
every_release = pytest.mark.parametrize("kernel", RELEASES)
quick = part(0.5)
_FOLDER = tempfile.TemporaryDirectory()

SET_UP: tuple[Row, ...] = (
    {"event": "settle"},
    {"event": "snapshot", "key": "now"},
    {"event": "param", "key": "max_pool_percent", "value": "0"},
    {"event": "param", "key": "max_pool_percent", "value": "4"},
    {"event": "param", "key": "accept_threshold_percent", "value": "50"},
    {"event": "param", "key": "enabled", "value": "N"},
    {"event": "param", "key": "enabled", "value": "Y"},
    {"event": "param", "key": "shrinker_enabled", "value": "Y"},
    {"event": "param", "key": "exclusive_loads", "value": "Y"},
    {"event": "param", "key": "compressor", "value": "deflate"},
    {"event": "param", "key": "compressor", "value": "zstd"},
)
LIMITS = ("memory.zswap.max", "memory.zswap.max", "memory.max", "memory.high", "memory.swap.max")


def any_events(random: Random) -> Iterator[Row]:
    """Events without end, most of them of pages that were named before."""
    while True:
        dice = random.random()
        if dice < 0.8:
            yield {
                "event": random.choice(
                    ["read", "write", "write", "pageout", "pageout", "pageout", "discard"]
                ),
                "memcg": random.choice(["/", *PATHS, *PATHS]),
                "page": random.randrange(20),
                "count": random.randint(1, 24),
                "node": random.randrange(2),
                "content": random.choice(CONTENTS),
            }
        elif dice < 0.9:
            path = random.choice(PATHS)
            value = random.choice(["4096", "16384", "40000", "100000", "max"])
            yield {"event": "memcg_set", "memcg": path, "key": random.choice(LIMITS), "value": value}
        elif dice < 0.92:
            yield {"event": "memcg_reclaim", "memcg": random.choice(PATHS), "value": "64K"}
        elif dice < 0.94:
            yield {"event": "memcg_offline", "memcg": random.choice(PATHS)}
        else:
            yield random.choice(SET_UP)


def lived(rows: Iterable[Row]) -> Iterable[Row]:
    """The rows with what makes them a good trace: memcgs are made before use, and removed when they have no child."""
    born: set[str] = set()
    live: set[str] = set()
    for row in rows:
        path = row.get("memcg", "/")
        if row["event"] == "memcg_offline":
            if path not in live or any(each.startswith(f"{path}/") for each in live):
                continue
            live.discard(path)
        elif path != "/" and path not in (live if row["event"].startswith("memcg_") else born):
            for each in PATHS:
                if f"{path}/".startswith(f"{each}/") and each not in live:
                    live.add(each)
                    yield {"event": "memcg_create", "memcg": each}
            born |= live
        yield row


@st.composite
def pressed(draw: st.DrawFn, *, deaths: bool = True) -> list[Row]:
    """A trace of few pages under tight limits, in which memcgs come and go.

    Drawn by a seed: a draw for each field leaves nearly all traces without a single store. A shorter trace is the
    beginning of a longer one, so that failures shrink.
    """
    events = any_events(Random(draw(st.integers(0, 1 << 32))))
    rows = islice(events, draw(st.integers(1, 120)))
    kept = [row for row in rows if deaths or row["event"] != "memcg_offline"]
    return [{"time_ns": 150_000 * number, **row} for number, row in enumerate(lived(kept))]


@cache
def lengths_file() -> str:
    """A file of the lengths of all contents, for all tests here."""
    path = Path(_FOLDER.name) / "lengths.parquet"
    save_lengths(path, 64)
    return str(path)


def save(folder: str, rows: list[Row], name: str = "t.parquet", **options: Any) -> str:
    path = Path(folder) / name
    with TraceWriter(path, **options) as writer:
        writer.write(as_table(rows))
    return str(path)


def tight(kernel: str, **more: Any) -> Settings:
    """A machine of 250 pages with a pool of ten."""
    values: dict[str, Any] = {
        "totalram": 250 * PAGE_SIZE,
        "max_pool_percent": 4,
        "nodes": 2,
        "lengths": lengths_file(),
    }
    return Settings(kernel=kernel, **values | more)
