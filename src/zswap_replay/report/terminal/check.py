"""The verdict of ``check`` for people: the lines that differ and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from zswap_replay.compare.comparable import Contrast
from zswap_replay.compare.expected import Difference, RunVerdict, Verdict
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import change, heading
from zswap_replay.result.labels import labels

_WIDEST = 48
"""Columns for names; a longer one has a line of its own above its values, and none is ever cut."""

_HEADINGS = ("", "expected", "found", "difference", "")


def render(verdict: Verdict) -> str:
    """Render the lines that differ, as plain text, below the run and the snapshot that they are in."""
    return "\n".join(f"{title}\n{lines(differences)}" for title, differences in _parts(verdict))


def show(verdict: Verdict, console: Console) -> None:
    """Print the same on a terminal, in lines that it has room for."""
    for place, (title, differences) in enumerate(_parts(verdict)):
        if place:
            console.print()
        console.print(heading(title))
        text = lines(differences)
        if max(map(len, text.splitlines())) <= console.width:
            console.print(text, end="", markup=False, highlight=False, soft_wrap=True)
            continue
        table = Grid(*_HEADINGS)
        for one in differences:
            name, *values = _cells(one)
            table.add_row(f"  {name}", *values)
        console.print(table)


def lines(differences: Sequence[Difference]) -> str:
    """Write a line for each of some differences, in columns below a heading."""
    rows = [_HEADINGS, *(_cells(one) for one in differences)]
    name_width = max((len(row[0]) for row in rows if len(row[0]) <= _WIDEST), default=0)
    widths = [max(len(row[column]) for row in rows) for column in range(1, len(_HEADINGS))]
    text = ""
    for name, *cells in rows:
        if len(name) > _WIDEST:
            text += f"  {name}\n"
            name = ""
        values = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        text += f"  {name:<{name_width}}  {values}".rstrip() + "\n"
    return text


def not_comparable(reasons: Sequence[Contrast]) -> list[str]:
    """Write a line for each reason why there is nothing to compare, with what was expected and what was found."""
    return [f"{reason.what}: expected {reason.values[0]}, found {reason.values[1]}" for reason in reasons]


def labelled(verdict: Verdict) -> Iterator[tuple[str, RunVerdict]]:
    """Return the runs, each with its compressor and what else tells it from the others."""
    return zip(labels([run.expected for run in verdict.runs]), verdict.runs, strict=True)


def _parts(verdict: Verdict) -> Iterator[tuple[str, tuple[Difference, ...]]]:
    for label, run in labelled(verdict):
        for snapshot in run.snapshots:
            if snapshot.differences:
                yield f"{label}, {snapshot.label}", snapshot.differences


def _cells(one: Difference) -> tuple[str, ...]:
    values = (one.name, _cell(one.expected), _cell(one.found))
    if isinstance(one.expected, int) and isinstance(one.found, int):
        return *values, f"{one.found - one.expected:+,}", change(one.expected, one.found)
    return *values, "missing" if one.found is None else "extra" if one.expected is None else "other", ""


def _cell(value: int | str | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"
