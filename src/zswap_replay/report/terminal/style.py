"""The look of numbers, sizes, headings and tables in the report for people."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.text import Text

from zswap_replay.units import UNLIMITED, format_size

PLAIN_WIDTH = 100
"""Columns of the report where it does not go to a terminal."""


class OutputConsole(Console):
    """A console on standard output whose broken pipe is the caller's to handle; rich itself would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled."""
        raise


def plain_console(file: TextIO) -> Console:
    """Make a console that writes plain text of PLAIN_WIDTH columns to ``file``, whatever the terminal is."""
    return Console(
        file=file,
        width=PLAIN_WIDTH,
        color_system=None,
        force_terminal=False,
        emoji=False,
        highlight=False,
        markup=False,
    )


def heading(text: str) -> Text:
    """Style the heading of a section."""
    return Text(text, style="bold cyan")


def number(value: int | None, unit: str = "") -> Text:
    """Spell a count with thousands separators, dimmed where it is 0; a dash for None."""
    if value is None:
        return Text("-", style="dim")
    return Text(f"{value:,}{unit}", style="dim" if value == 0 else "")


def size(value: int | None) -> Text:
    """Spell a size or a limit in bytes for people: ``61.2 MiB``, ``max``; a dash for None."""
    if value is None:
        return Text("-", style="dim")
    if value == UNLIMITED:
        return Text("max", style="dim")
    return Text(format_size(value), style="" if value else "dim")


def share(part: float | None) -> str:
    """Spell a share, 0 to 1, in percent; a dash for None."""
    return "-" if part is None else f"{part:.1%}".replace("%", " %")


def change(first: float, other: float) -> str:
    """Spell the change from ``first`` to ``other`` in percent of the first: ``+19.5 %``; nothing where that is 0."""
    if first == other:
        return "="
    if not first:
        return ""
    percent = 100 * (other - first) / abs(first)
    return f"{'+' if percent > 0 else '-'}<0.1 %" if abs(percent) < 0.05 else f"{percent:+,.1f} %"


def ratio(value: float | None) -> Text:
    """Spell a ratio: ``2.27 x``; a dash for None."""
    return Text("-", style="dim") if value is None else Text(f"{value:.2f} x")
