"""What counters may be where the shrink worker gets to run earlier or later: the ranges of ``run --range``."""

from __future__ import annotations

from collections.abc import Iterator

from zswap_replay.report.html.pages.content import Section, Table
from zswap_replay.report.html.pages.runs import Runs
from zswap_replay.report.html.text import plain
from zswap_replay.result.by_name import unit_of
from zswap_replay.result.over_time import Number
from zswap_replay.result.ranges import RANGE_DELAYS
from zswap_replay.result.result import Result

_DASH = "–"


def sections(runs: Runs) -> Iterator[Section]:
    """Make the section of the ranges, a table for each run that has any; nothing where none has."""
    several = len(runs) > 1
    ranged = [(label, result) for _slot, label, result in runs if result.range is not None]
    if not ranged:
        return
    tables = [table for label, result in ranged for table in _tables(label if several else "", result)]
    delays = ", ".join(map(str, RANGE_DELAYS))
    intro = (
        f"The same replay under shrink delays of {delays}: a kernel's counters lie anywhere in these ranges. "
        "What is not listed is the same in all."
    )
    if not tables:
        intro = "No counter depends on when the shrink worker runs."
    yield Section("How sure the counters are", intro, tables=tables)


def _tables(label: str, result: Result) -> Iterator[Table]:
    """Tabulate the values of one result that are more than one; none where all are the same."""
    if result.range is None or not result.range.apart:
        return
    rows = [(plain(name), unit_of(name), *map(_number, each)) for name, each in result.range.apart.items()]
    yield Table(label, ("counter or figure", "unit", "low", "default", "high"), rows, text_columns=2)


def _number(value: Number | None) -> str:
    if value is None:
        return _DASH
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}"
