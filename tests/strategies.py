"""Hypothesis strategies for traces that keep to the format."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from zswap_replay.trace.schema import SCHEMA

Row = dict[str, Any]

PATHS = ("/", "/a", "/b", "/a/x", "/c/d/e")
_U64 = (1 << 64) - 1
_LIMITS = st.sampled_from(["max", "0", "4096", "512K", "64M", "1G", "0x2000"])


@st.composite
def page_events(draw: st.DrawFn) -> Row:
    """A page event, of any page that its count leaves room for."""
    count = draw(st.none() | st.integers(1, 40) | st.integers(1, (1 << 32) - 1))
    room = _U64 - (count or 1)
    return {
        "event": draw(st.sampled_from(["read", "write", "pageout", "discard"])),
        "memcg": draw(st.sampled_from(PATHS)),
        "page": draw(st.integers(0, 50) | st.integers(0, room)),
        "count": count,
        "node": draw(st.none() | st.integers(0, 3)),
        "content": draw(st.none() | st.integers(0, room)),
    }


@st.composite
def control_events(draw: st.DrawFn) -> Row:
    """A snapshot, a settle, a parameter, or a limit of a memcg that is never removed."""
    return draw(
        st.one_of(
            st.just({"event": "settle"}),
            st.builds(lambda key: {"event": "snapshot", "key": key}, st.text(max_size=5)),
            st.builds(
                lambda memcg, value: {"event": "memcg_reclaim", "memcg": memcg, "value": value},
                st.sampled_from(PATHS),
                st.sampled_from(["0", "1M", "4096"]),
            ),
            st.builds(
                lambda memcg, key, value: {"event": "memcg_set", "memcg": memcg, "key": key, "value": value},
                st.sampled_from(PATHS[1:]),
                st.sampled_from(["memory.max", "memory.high", "memory.zswap.max", "memory.swap.max"]),
                _LIMITS,
            ),
            st.sampled_from(
                [
                    {"event": "param", "key": "enabled", "value": "Y"},
                    {"event": "param", "key": "compressor", "value": "lz4"},
                    {"event": "param", "key": "max_pool_percent", "value": "20"},
                ]
            ),
        )
    )


@st.composite
def traces(draw: st.DrawFn, *, max_rows: int = 40, contents: bool = True) -> list[Row]:
    """The rows of a good trace, the time of each at or after that of the one before."""
    rows = draw(st.lists(page_events() | control_events(), max_size=max_rows))
    time_ns = 0
    timed: list[Row] = []
    for row in rows:
        time_ns += draw(st.sampled_from([0, 0, 1, 5, 1 << 40]))
        timed.append({"time_ns": time_ns, **row} | ({} if contents else {"content": None}))
    return timed


def as_table(rows: list[Row]) -> pa.Table:
    """The rows under the schema of a trace."""
    return pa.Table.from_pylist(rows, schema=SCHEMA)
