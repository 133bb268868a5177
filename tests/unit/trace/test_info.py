from __future__ import annotations

from pathlib import Path

from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.info import MemcgInfo, describe
from zswap_replay.trace.reader import open_trace


def test_distinct_pages_of_overlapping_runs(tmp_path: Path) -> None:
    top = (1 << 64) - 1
    builder = TraceBuilder().read("/a", 10, count=5).write("/a", 12, count=10).read("/a", 12)
    builder.read("/a", 23).discard("/a", top - 4, count=4).read("/a", top - 1).read("/b/c", 0, count=1 << 31)
    builder.memcg_create("/d").snapshot("x").save(tmp_path / "t")
    found = describe(open_trace(tmp_path / "t"))
    # 10..21, 23, and the four pages below the last.
    assert [
        MemcgInfo("/a", 6, 17),
        MemcgInfo("/b", 0, 0),
        MemcgInfo("/b/c", 1, 1 << 31),
        MemcgInfo("/d", 0, 0),
    ] == found.memcgs
    assert {"read": 5, "write": 1, "discard": 1, "snapshot": 1, "memcg_create": 1} == found.events
    assert (7, 17 + (1 << 31), ["x"]) == (found.page_events, found.pages, found.snapshots)
    assert (0, 8_000_000) == (found.first_ns, found.last_ns)
