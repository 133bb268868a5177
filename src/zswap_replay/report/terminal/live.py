"""A capture beside its replay, for people: a table of counters by snapshot, and the sentence that sums it up."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from zswap_replay.compare.live import LEVELS, Compared, LiveCheck
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import heading, number, plain_console
from zswap_replay.units import counted

_SAME, _OTHER = "=", "!"


def render(checked: LiveCheck) -> str:
    """Render the comparison as plain text, for pipes and files."""
    text = io.StringIO()
    show(checked, plain_console(text))
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(checked: LiveCheck, console: Console) -> None:
    """Print each value at each snapshot, the kernel's beside the replay's; the verdict stands last."""
    capture, manifest = checked.capture, checked.result.manifest
    kernel = capture.environment.kernel or "a kernel that nothing names"
    console.print(
        Text.assemble((checked.source, "bold"), f": Linux {kernel}, replayed as {manifest.kernel}"),
        soft_wrap=True,
    )
    about = f"{capture.text.records:,} events, {capture.pages:,} pages, {capture.contents:,} stores"
    if capture.worker_runs:
        about += f", the worker as it was seen ({counted(capture.worker_runs, 'run')})"
    if capture.prologue_pages:
        about += f", {counted(capture.prologue_pages, 'page')} from before"
    console.print(Text(about, style="dim"), soft_wrap=True)
    for group in dict.fromkeys(_group(each) for each in checked.values):
        console.print()
        console.print(heading(_title(group)))
        console.print(_table([each for each in checked.values if _group(each) == group]))
    if checked.not_placed:
        labels = ", ".join(checked.not_placed)
        console.print()
        console.print(
            Text(f"not compared, as the capture has no such mark: {labels}", style="dim"), soft_wrap=True
        )
    console.print()
    _differences(checked, console)
    equal = checked.equal == len(checked.values)
    verdict = f"equal {checked.equal:,} of {len(checked.values):,}".replace(",", "")
    console.print(Text(verdict, style="bold green" if equal else "bold red"))


def _group(one: Compared) -> str:
    return one.name.rpartition(" ")[0]


def _title(group: str) -> str:
    return {"zswap": "debugfs zswap", "vmstat": "/proc/vmstat"}.get(group, f"memcg {group}")


def _table(values: Sequence[Compared]) -> Grid:
    """Lay out counters by snapshot."""
    labels = list(dict.fromkeys(each.snapshot for each in values))
    cells = {(each.name, each.snapshot): each for each in values}
    table = Grid("", *(f"{label}  " for label in labels))
    for name in dict.fromkeys(each.name for each in values):
        row = [_cell(cells.get((name, label))) for label in labels]
        table.add_row(Text("  " + name.rpartition(" ")[2]), *row)
    return table


def _cell(one: Compared | None) -> Text:
    """Show a value once where both have it, else the kernel's and the replay's."""
    if one is None:
        return Text("  ")
    if one.equal:
        return number(one.captured).append(f" {_SAME}", style="dim green")
    return Text(f"{one.captured:,} {_OTHER} {one.replayed:,}", style="bold red")


def _differences(checked: LiveCheck, console: Console) -> None:
    differences = checked.differences
    if not differences:
        return
    console.print(heading("what differs"))
    table = Grid("", "snapshot", "captured", "replayed", "difference", left=(0, 1), keys=2)
    for each in differences:
        table.add_row(
            f"  {each.name}",
            each.snapshot,
            number(each.captured),
            number(each.replayed),
            Text(f"{each.replayed - each.captured:+,}", style="red"),
        )
    console.print(table)
    if all(each.name.rpartition(" ")[2] in LEVELS for each in differences):
        console.print(
            Text("what went in and came out is equal; what there is at a moment is not", style="dim")
        )
    console.print()
