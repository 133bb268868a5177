"""A sweep as a table for people: a row for each point, with its axes and the most wanted figures."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zswap_replay.report.terminal.style import grid, heading, number, plain_console, ratio, share, size
from zswap_replay.result.by_name import unit_of
from zswap_replay.result.derived import DERIVED
from zswap_replay.sweep.result import Cell, Sweep

_HEADINGS = {
    **{f"derived.{figure.name}": figure.heading for figure in DERIVED.values() if figure.heading},
    "vmstat.pswpin": "disk reads",
    "zswap.pool_total_size": "pool size",
    "timing.total": "seconds",
}
"""Columns that have a heading of their own, and stand in the table unless the sweep lacks them."""

_SHOWN = (
    "derived.writeback_bytes",
    "vmstat.pswpin",
    "derived.rejects",
    "zswap.pool_total_size",
    "derived.compression_ratio",
    "timing.total",
)
"""The columns of the table, but for those that a Pareto front adds, in their order."""


def render(sweep: Sweep) -> str:
    """Render the table as plain text, for pipes and files: as wide as its columns."""
    text = io.StringIO()
    console = plain_console(text)
    console.width = 10_000  # a row is a line, for grep and awk
    show(sweep, console)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(sweep: Sweep, console: Console) -> None:
    """Print the table on ``console``, the points of the Pareto front marked with a star."""
    trace = sweep.manifest["trace"]
    assert isinstance(trace, dict)
    points = "1 point" if len(sweep.rows) == 1 else f"{len(sweep.rows):,} points"
    console.print(Text.assemble((str(trace["path"]), "bold"), f": {trace['events']:,} events, {points}"))
    console.print(Text(f"sha256 {str(trace['sha256'])[:12]}", style="dim"))
    console.print()
    console.print(_table(sweep))
    if sweep.pareto is not None:
        console.print()
        console.print(
            Text.assemble(
                heading("*"), f" on the Pareto front of {', '.join(sweep.pareto)}: ", str(sum(sweep.front))
            )
        )


def _table(sweep: Sweep) -> Table:
    named = [figure.rpartition(":")[0] for figure in sweep.pareto or ()]
    columns = [column for column in _SHOWN if column in sweep.columns]
    columns += [column for column in named if column in sweep.columns and column not in columns]
    mark = [] if sweep.pareto is None else [""]
    titles = [_HEADINGS.get(column, column) for column in columns]
    table = grid(*mark, *sweep.axes, *titles, left=range(len(mark)))
    for place, row in enumerate(sweep.rows):
        on = sweep.pareto is not None and sweep.front[place]
        star = [heading("*" if on else "")] if mark else []
        axes = [_axis(column, row[column]) for column in sweep.axes]
        table.add_row(*star, *axes, *(_figure(column, row[column]) for column in columns))
    return table


def _axis(column: str, value: Cell) -> Text:
    if isinstance(value, bool):
        return Text("y" if value else "n")
    if isinstance(value, int) and (
        column == "totalram" or (column.startswith("/") and not column.endswith("writeback"))
    ):
        return size(value)
    return Text("-" if value is None else str(value))


def _figure(column: str, value: Cell) -> Text:
    assert not isinstance(value, str)
    match unit_of(column):
        case "bytes" if column in _HEADINGS:
            return size(_whole(value))
        case "ratio":
            return Text(share(value)) if column.endswith("_rate") else ratio(value)
        case "seconds":
            return Text("-" if value is None else f"{value:.3f}")
        case _:
            return number(_whole(value))


def _whole(value: int | float | None) -> int | None:
    return None if value is None else int(value)
