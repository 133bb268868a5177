"""A comparison as Markdown, for issues and merge requests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from zswap_replay.compare.side_by_side import Comparison
from zswap_replay.report.comparison_text import (
    change_text,
    elsewhere,
    how_sure,
    line_title,
    marked,
    not_comparable,
    reckoned,
    section_title,
    unit_text,
    value_text,
)


def render(comparison: Comparison) -> str:
    """Render the comparison as Markdown: a list of what speaks against it and its results, and a table."""
    labels = [_escaped(label) for label in comparison.labels]
    text = [f"- {_escaped(reason)}" for reason in (*not_comparable(comparison), *marked(comparison))]
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
        text.append(_row(f"**{_escaped(section_title(section))}**", *[""] * (len(heads) + 1)))
        for line in lines:
            cells = []
            for place, value in enumerate(line.values):
                shown = value_text(line, value)
                cells.append(f"**{shown}**" if place == line.winner else shown)
                if place:
                    cells.append(change_text(line, place))
            text.append(_row(line_title(line), *cells, unit_text(line)))
    text += [
        "",
        "Bold: the best of its line.",
        *(
            f"\n{_escaped(also)}"
            for also in (reckoned(comparison), *how_sure(comparison), *elsewhere(comparison))
        ),
    ]
    return "\n".join(text) + "\n"


def _rows(first: str, heads: Sequence[str], rule: Sequence[str]) -> list[str]:
    return [_row(first, *heads), _row(*rule)]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
