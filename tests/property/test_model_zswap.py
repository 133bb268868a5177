"""What holds for zswap after any trace: nothing is lost, counted twice, or charged to the wrong memcg."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import Row, as_table

from zswap_replay.counters import Snapshot
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay import Replay
from zswap_replay.settings import KnobWrite, Settings
from zswap_replay.trace.reader import open_trace
from zswap_replay.trace.writer import TraceWriter
from zswap_replay.units import PAGE_SIZE

PATHS = ("/a", "/a/x", "/b")
PAGES = 24
SMALL = 16
"""Pages of the largest limit in the traces below: all of them are hit."""
every_release = pytest.mark.parametrize("kernel", RELEASES)
quick = settings(max_examples=25, deadline=None)

_limits = st.sampled_from(["0", "4096", "16384", "40000", "max"])


@st.composite
def _page_events(draw: st.DrawFn) -> Row:
    return {
        "event": draw(st.sampled_from(["read", "write", "write", "pageout", "pageout", "discard"])),
        "memcg": draw(st.sampled_from(("/", *PATHS))),
        "page": draw(st.integers(0, PAGES - 1)),
        "count": draw(st.integers(1, 8)),
        "node": draw(st.integers(0, 1)),
    }


_controls = st.one_of(
    st.builds(
        lambda memcg, key, value: {"event": "memcg_set", "memcg": memcg, "key": key, "value": value},
        st.sampled_from(PATHS),
        st.sampled_from(["memory.zswap.max", "memory.zswap.max", "memory.max", "memory.high", "memory.swap.max"]),
        _limits,
    ),
    st.builds(
        lambda memcg, value: {"event": "memcg_reclaim", "memcg": memcg, "value": value},
        st.sampled_from(PATHS),
        st.sampled_from(["4096", "64K"]),
    ),
    st.sampled_from(
        [
            {"event": "settle"},
            {"event": "param", "key": "max_pool_percent", "value": "0"},
            {"event": "param", "key": "max_pool_percent", "value": "10"},
            {"event": "param", "key": "accept_threshold_percent", "value": "50"},
            {"event": "param", "key": "enabled", "value": "N"},
            {"event": "param", "key": "enabled", "value": "Y"},
            {"event": "param", "key": "compressor", "value": "deflate"},
            {"event": "param", "key": "compressor", "value": "lz4"},
        ]
    ),
)


@st.composite
def pressed(draw: st.DrawFn) -> list[Row]:
    """A trace of few pages under tight limits, in which memcgs come and go."""
    rows: list[Row] = []
    alive = set()
    for row in draw(st.lists(_page_events() | _page_events() | _controls, max_size=50)):
        path = row.get("memcg", "/")
        if row["event"].startswith("memcg_") and path not in alive:
            chain = [each for each in PATHS if path == each or path.startswith(f"{each}/")]
            rows += [{"event": "memcg_create", "memcg": each} for each in chain if each not in alive]
            alive.update(chain)
        rows.append(row)
        if draw(st.integers(0, 11)) == 0:
            leaves = sorted(each for each in alive if each != "/a" or "/a/x" not in alive)
            if leaves:
                gone = draw(st.sampled_from(leaves))
                alive.discard(gone)
                rows.append({"event": "memcg_offline", "memcg": gone})
    return [{"time_ns": 50_000 * number, **row} for number, row in enumerate(_created_before_use(rows))]


def _created_before_use(rows: list[Row]) -> list[Row]:
    """The rows with a memcg_create wherever a path is named for the first time, ancestors first."""
    known, live, out = {"/"}, {"/"}, []
    for row in rows:
        path = row.get("memcg")
        if row["event"] == "memcg_create":
            if path in live:
                continue
            known.add(path)
            live.add(path)
        elif path is not None and path not in known:
            for each in PATHS:
                if path == each or path.startswith(f"{each}/"):
                    if each not in live:
                        out.append({"event": "memcg_create", "memcg": each})
                    known.add(each)
                    live.add(each)
        if row["event"] == "memcg_offline":
            live.discard(path)
        out.append(row)
    return out
