"""A comparison as CSV: a line for each figure."""

from __future__ import annotations

import csv
import io

from zswap_replay.compare.side_by_side import Comparison
from zswap_replay.report.machine.comparison_json import relative_changes


def render(comparison: Comparison) -> str:
    """Render a line for each figure: a value for each result, and how far each is from the first, as a share of it.

    The last column, ``name``, is the whole name of the figure, as ``--tolerance`` and ``--pareto`` take it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    first, *others = comparison.labels
    relative = [f"{label} vs {first}" for label in others]
    writer.writerow(
        ["section", "memcg", "counter", "unit", "better", "winner", *comparison.labels, *relative, "name"]
    )
    for line in comparison.lines:
        winner = "" if line.winner is None else comparison.labels[line.winner]
        about = [line.section, line.memcg or "", line.name, line.unit, line.better or "", winner]
        values = [_blank(value) for value in (*line.values, *relative_changes(line)[1:])]
        writer.writerow([*about, *values, line.place])
    return text.getvalue()


def _blank(value: object) -> object:
    return "" if value is None else value
