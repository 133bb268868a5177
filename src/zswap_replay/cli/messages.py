"""What the program says on standard error beside its results: warnings and notes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click


def warn(text: str) -> None:
    """Print a warning on standard error, loud on a terminal."""
    colour = False if os.environ.get("NO_COLOR") else None
    click.secho(f"zswap-replay: warning: {text}", err=True, fg="yellow", bold=True, color=colour)


def note(text: str) -> None:
    """Print a remark on standard error."""
    # Not err=True: a progress bar that is shown has put its own file there, which prints above the bar.
    click.echo(f"zswap-replay: {text}", file=sys.stderr)


def note_if_interpreted(*, quiet: bool) -> None:
    """Note that the core is not compiled, where that was not asked for."""
    from zswap_replay.machine import compiled

    if not (quiet or compiled() or os.environ.get("ZSWAP_REPLAY_PURE") == "1"):
        note("the core is not compiled: it runs interpreted, and slowly")


def noting_once() -> Callable[[str], None]:
    """Return a function that prints each remark the first time that it is given it."""
    noted: set[str] = set()

    def note_once(text: str) -> None:
        if text not in noted:
            noted.add(text)
            note(text)

    return note_once
