"""A sweep as CSV: one line for each point, with the columns of the sweep's file."""

from __future__ import annotations

import csv
import io

from zswap_replay.sweep.result import Cell, Sweep


def render(sweep: Sweep) -> str:
    """Render CSV with a header; a value that a point does not have is empty, a switch is ``true`` or ``false``.

    The last column, ``marks``, says why a point is not to be taken for a good one: ``oom, swap_full``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    marked = sweep.pareto is not None
    writer.writerow((*sweep.columns, *(("pareto",) if marked else ()), "marks"))
    for place, row in enumerate(sweep.rows):
        cells = [row[column] for column in sweep.columns] + ([sweep.front[place]] if marked else [])
        writer.writerow([*map(_text, cells), ", ".join(sweep.marks(place))])
    return text.getvalue()


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)
