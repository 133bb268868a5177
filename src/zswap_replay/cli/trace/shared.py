"""What the commands that show a trace have in common: opening it, printing rows, and a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zswap_replay.cli.messages import note, warn

if TYPE_CHECKING:
    from zswap_replay.trace.reader import TraceReader


def opened(trace: str, *, strict: bool = False) -> TraceReader:
    """Open a trace, and say on standard error what of it is passed over. Raises TraceError."""
    from zswap_replay.trace.reader import open_trace

    reader = open_trace(trace, strict=strict)
    for text in reader.notes:
        note(text)
    return reader


def print_rows(reader: TraceReader, limit: int | None = None) -> None:
    """Print the first ``limit`` rows of a trace (or all) below the names of the columns. Raises TraceError."""
    from zswap_replay.trace.row_lines import HEADER, row_lines

    click.echo(HEADER, nl=False)
    for text in row_lines(reader, limit):
        click.echo(text, nl=False, color=True)  # as it is: a path may have an escape sequence in it


def warn_if_empty(trace: str, page_events: int) -> None:
    """Warn where a trace has no page event."""
    if not page_events:
        warn(f"{trace} holds no page event; a replay of it stores nothing")
