"""A trace as text for people: what it says of itself, its memcgs as a tree, and what its accesses do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from zswap_replay.result.by_name import tree_order
from zswap_replay.trace.overview import Overview, limits_text
from zswap_replay.trace.reuse import Reuse
from zswap_replay.units import PAGE_SIZE, format_size

_NAME = 16
"""Columns of the names of single figures."""
_MOST_WINDOWS = 20
_MOST_POINTS = 24
_BAR = 40
"""Characters of a bar that stands for all."""
_UNITS = (("h", 3600 * 10**9), ("min", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("µs", 10**3), ("ns", 1))


def lines(shown: Overview) -> Iterator[str]:
    """Yield the lines of a trace's overview."""
    yield from _totals(shown)
    if shown.info.memcgs:
        yield ""
        yield from _memcgs(shown)
    if shown.profile.reuse.accesses:
        yield ""
        yield from _working_set(shown)
        yield ""
        yield from _reuse(shown.profile.reuse)
        yield ""
        yield from _curve(shown.profile.reuse)


def duration(time_ns: int) -> str:
    """Spell a time for people: ``199 ms``, ``2.5 s``, ``36 h``."""
    # three digits, which may round up to the next unit: 999.95 ms are a second
    name, unit = next((each for each in _UNITS if round(time_ns / each[1], 3) >= 0.9995), _UNITS[-1])
    value = time_ns / unit
    return f"{value:,.0f} {name}" if value >= 99.95 else f"{value:.3g} {name}"


def _totals(shown: Overview) -> Iterator[str]:
    info, profile = shown.info, shown.profile
    for name, value in asdict(shown.metadata).items():
        if value is not None and name != "schema":
            yield f"{name:<{_NAME}}{value}"
    yield f"{'schema':<{_NAME}}{shown.metadata.schema}"
    yield f"{'files':<{_NAME}}{shown.files}"
    yield f"{'rows':<{_NAME}}{info.rows:,}{_rate(shown, info.rows)}"
    yield f"{'time':<{_NAME}}{info.first_ns:,} to {info.last_ns:,} ns"
    yield f"{'span':<{_NAME}}{duration(shown.span_ns)}"
    accesses = profile.reads + profile.writes
    yield f"{'accesses':<{_NAME}}{accesses:,}{_rate(shown, accesses)}"
    if accesses:
        yield (
            f"{'writes':<{_NAME}}{profile.writes:,} ({profile.writes / accesses:.1%}), "
            f"reads {profile.reads:,} ({profile.reads / accesses:.1%})"
        )
    yield f"{'distinct pages':<{_NAME}}{info.pages:,}"
    yield f"{'snapshots':<{_NAME}}{len(info.snapshots)}"
    yield f"{'sha256':<{_NAME}}{shown.sha256}"
    yield f"{'xxh3':<{_NAME}}{shown.xxh3}"
    for event, count in info.events.items():
        yield f"  {event:<14}{count:>14,}"


def _rate(shown: Overview, number: int) -> str:
    rate = shown.per_second(number)
    return "" if rate is None else f", {rate:,.0f} a second"


def _memcgs(shown: Overview) -> Iterator[str]:
    """Tabulate the memcgs as a tree; with the root above them where the trace names it."""
    found = {memcg.path: memcg for memcg in shown.info.memcgs}
    estimated = "~" if shown.profile.reuse.sampled else ""
    rows = []
    for path in tree_order(found):
        use = shown.profile.memcgs[path]
        limits = [
            f"{key} {_limit(key, value)}" + (f" (last of {writes:,})" if writes > 1 else "")
            for key, value in limits_text(use.limits).items()
            for writes in (use.limit_writes[key],)
        ]
        peak = f"{estimated}{format_size(use.peak_pages * PAGE_SIZE)}"
        cells = (
            f"{found[path].page_events:,}",
            f"{use.reads:,}",
            f"{use.writes:,}",
            f"{found[path].pages:,}",
            peak,
        )
        rows.append((_tree_name(path, found), cells, ", ".join(limits)))
    width = max(len(name) for name, _, _ in rows)
    headings = ("page events", "reads", "writes", "distinct pages", "peak")
    yield from _table(
        [("memcg", headings, "limits"), *rows],
        max(width, len("memcg")),
    )


def _tree_name(path: str, among: object) -> str:
    """Name a memcg below its parents: indented, by its own name, where the parent is listed; else by its path."""
    assert isinstance(among, dict)
    above = path.rpartition("/")[0]
    depth = 0
    if above not in among:
        return path
    while above in among:
        depth += 1
        above = above.rpartition("/")[0]
    return f"{'  ' * depth}{path.rpartition('/')[2]}"


def _limit(key: str, value: int | str) -> str:
    return format_size(value) if isinstance(value, int) and key != "memory.zswap.writeback" else str(value)


def _working_set(shown: Overview) -> Iterator[str]:
    timeline = shown.profile.timeline
    width = timeline.width_ns(_MOST_WINDOWS)
    estimated = "~" if shown.profile.reuse.sampled else ""
    yield f"working set{_whose(shown)}, in windows of {duration(width)}"
    windows = list(timeline.windows(_MOST_WINDOWS))
    most = max(window.pages for window in windows) or 1
    rows = [
        (
            f"{duration(window.start_ns - shown.info.first_ns)}",
            (
                f"{window.reads:,}",
                f"{window.writes:,}",
                f"{estimated}{window.pages:,}",
                f"{estimated}{window.new_pages:,}",
                format_size(window.pages * PAGE_SIZE),
            ),
            _bar(window.pages / most),
        )
        for window in windows
    ]
    yield from _table([("from", ("reads", "writes", "pages", "new pages", "size"), ""), *rows], 8)


def _whose(shown: Overview) -> str:
    return "" if shown.profile.memcg == "/" else f" of {shown.profile.memcg}"


def _reuse(reuse: Reuse) -> Iterator[str]:
    yield "reuse distances (other pages touched since the last access of a page)" + _told(reuse)
    rows = [
        (f"{first:,}" if first == last else f"{first:,} to {last:,}", found)
        for first, last, found in reuse.buckets()
    ]
    rows.append(("first access", reuse.cold))
    most = max(found for _, found in rows) or 1
    yield from _table(
        [
            ("distance", ("accesses", "share"), ""),
            *((name, (f"{n:,}", f"{n / reuse.accesses:.1%}"), _bar(n / most)) for name, n in rows),
        ],
        max(len(name) for name, _ in rows),
    )


def _curve(reuse: Reuse) -> Iterator[str]:
    yield "miss ratio of an LRU cache (first accesses miss)" + _told(reuse)
    points = reuse.curve()
    flat = [points[at - 1][1] == points[at][1] == points[at + 1][1] for at in range(1, len(points) - 1)]
    points = [point for point, same in zip(points, [False, *flat, False], strict=False) if not same]
    if len(points) > _MOST_POINTS:  # of powers of two, and of what they are too few to show: the last
        points = [point for point in points[:-1] if not point[0] & (point[0] - 1)] + points[-1:]
    yield from _table(
        [
            ("size", ("pages", "miss ratio"), ""),
            *(
                (format_size(pages * PAGE_SIZE), (f"{pages:,}", f"{ratio:.2%}"), _bar(ratio))
                for pages, ratio in points
            ),
        ],
        10,
    )


def _told(reuse: Reuse) -> str:
    return f", estimated from one page of {1 << reuse.level:,}" if reuse.sampled else ""


def _bar(share: float) -> str:
    return "#" * max(round(share * _BAR), 1 if share else 0)


def _table(rows: Sequence[tuple[str, Sequence[str], str]], first: int) -> Iterator[str]:
    """Lay out rows: a name to the left in `first` columns, numbers to the right, and a text behind them."""
    widths = [max(map(len, column)) for column in zip(*(numbers for _, numbers, _ in rows), strict=True)]
    for name, numbers, text in rows:
        cells = "".join(f"  {cell:>{width}}" for cell, width in zip(numbers, widths, strict=True))
        yield f"  {name:<{first}}{cells}  {text}".rstrip()
