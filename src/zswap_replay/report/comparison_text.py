"""The words of a comparison for people, whichever form it is shown in."""

from __future__ import annotations

from collections.abc import Iterator

from zswap_replay.compare.comparable import ABSENT
from zswap_replay.compare.side_by_side import CODEC_SECONDS, Comparison, Line
from zswap_replay.report.terminal.style import change
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.manifest import DIGESTS
from zswap_replay.result.marks import MEANING
from zswap_replay.units import format_time, listed

_TITLES = {figure.name: figure.title for figure in DERIVED.values()} | {CODEC_SECONDS: "codec time"}
_SECTIONS = {"replay": "replay (not the kernel's)"}
_DIGEST = 12
"""Characters of a trace's digest that people are shown."""


def not_comparable(comparison: Comparison) -> list[str]:
    """Write a line for each reason why the results say nothing about each other."""
    lines = []
    for reason in comparison.obstacles:
        is_digest = reason.what.endswith(tuple(f" {name}" for name in DIGESTS))
        values = [value[:_DIGEST] if is_digest else value for value in reason.values]
        each = zip(values, comparison.labels, strict=True)
        found = (f"{value} ({label})" for value, label in each if value != ABSENT)
        lines.append(f"not comparable: {reason.what}: {', '.join(found)}")
    return lines


def marked(comparison: Comparison) -> Iterator[str]:
    """Write a line for each kind of mark: which results have it, and whether they may be the best."""
    for mark, meaning in MEANING.items():
        having = [place for place, marks in enumerate(comparison.marks) if mark in marks]
        if having:
            names = ", ".join(comparison.labels[place] for place in having)
            never = "; never marked the best" if comparison.barred.issuperset(having) else ""
            yield f"{names}: {meaning}{never}"


def line_title(line: Line) -> str:
    """Name a line: words for what matters most, else the counter's name."""
    return _TITLES.get(line.name, line.name)


def section_title(section: str) -> str:
    """Name a section of lines."""
    return _SECTIONS.get(section, section)


def value_text(line: Line, value: int | float | None) -> str:
    """Write a value of a line, with a dash where there is none."""
    if value is None:
        return "-"
    if line.unit == "ns":
        return format_time(value)
    if line.unit == "ratio" and 0 < value < 0.01:
        return f"{value:.3g}"
    return f"{value:,.3f}" if line.unit in ("ratio", "seconds") else f"{value:,}"


def unit_text(line: Line) -> str:
    """Name the unit of a line; nothing where its values name their own."""
    return "" if line.unit == "ns" else line.unit


def change_text(line: Line, place: int) -> str:
    """Write the change from the first value to the one at ``place``; nothing where one of them is missing."""
    first, value = line.values[0], line.values[place]
    return "" if first is None or value is None else change(first, value)


def how_sure(comparison: Comparison) -> Iterator[str]:
    """Say which lines have no winner since ranges overlap, and which results were made without one."""
    if comparison.undecided:
        yield f"no winner, as ranges overlap: {listed(comparison.undecided)}"
    if comparison.without_range:
        yield (
            f"made without --range: {listed(comparison.without_range)}; their pool's limit was hit, and what is best "
            "may be a matter of scheduling"
        )


def reckoned(comparison: Comparison) -> str:
    """Say what time and wear are reckoned by."""
    return f"time and wear: modelled, by the cost profile {comparison.cost_profile}"


def elsewhere(comparison: Comparison) -> Iterator[str]:
    """Name the memcgs and the snapshots that differ and are not shown."""
    if comparison.memcgs:
        yield f"memcgs that differ too (--memcg PATH, or all): {listed(comparison.memcgs)}"
    if comparison.snapshots:
        yield f"snapshots before the end that differ too: {listed(comparison.snapshots)}"
