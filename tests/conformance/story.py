"""Makes traces/story.parquet, a night on a small server: ``python -m tests.conformance.story`` writes it again.

The trace is made to be reckoned with by hand: every page holds the same 4096 bytes, so that all entries have one
length, and pages go out one at a time, so far apart that the shrink worker is idle before the next. docs/story.md tells
what it shows.
"""

from __future__ import annotations

from pathlib import Path

from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata

STORY = Path(__file__).parents[2] / "traces" / "story.parquet"

WEB, DB, BATCH, JOB, IDLE = "/web", "/db", "/batch", "/job", "/idle"
ACTS = ("limit", "full", "sleepers", "removed", "morning")
"""The labels of the snapshots, one at the end of each act."""

CONTENT = 1
"""What every page holds: 2031 bytes under zstd, 2009 under that of 6.18 and 7.1: two entries share a page."""
WEB_PAGES = 100
JOB_PAGES = 60
DB_PAGES = 400
DB_LIMIT = 64 * 4096
SLEEPERS = 40
ROUND = 300
"""Pages that /batch puts out in each of its first two acts."""
LAST_ROUND = 400

_STEP_NS = 20_000_000
"""Between two events: the worker writes back 200 pages in that time, more than it ever does in one run here."""
_METADATA = TraceMetadata(
    totalram_pages=20_000,
    origin="tests/conformance/story.py: three tenants, a job that ends, and forty services that sleep",
    recipe={"name": "story", "version": 1, "classes": {"code": {"share": 1.0}}},
)


def story() -> TraceBuilder:
    """The events of the story."""
    trace = TraceBuilder(step_ns=_STEP_NS).param("max_pool_percent", 1)
    for memcg in (JOB, IDLE, WEB, DB, BATCH):
        trace.memcg_create(memcg)
    trace.memcg_set(DB, "memory.zswap.max", DB_LIMIT)
    _put_out(trace, WEB, 0, WEB_PAGES)
    _put_out(trace, DB, 0, DB_PAGES)
    trace.snapshot("limit")

    _put_out(trace, BATCH, 0, ROUND)
    trace.snapshot("full")

    for number in range(SLEEPERS):
        trace.memcg_create(f"{IDLE}/{number:02}")
    _put_out(trace, BATCH, ROUND, ROUND)
    trace.snapshot("sleepers")

    trace.discard(BATCH, 0, count=2 * ROUND)
    _put_out(trace, WEB, WEB_PAGES, WEB_PAGES)
    _put_out(trace, JOB, 0, JOB_PAGES)
    trace.memcg_offline(JOB)
    _put_out(trace, BATCH, 2 * ROUND, LAST_ROUND)
    trace.snapshot("removed")

    # what was written back leaves the swap cache, as it does on a machine that needs the memory
    trace.memcg_reclaim(WEB, 2 * WEB_PAGES * 4096)
    trace.read(WEB, 0, count=2 * WEB_PAGES)
    return trace.snapshot("morning")


def _put_out(trace: TraceBuilder, memcg: str, first: int, count: int) -> None:
    """Write new pages and have each reclaimed at once."""
    for page in range(first, first + count):
        trace.write(memcg, page, content=CONTENT).pageout(memcg, page)


def save(path: Path) -> None:
    """Write the trace to a file."""
    story().save(path, _METADATA)


if __name__ == "__main__":
    save(STORY)
