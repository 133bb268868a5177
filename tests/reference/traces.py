"""Traces and machines drawn at random, for both models: all that a trace can ask for outside reclaim."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.strategies import Row
from zswap_replay.codec.lengths_file import write_lengths

CONTENTS = 600
TOTALRAM_PAGES = 1000
PATHS = ("/a", "/a/x", "/a/x/y", "/b")
_FOLDER = tempfile.TemporaryDirectory()


@cache
def lengths() -> dict[int, tuple[int, int | None]]:
    """The length of each content, and the word that fills it if there is one."""
    random = Random(7)
    edges = (0, 0, 1, 24, 2040, 3967, 3968, 3969, 4088, 4089, 4095, 4096)
    found: dict[int, tuple[int, int | None]] = {}
    while len(found) < CONTENTS:
        kind = random.random()
        for _ in range(random.choice((1, 1, 12))):
            length = random.choice(edges) if kind < 0.2 else random.randint(20, 4000)
            fill = 0 if 0.2 < kind < 0.25 else 7 if 0.25 < kind < 0.3 else None
            found[len(found)] = (30 if fill is not None else 2040 if kind > 0.7 else length, fill)
    return found


@cache
def lengths_file() -> str:
    """A file of these lengths."""
    path = Path(_FOLDER.name) / "lengths.parquet"
    table = lengths()
    write_lengths(
        path,
        np.array(list(table), np.uint64),
        np.array([length for length, _ in table.values()], np.int32),
        [fill for _, fill in table.values()],
    )
    return str(path)


@dataclass(frozen=True)
class Drawn:
    """A machine and what it is shown."""

    rows: list[Row]
    settings: dict[str, Any]
    """Settings of a replay, and arguments of the second model, but for kernel, lengths and total RAM."""


def _params(random: Random) -> Row:
    key, values = random.choice(
        [
            ("max_pool_percent", ("0", "1", "2", "4")),
            ("accept_threshold_percent", ("0", "50", "90", "100")),
            ("enabled", ("N", "Y", "Y")),
            ("shrinker_enabled", ("N", "Y")),
            ("exclusive_loads", ("N", "Y")),
            ("same_filled_pages_enabled", ("N", "Y")),
            ("non_same_filled_pages_enabled", ("N", "Y", "Y")),
            ("compressor", ("lz4", "zstd", "deflate")),
            ("zpool", ("zsmalloc", "zbud")),
        ]
    )
    return {"event": "param", "key": key, "value": random.choice(values)}


def _writes(random: Random, paths: tuple[str, ...]) -> Row:
    key = random.choice(["memory.zswap.max", "memory.zswap.max", "memory.swap.max", "memory.zswap.writeback"])
    if key == "memory.zswap.writeback":
        value = random.choice("001111")
        return {
            "event": "memcg_set",
            "memcg": random.choice(("/", *paths)),
            "key": key,
            "value": value,
        }
    value = random.choice(["0", "1", "4096", "12287", "32768", "65536", "262144", "max", "max"])
    return {"event": "memcg_set", "memcg": random.choice(paths), "key": key, "value": value}


def _events(random: Random, nodes: int) -> Iterator[Row]:
    """Events without end, most of them of pages that were named before."""
    pages = random.choice((20, 60, 150))
    paths = PATHS[: random.randint(1, len(PATHS))] + tuple(
        f"/empty{number}" for number in range(random.choice((0, 0, 2, 20)))
    )
    accesses = random.choice((["pageout"], ["read", "write"], ["write", "pageout", "pageout", "read"]))
    while True:
        dice = random.random()
        if dice < 0.84:
            event = random.choice(
                ["read", "write", "write", "pageout", "pageout", "pageout", "discard", *accesses]
            )
            silent = event == "discard" or random.random() < (0.6 if event == "pageout" else 0)
            yield {
                "event": event,
                "memcg": random.choice(("/", *paths[:4], *paths[:4])),
                "page": random.randrange(pages),
                "count": random.choice((1, 1, random.randint(1, 40))),
                "node": random.randrange(nodes),
                "content": None if silent else random.randrange(CONTENTS - 40),
            }
        elif dice < 0.89:
            yield _writes(random, paths)
        elif dice < 0.93:
            yield {"event": "memcg_offline", "memcg": random.choice(paths)}
        elif dice < 0.95:
            yield {"event": "memcg_create", "memcg": random.choice(paths)}
        elif dice < 0.97:
            yield {"event": random.choice(("settle", "snapshot"))}
        else:
            yield _params(random)


def _lived(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows that make a good trace: parents are made first, and none is removed that is dead or has a child."""
    named: set[str] = set()
    live: set[str] = set()
    snapshots = 0
    for row in rows:
        path, event = row.get("memcg", "/"), row["event"]
        parent = path.rpartition("/")[0]
        if event == "memcg_offline":
            if path not in live or any(each.startswith(f"{path}/") for each in live):
                continue
            live.discard(path)
        elif event == "memcg_create":
            if path in live or (parent and parent not in live):
                continue
            live.add(path)
            named.add(path)
        elif path != "/" and path not in (live if event == "memcg_set" else named):
            made = [each for each in (*PATHS, path) if f"{path}/".startswith(f"{each}/")]
            for each in sorted(set(made) - live):
                live.add(each)
                named.add(each)
                yield {"event": "memcg_create", "memcg": each}
        elif event == "snapshot":
            snapshots += 1
            row = row | {"key": f"s{snapshots}"}
        yield row


@st.composite
def drawn(draw: st.DrawFn, *, max_rows: int = 150) -> Drawn:
    """A machine with few pages and tight limits, and a trace for it.

    Drawn by a seed, as in tests/pressure.py; a shorter trace is the beginning of a longer one.
    """
    random = Random(draw(st.integers(0, 1 << 32)))
    nodes = random.choice((1, 1, 2))
    settings: dict[str, Any] = {
        "nodes": nodes,
        "swap_device": random.choice(("disk", "disk", "ram")),
        "writeback_ns": random.choice((0, 0, 100_000, 400_000, 1 << 61)),
        "max_pool_percent": random.choice((1, 1, 2, 10)),
        "accept_threshold_percent": random.choice((50, 90, 90, 100)),
    }
    rows = islice(_events(random, nodes), draw(st.integers(1, max_rows)))
    step = random.choice((0, 50_000, 150_000))
    return Drawn([{"time_ns": step * number, **row} for number, row in enumerate(_lived(rows))], settings)
