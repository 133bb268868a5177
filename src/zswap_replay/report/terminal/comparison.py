"""A comparison as a table, for a terminal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from zswap_replay.compare.side_by_side import MATTERS, Comparison, Line
from zswap_replay.report.comparison_text import (
    change_text,
    elsewhere,
    how_sure,
    line_title,
    marked,
    not_comparable,
    reckoned,
    section_title,
    unit_text,
    value_text,
)
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import heading, plain_console


def render(comparison: Comparison) -> str:
    """Render the comparison as plain text."""
    text = io.StringIO()
    show(comparison, plain_console(text))
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(comparison: Comparison, console: Console) -> None:
    """Print the comparison on ``console``: first what speaks against it, then the settings, then the lines."""
    for reason in not_comparable(comparison):
        console.print(Text(f"warning: {reason}", style="bold yellow"), soft_wrap=True)
    if comparison.settings:
        console.print(heading("settings that differ"))
        settings = Grid("", *comparison.labels, left=range(len(comparison.labels) + 1))
        for setting in comparison.settings:
            settings.add_row(f"  {setting.what}", *setting.values)
        console.print(settings)
    if comparison.obstacles or comparison.settings:
        console.print()
    for place, part in enumerate(parts(comparison, console)):
        if place:
            console.print()
        console.print(part)
    for line in marked(comparison):
        console.print(Text(line, style="bold yellow"), soft_wrap=True)
    for line in elsewhere(comparison):
        console.print(Text(line, style="dim"), soft_wrap=True)


def parts(comparison: Comparison, console: Console) -> list[Grid | Text]:
    """Lay out the lines as one table, or where that is too wide as several, each with the first result."""
    if comparison.equal:
        return [Text("no difference")]
    others = list(range(1, len(comparison.labels)))
    found: list[Grid | Text] = []
    while others:
        many = len(others)
        while many > 1 and _table(comparison, others[:many]).natural_width > console.width:
            many -= 1
        found.append(_table(comparison, others[:many]))
        del others[:many]
    best = any(line.winner is not None for line in comparison.lines)
    about = f"changes are against {comparison.labels[0]}"
    about = f"{about}; * the best of its line" if best else about
    found.append(Text(f"{about}\n{reckoned(comparison)}", style="dim"))
    found.extend(Text(line, style="dim") for line in how_sure(comparison))
    return found


def _table(comparison: Comparison, others: Sequence[int]) -> Grid:
    heads: list[str] = []
    for place in others:
        heads += [f"{comparison.labels[place]}  ", "change"]
    made = Grid("", f"{comparison.labels[0]}  ", *heads, "", left=(0, len(heads) + 2))
    shown = (line for line in comparison.lines if line.section == MATTERS or line.of([0, *others]).differs)
    for place, (section, lines) in enumerate(groupby(shown, lambda line: line.section)):
        if place:
            made.add_row()
        made.add_row(heading(section_title(section)))
        for line in lines:
            cells = [_cell(line, 0)]
            for other in others:
                cells += [_cell(line, other), Text(change_text(line, other))]
            made.add_row(f"  {line_title(line)}", *cells, Text(unit_text(line), style="dim"))
    return made


def _cell(line: Line, place: int) -> Text:
    """Write a value, with room for the mark of the best so that numbers stand below each other."""
    best = place == line.winner
    return Text(
        f"{value_text(line, line.values[place])} {'*' if best else ' '}", style="bold green" if best else ""
    )
