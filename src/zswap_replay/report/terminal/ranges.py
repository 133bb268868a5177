"""The ranges of counters in the report for people: those that depend on when the shrink worker runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from zswap_replay.report.terminal.grid import Grid
from zswap_replay.result.by_name import unit_of
from zswap_replay.result.labels import labels
from zswap_replay.result.over_time import Number
from zswap_replay.result.result import Result
from zswap_replay.units import counted

_HEADS = ("low", "default", "high")


def tables(results: Sequence[Result]) -> list[Grid | Text]:
    """Tabulate the ranges of the machine's counters and figures that are more than one value; a table a result.

    Nothing where no result has ranges.
    """
    found: list[Grid | Text] = []
    several = len(results) > 1
    for label, result in zip(labels(results), results, strict=True):
        if result.range is None:
            continue
        apart = {name: each for name, each in result.range.apart.items() if not name.startswith("/")}
        hidden = len(result.range.apart) - len(apart)
        if not apart and not hidden:
            text = "no counter depends on when the shrink worker runs"
            found.append(Text(f"{label}: {text}" if several else text))
            continue
        table = Grid(label if several else "", *_HEADS, "", left=(0, len(_HEADS) + 1))
        for name, each in apart.items():
            table.add_row(f"  {name}", *(_cell(value) for value in each), Text(unit_of(name), style="dim"))
        found.append(table)
        same = len(result.range) - len(result.range.apart)
        rest = f"the {counted(same, 'other value')} are the same in all"
        if hidden:
            rest += f"; --format json has the {counted(hidden, 'range')} of memcgs too"
        found.append(Text(rest, style="dim"))
    return found


def _cell(value: Number | None) -> Text:
    if value is None:
        return Text("-")
    return Text(f"{value:,.3f}" if isinstance(value, float) else f"{value:,}")
