"""The bound that a replay's memory is held against."""

from __future__ import annotations

from benchmarks.lines import Line, Target

FIXED = 150 << 20
PER_PAGE = 64


def memory_line(what: str, peak: int, pages: int, stored: int) -> Line:
    """The peak of a process, in bytes, by the bound for so many distinct pages and bytes that are kept stored."""
    bound = FIXED + PER_PAGE * pages + stored
    shown = f"{what}: {peak / 2**20:.0f} MiB by {bound / 2**20:.0f} MiB"
    return Line(shown, (peak / bound,), Target(1.0))
