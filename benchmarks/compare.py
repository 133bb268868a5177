"""Two RESULTS.md held against each other, line by line: ``python -m benchmarks.compare OLD.md NEW.md``.

A line is what two sections of one title call by one name. Its change is that of the median; it is marked where the
ranges of its rounds do not meet, and where its target was reached before and is not any more, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.lines import HEADER, sections_of

_RULE = "---"


@dataclass(frozen=True)
class Measured:
    """A line as RESULTS.md has it."""

    median: float
    unit: str
    low: float
    high: float
    reached: str


def lines_of(markdown: str) -> dict[tuple[str, str], Measured]:
    """Read the lines that were measured, by section and name."""
    found = {}
    for title, text in sections_of(markdown).items():
        for row in text.splitlines():
            cells = row[2:-2].split(" | ")
            if not row.startswith("| ") or len(cells) != len(HEADER) or cells[0] in (HEADER[0], _RULE):
                continue
            what, middle, spread, _, reached = cells
            if middle == "left out":
                continue
            number, _, unit = middle.partition(" ")
            low, _, high = spread.partition(" to ")
            median = float(number)
            single = not high  # one round
            ends = (median, median) if single else (float(low), float(high))
            found[title, what] = Measured(median, unit, *ends, reached)
    return found


def compared(old: str, new: str) -> Iterator[str]:
    """Yield the text of the comparison, line by line."""
    before, after = lines_of(old), lines_of(new)
    keys = [*after, *(key for key in before if key not in after)]
    rows = {
        key: (_shown(before.get(key)), _shown(after.get(key)), _change(before.get(key), after.get(key)))
        for key in keys
    }
    name = max((len(what) for _, what in keys), default=0)
    widths = [max(len(row[place]) for row in rows.values()) for place in range(3)] if rows else []
    for title in dict.fromkeys(title for title, _ in keys):
        yield title
        for key in keys:
            if key[0] == title:
                cells = (f"{cell:>{width}}" for cell, width in zip(rows[key], widths, strict=True))
                mark = _mark(before.get(key), after.get(key))
                yield f"  {key[1]:<{name}}  {'  '.join(cells)}  {mark}".rstrip()


def _shown(line: Measured | None) -> str:
    return "-" if line is None else f"{line.median:.3f} {line.unit}"


def _change(one: Measured | None, other: Measured | None) -> str:
    if one is None or other is None or not one.median or one.unit != other.unit:
        return ""
    return f"{(other.median / one.median - 1) * 100:+.1f} %"


def _mark(one: Measured | None, other: Measured | None) -> str:
    if one is None:
        return "new"
    if other is None:
        return "gone"
    marks = []
    if one.unit == other.unit and (one.high < other.low or other.high < one.low):
        marks.append("apart")
    if {one.reached, other.reached} == {"yes", "no"}:
        marks.append("target reached" if other.reached == "yes" else "target missed")
    return ", ".join(marks)


@click.command(help=__doc__)
@click.argument("old", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("new", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(old: Path, new: Path) -> None:
    for path in (old, new):
        if not lines_of(path.read_text(encoding="utf-8")):
            raise click.UsageError(f"{path}: found no table of benchmarks; expected a RESULTS.md")
    for line in compared(old.read_text(encoding="utf-8"), new.read_text(encoding="utf-8")):
        click.echo(line)


if __name__ == "__main__":
    main()
