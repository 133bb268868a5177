"""A comparison for people and programs: a table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv as csv_format
import io
import json as json_format
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zswap_replay.compare.comparable import ABSENT
from zswap_replay.compare.side_by_side import CODEC_SECONDS, MATTERS, Comparison, Line
from zswap_replay.report.terminal.style import change, grid, heading, natural_width, plain_console
from zswap_replay.result.result import SCHEMA
from zswap_replay.units import listed

_TITLES = {
    "writeback_bytes": "zswap writeback",
    "swap_read_bytes": "swap reads",
    "rejects": "rejected stores",
    "compression_ratio": "compression ratio",
    "pool_efficiency": "pool efficiency",
    CODEC_SECONDS: "codec time",
}
_SECTIONS = {"replay": "replay (not the kernel's)"}
_DIGEST = 12
"""Characters of a trace's digest that people are shown."""


def not_comparable(comparison: Comparison) -> list[str]:
    """A line for each reason why the results say nothing about each other."""
    lines = []
    for reason in comparison.obstacles:
        values = [value[:_DIGEST] if reason.what.endswith(" sha256") else value for value in reason.values]
        each = zip(values, comparison.labels, strict=True)
        found = (f"{value} ({label})" for value, label in each if value != ABSENT)
        lines.append(f"not comparable: {reason.what}: {', '.join(found)}")
    return lines


def table(comparison: Comparison) -> str:
    """The comparison as plain text."""
    text = io.StringIO()
    show(comparison, plain_console(text))
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(comparison: Comparison, console: Console) -> None:
    """Prints the comparison on ``console``: first what speaks against it, then the settings, then the lines."""
    for reason in not_comparable(comparison):
        console.print(Text(f"warning: {reason}", style="bold yellow"), soft_wrap=True)
    if comparison.settings:
        console.print(heading("settings that differ"))
        settings = grid("", *comparison.labels, left=range(len(comparison.labels) + 1))
        for setting in comparison.settings:
            settings.add_row(f"  {setting.what}", *setting.values)
        console.print(settings)
    if comparison.obstacles or comparison.settings:
        console.print()
    for place, part in enumerate(parts(comparison, console)):
        if place:
            console.print()
        console.print(part)
    for line in _elsewhere(comparison):
        console.print(Text(line, style="dim"), soft_wrap=True)


def parts(comparison: Comparison, console: Console) -> list[Table | Text]:
    """The lines as one table, or where that is too wide as several, each with the first result and some others."""
    if comparison.equal:
        return [Text("no difference")]
    others = list(range(1, len(comparison.labels)))
    found: list[Table | Text] = []
    while others:
        many = len(others)
        while many > 1 and natural_width(console, _table(comparison, others[:many])) > console.width:
            many -= 1
        found.append(_table(comparison, others[:many]))
        del others[:many]
    found.append(Text(f"changes are against {comparison.labels[0]}; * the best of its line", style="dim"))
    return found


def markdown(comparison: Comparison) -> str:
    """The comparison as Markdown: a list of what speaks against it, and a table."""
    labels = [_escaped(label) for label in comparison.labels]
    text = [f"- {_escaped(reason)}" for reason in not_comparable(comparison)]
    if text:
        text.append("")
    if comparison.settings:
        text += _rows("setting", labels, ["---"] * (len(labels) + 1))
        text += [_row(each.what, *map(_escaped, each.values)) for each in comparison.settings]
        text.append("")
    if comparison.equal:
        return "\n".join([*text, "no difference", ""])
    heads = [labels[0]]
    for label in labels[1:]:
        heads += [label, f"vs {labels[0]}"]
    text += _rows("", [*heads, "unit"], ["---", *["---:"] * len(heads), "---"])
    for section, lines in groupby(comparison.lines, lambda line: line.section):
        text.append(_row(f"**{_escaped(_SECTIONS.get(section, section))}**", *[""] * (len(heads) + 1)))
        for line in lines:
            cells = []
            for place, value in enumerate(line.values):
                shown = _number(line, value)
                cells.append(f"**{shown}**" if place == line.winner else shown)
                if place:
                    cells.append(_change(line, place))
            text.append(_row(_TITLES.get(line.name, line.name), *cells, line.unit))
    text += ["", "Bold: the best of its line.", *(f"\n{_escaped(also)}" for also in _elsewhere(comparison))]
    return "\n".join(text) + "\n"


def csv(comparison: Comparison) -> str:
    """A line for each figure: a value for each result, and how far each is from the first, as a share of it."""
    text = io.StringIO()
    writer = csv_format.writer(text, lineterminator="\n")
    first, *others = comparison.labels
    relative = [f"{label} vs {first}" for label in others]
    writer.writerow(
        ["section", "memcg", "counter", "unit", "better", "winner", *comparison.labels, *relative]
    )
    for line in comparison.lines:
        winner = "" if line.winner is None else comparison.labels[line.winner]
        about = [line.section, line.memcg or "", line.name, line.unit, line.better or "", winner]
        writer.writerow(about + [_blank(value) for value in (*line.values, *_relatives(line)[1:])])
    return text.getvalue()


def json(comparison: Comparison) -> str:
    """One object: ``labels``, and lists of ``values`` in their order for each obstacle, setting and line."""
    document = {
        "schema": SCHEMA,
        "labels": comparison.labels,
        "equal": comparison.equal,
        "not_comparable": {reason.what: reason.values for reason in comparison.obstacles},
        "settings": {setting.what: setting.values for setting in comparison.settings},
        "lines": [
            {
                "section": line.section,
                "memcg": line.memcg,
                "counter": line.name,
                "unit": line.unit,
                "better": line.better,
                "values": line.values,
                "relative": _relatives(line),
                "winner": None if line.winner is None else comparison.labels[line.winner],
            }
            for line in comparison.lines
        ],
        "other_memcgs": comparison.memcgs,
        "other_snapshots": comparison.snapshots,
    }
    return json_format.dumps(document, indent=2) + "\n"


def _table(comparison: Comparison, others: Sequence[int]) -> Table:
    heads: list[str] = []
    for place in others:
        heads += [f"{comparison.labels[place]}  ", "change"]
    made = grid("", f"{comparison.labels[0]}  ", *heads, "", left=(0, len(heads) + 2))
    shown = (line for line in comparison.lines if line.section == MATTERS or line.of([0, *others]).differs)
    for place, (section, lines) in enumerate(groupby(shown, lambda line: line.section)):
        if place:
            made.add_row()
        made.add_row(heading(_SECTIONS.get(section, section)))
        for line in lines:
            cells = [_cell(line, 0)]
            for other in others:
                cells += [_cell(line, other), Text(_change(line, other))]
            made.add_row(f"  {_TITLES.get(line.name, line.name)}", *cells, Text(line.unit, style="dim"))
    return made


def _cell(line: Line, place: int) -> Text:
    """A value, with room for the mark of the best so that numbers stand below each other."""
    best = place == line.winner
    return Text(
        f"{_number(line, line.values[place])} {'*' if best else ' '}", style="bold green" if best else ""
    )


def _number(line: Line, value: int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if line.unit in ("ratio", "seconds") else f"{value:,}"


def _change(line: Line, place: int) -> str:
    first, value = line.values[0], line.values[place]
    return "" if first is None or value is None else change(first, value)


def _relatives(line: Line) -> list[float | None]:
    shares = [line.relative(place) for place in range(len(line.values))]
    return [None if share is None else round(share, 6) for share in shares]


def _elsewhere(comparison: Comparison) -> Iterator[str]:
    if comparison.memcgs:
        yield f"memcgs that differ too (--memcg PATH, or all): {listed(comparison.memcgs)}"
    if comparison.snapshots:
        yield f"snapshots before the end that differ too: {listed(comparison.snapshots)}"


def _rows(first: str, heads: Sequence[str], rule: Sequence[str]) -> list[str]:
    return [_row(first, *heads), _row(*rule)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _blank(value: object) -> object:
    return "" if value is None else value
