"""The verdict of ``check`` for people: the lines that differ and no others."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zswap_replay.comparable import Contrast
from zswap_replay.report.figures import labels
from zswap_replay.report.style import change, grid, heading, plain_console
from zswap_replay.verdict import Difference, RunVerdict, Verdict

_UNFOLDED = 10_000
"""Columns of plain text: a line stays a line, however long the path of its memcg."""


def render(verdict: Verdict) -> str:
    """The lines that differ, as plain text."""
    text = io.StringIO()
    show(verdict, plain_console(text, _UNFOLDED))
    return _stripped(text)


def show(verdict: Verdict, console: Console) -> None:
    """Prints the lines that differ on ``console``, below the run and the snapshot that they are in."""
    place = 0
    for label, run in labelled(verdict):
        for snapshot in run.snapshots:
            if snapshot.differences:
                if place:
                    console.print()
                console.print(heading(f"{label}, {snapshot.label}"))
                console.print(_table(snapshot.differences))
                place += 1


def lines(differences: Sequence[Difference]) -> str:
    """Some lines that differ, as plain text."""
    text = io.StringIO()
    plain_console(text, _UNFOLDED).print(_table(differences))
    return _stripped(text)


def not_comparable(reasons: Sequence[Contrast]) -> list[str]:
    """A line for each reason why there is nothing to compare, with what was expected and what was found."""
    return [f"{reason.what}: expected {reason.values[0]}, found {reason.values[1]}" for reason in reasons]


def labelled(verdict: Verdict) -> Iterator[tuple[str, RunVerdict]]:
    """The runs, each with its compressor and what else tells it from the others."""
    return zip(labels([run.expected for run in verdict.runs]), verdict.runs, strict=True)


def _stripped(text: io.StringIO) -> str:
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def _table(differences: Sequence[Difference]) -> Table:
    table = grid("", "expected", "found", "difference", "")
    for one in differences:
        table.add_row(f"  {one.name}", _cell(one.expected), _cell(one.found), *_gap(one))
    return table


def _cell(value: int | str | None) -> Text:
    if value is None:
        return Text("-", style="dim")
    return Text(value if isinstance(value, str) else f"{value:,}")


def _gap(one: Difference) -> tuple[Text, Text]:
    if isinstance(one.expected, int) and isinstance(one.found, int):
        return Text(f"{one.found - one.expected:+,}", style="bold"), Text(change(one.expected, one.found))
    return Text("missing" if one.found is None else "extra" if one.expected is None else "other"), Text("")
