"""The bound for a replay's memory."""

from __future__ import annotations

from benchmarks.lines import Line, Target

FIXED = 150 << 20
PER_PAGE = 64


def memory_line(what: str, peak: int, pages: int, stored: int) -> Line:
    """Compare the peak of a process, in bytes, with the bound for ``pages`` distinct pages and ``stored`` bytes."""
    bound = FIXED + PER_PAGE * pages + stored
    shown = f"{what}: {peak / 2**20:.0f} MiB by {bound / 2**20:.0f} MiB"
    return Line(shown, (peak / bound,), Target(1.0))
