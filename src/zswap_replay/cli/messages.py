"""What the program says on standard error beside its results: warnings and notes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click


def warn(text: str) -> None:
    """A warning on standard error, loud on a terminal."""
    colour = False if os.environ.get("NO_COLOR") else None
    click.secho(f"zswap-replay: warning: {text}", err=True, fg="yellow", bold=True, color=colour)


def note(text: str) -> None:
    """A remark on standard error."""
    # Not err=True: a progress bar that is shown has put its own file there, which prints above the bar.
    click.echo(f"zswap-replay: {text}", file=sys.stderr)


def noting_once() -> Callable[[str], None]:
    """What makes a remark the first time that it is given one."""
    noted: set[str] = set()

    def note_once(text: str) -> None:
        if text not in noted:
            noted.add(text)
            note(text)

    return note_once
