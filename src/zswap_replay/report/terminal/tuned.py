"""The answer of a search for people: the best settings, what they gain, the front, and how sure it is."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import change, heading, plain_console, share
from zswap_replay.result.by_name import CounterName, unit_of
from zswap_replay.result.marks import MEANING
from zswap_replay.tune.result import Tuned
from zswap_replay.units import counted, format_size

_MOST_ON_FRONT = 8
"""Points of the front that are listed; the JSON has all."""
_WIDE = 10_000


def render(found: Tuned) -> str:
    """Render as plain text, for pipes and files: as wide as its tables."""
    text = io.StringIO()
    console = plain_console(text)
    console.width = _WIDE
    show(found, console)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(found: Tuned, console: Console) -> None:
    """Print the answer on ``console``."""
    for trace in found.traces:
        console.print(Text.assemble((str(trace["path"]), "bold"), f": {trace['events']:,} events"))
    console.print(
        Text(
            f"{counted(len(found.points), 'point')} tried, the default settings among them; "
            f"{', '.join(map(_goal, found.objectives))}" + "".join(f", {text}" for text in found.constraints)
        )
    )
    console.print()
    console.print(heading(_title(found)))
    console.print(_settings(found))
    for line in _remarks(found):
        console.print(line, soft_wrap=True)
    console.print()
    console.print(_against_default(found))
    for title, table in _tables(found):
        console.print()
        console.print(heading(title))
        console.print(table)
    console.print()
    for line in _sure(found):
        console.print(line, soft_wrap=True)
    for title, lines in found.to_apply().items():
        console.print()
        console.print(heading(title))
        for text in lines:
            console.print(Text(text), soft_wrap=True)


def _goal(text: str) -> str:
    column, _, direction = text.rpartition(":")
    return f"{'least' if direction == 'min' else 'most'} {_short(column)}"


def _short(column: str) -> str:
    parsed = CounterName.parse(column)
    return column if parsed is None else parsed.short


def _title(found: Tuned) -> str:
    fault = found.fault()
    return f"No answer to act on: {fault}" if fault else "Best"


def _settings(found: Tuned) -> Grid:
    table = Grid("", "", left=(0, 1), keys=1)
    for name, text in found.answer["settings"].items():
        table.add_row(f"  {name}", _with_bytes(found.answer, name, text))
    return table


def _with_bytes(point: Mapping[str, Any], name: str, text: str) -> str:
    sizes = point["bytes"].get(name, ())
    return f"{text} ({', '.join(map(format_size, sizes))})" if sizes else text


def _remarks(found: Tuned) -> Iterator[Text]:
    for mark in found.answer["marks"]:
        yield Text.assemble((mark, "bold yellow"), f": {MEANING[mark]}")
    if not found.fault() and not found.default["marks"] and found.default["meets"]:
        costs = [_cost(point, found.objectives[0]) for point in (found.default, found.answer)]
        if costs[0] < costs[1]:
            yield Text("The default settings are better than any point that was tried.", style="bold yellow")


def _cost(point: Mapping[str, Any], objective: str) -> float:
    column, _, direction = objective.rpartition(":")
    value = point["figures"][column]
    if value is None:
        return float("inf")
    return -float(value) if direction == "max" else float(value)


def _against_default(found: Tuned) -> Grid:
    table = Grid("", "best", "default settings", "change", keys=1)
    for column, value in found.answer["figures"].items():
        other = found.default["figures"][column]
        known = isinstance(value, int | float) and isinstance(other, int | float)
        table.add_row(
            f"  {_short(column)}",
            figure_text(column, value),
            figure_text(column, other),
            change(other, value) if known else "",
        )
    marks = [", ".join(point["marks"]) for point in (found.answer, found.default)]
    if any(marks):
        table.add_row("  marks", *(text or "-" for text in marks))
    if found.constraints:
        table.add_row(
            "  constraints",
            *("met" if point["meets"] else "missed" for point in (found.answer, found.default)),
        )
    return table


def _tables(found: Tuned) -> Iterator[tuple[str, Grid]]:
    front = [point for point in found.points if point["front"]]
    if len(front) > 1:
        front.sort(key=lambda point: _cost(point, found.objectives[0]))
        columns = list(found.points[0]["figures"])
        table = Grid(
            *(f"  {name}" if not at else name for at, name in enumerate(found.vary)),
            *map(_short, columns),
            left=range(len(found.vary)),
            keys=len(found.vary),
        )
        for point in front[:_MOST_ON_FRONT]:
            names = [_with_bytes(point, name, text) for name, text in point["settings"].items()]
            table.add_row(
                *(f"  {text}" if not at else text for at, text in enumerate(names)),
                *(figure_text(column, point["figures"][column]) for column in columns),
            )
        more = f", {_MOST_ON_FRONT} of them here" if len(front) > _MOST_ON_FRONT else ""
        yield f"Front: {counted(len(front), 'point')} that no other beats in every figure{more}", table
    if found.importance:
        table = Grid("", "", keys=1)
        for name, part in sorted(found.importance.items(), key=lambda each: -each[1]):
            table.add_row(f"  {name}", share(part))
        yield f"How much each setting decides about {_short(found.goal)}", table


def _sure(found: Tuned) -> Iterator[Text]:
    if found.delays is not None:
        delays = ", ".join(map(str, found.delays["delays"]))
        for column, values in found.delays["figures"].items():
            numbers = [value for value in values if value is not None]
            if numbers:
                low, high = (figure_text(column, each) for each in (min(numbers), max(numbers)))
                spread = f"{low} to {high}" if low != high else f"{low} under each"
                yield Text(f"{_short(column)} under shrink delays of {delays}: {spread}")
        if found.constraints and not all(found.delays["met"]):
            missed = [
                str(delay)
                for delay, met in zip(found.delays["delays"], found.delays["met"], strict=True)
                if not met
            ]
            yield Text(
                f"under a shrink delay of {', '.join(missed)} constraints are missed", style="bold yellow"
            )
    if found.held_out is not None:
        yield _held_out(found, found.held_out)


def _held_out(found: Tuned, held: Mapping[str, Any]) -> Text:
    percent, chosen = held["percent"], held["chosen"]
    values = held["figures"][found.goal]
    column = found.goal
    there = f"on the last {percent} %"
    best = (
        f"{there} it has {_short(column)} {figure_text(column, values[chosen])}, the default settings "
        f"{figure_text(column, held['default'][column])}"
    )
    if chosen == 0:
        return Text(f"the first {100 - percent} % of the trace choose the same point; {best}")
    text = " ".join(
        f"{key}={value}" for key, value in found.points[held["points"][chosen]]["settings"].items()
    )
    above = "as much" if values[chosen] == values[0] else figure_text(column, values[0])
    return Text(
        f"the first {100 - percent} % of the trace would choose {text}; {best}, the best above {above}"
    )


def figure_text(column: str, value: Any) -> str:
    """Spell a value of a column for people, with its unit where it has one."""
    if value is None:
        return "-"
    match unit_of(column):
        case "bytes":
            return format_size(value)
        case "ns":
            return f"{value / 1e6:,.1f} ms"
        case "ratio":
            return share(value) if column.endswith("_rate") else f"{value:,.3f}"
        case _:
            return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
