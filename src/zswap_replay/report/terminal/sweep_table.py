"""A sweep as a table for people: a row for each point, with its axes and the most wanted figures."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import heading, number, plain_console, ratio, share, size
from zswap_replay.result.by_name import unit_of
from zswap_replay.result.derived import DERIVED, PRICED
from zswap_replay.result.manifest import digest_title
from zswap_replay.result.marks import KILLS, MEANING, Mark, may_be_best
from zswap_replay.sweep.result import Cell, Sweep
from zswap_replay.units import format_time

_HEADINGS = {
    **{f"derived.{figure.name}": figure.heading for figure in DERIVED.values() if figure.heading},
    "timing.total": "seconds",
}
"""Columns that have a heading of their own."""

_SHOWN = (
    "derived.swap_write_bytes",
    "derived.swap_read_bytes",
    "derived.memory_saved_mean_bytes",
    "derived.stall_ns",  # where a cost profile was asked for
    "derived.rejects",
    "derived.pool_size_mean_bytes",
    "derived.compression_ratio_mean",
    "timing.total",
)
"""The columns of the table, but for those that a Pareto front adds, in their order; those that the sweep has."""

_SHORT: dict[Mark, str] = {"oom": "oom", "swap_full": "swap full", "stored_nothing": "nothing stored"}


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
    console.print(Text(digest_title(trace) or "", style="dim"))
    console.print()
    console.print(_table(sweep))
    notes = list(_notes(sweep))
    if notes:
        console.print()
    for note in notes:
        console.print(note, soft_wrap=True)


def _notes(sweep: Sweep) -> Iterator[Text]:
    """Explain the marks of the table, and say what the figures of time are reckoned by."""
    profile = sweep.manifest.get("cost")
    shown = (*_shown(sweep), *(figure.rpartition(":")[0] for figure in sweep.pareto or ()))
    if isinstance(profile, dict) and any(_figure_of(column) in PRICED for column in shown):
        yield Text(f"time and wear: modelled, by the cost profile {profile.get('name')}", style="dim")
    if sweep.pareto is not None:
        yield Text.assemble(
            heading("*"), f" on the Pareto front of {', '.join(sweep.pareto)}: ", str(sum(sweep.front))
        )
    found = dict.fromkeys(mark for place in range(len(sweep)) for mark in sweep.marks(place))
    for mark in (mark for mark in MEANING if mark in found):
        off = "" if may_be_best([mark], allow_oom=sweep.allow_oom) else "; not on the front"
        if off and mark in KILLS:
            off += " without --allow-oom"
        yield Text.assemble((_SHORT[mark], "bold yellow"), f": {MEANING[mark]}{off}")


def _shown(sweep: Sweep) -> tuple[str, ...]:
    """List the columns of the table; figures of a cost profile are among them where one was asked for."""
    given = sweep.manifest.get("given")
    asked = isinstance(given, dict) and "cost" in given
    return tuple(column for column in _SHOWN if asked or _figure_of(column) not in PRICED)


def _figure_of(column: str) -> str:
    return column.rpartition(".")[2]


def _table(sweep: Sweep) -> Grid:
    named = [figure.rpartition(":")[0] for figure in sweep.pareto or ()]
    columns = [column for column in _shown(sweep) if column in sweep.columns]
    columns += [column for column in named if column in sweep.columns and column not in columns]
    mark = [] if sweep.pareto is None else [""]
    marks = [", ".join(_SHORT[mark] for mark in sweep.marks(place)) for place in range(len(sweep))]
    last = ["marks"] if any(marks) else []
    titles = [_HEADINGS.get(column, column) for column in columns]
    left = {*range(len(mark)), len(mark) + len(sweep.axes) + len(titles)}
    keys = len(mark) + len(sweep.axes)
    table = Grid(*mark, *sweep.axes, *titles, *last, left=left, keys=keys, tail=len(last))
    for place, row in enumerate(sweep.rows):
        on = sweep.pareto is not None and sweep.front[place]
        star = [heading("*" if on else "")] if mark else []
        axes = [_axis(column, row[column]) for column in sweep.axes]
        told = [Text(marks[place], style="bold yellow")] if last else []
        table.add_row(*star, *axes, *(_figure(column, row[column]) for column in columns), *told)
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
        case "bytes" if column.startswith("derived.") or ":cost." in column:
            return size(_whole(value))
        case "ratio":
            if column.endswith("endurance_per_year"):
                return Text("-" if value is None else f"{value:.2%}".replace("%", " %"))
            return Text(share(value)) if column.endswith("_rate") else ratio(value)
        case "ns":
            return Text("-" if value is None else format_time(value))
        case "seconds":
            return Text("-" if value is None else f"{value:.3f}")
        case _:
            return Text(f"{value:,.1f}") if isinstance(value, float) else number(value)


def _whole(value: int | float | None) -> int | None:
    return None if value is None else int(value)
