"""A sweep as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from zswap_replay.sweep.result import Cell, Sweep

_LINES = json.JSONEncoder(separators=(",\n    ", ": "))
"""Writes a row, a line for each column: without ``indent`` json does it in C, ten times as fast."""


def render(sweep: Sweep) -> str:
    """Render one object: the metadata of the sweep's file, and ``rows``, which have every column.

    With a Pareto front each row has ``pareto``; ``marks`` says why a point is not to be taken for a good one. Points
    that failed are listed under ``failures``, where there are any.
    """
    rows = [dict(row) for row in sweep.rows]
    if sweep.pareto is not None:
        for row, marked in zip(rows, sweep.front, strict=True):
            row["pareto"] = marked
    for place, row in enumerate(rows):
        row["marks"] = ", ".join(sweep.marks(place)) or None
    members = [_member(name, json.dumps(value, indent=2)) for name, value in sweep.metadata().items()]
    members.append(_member("rows", "[\n" + ",\n".join(map(_row, rows)) + "\n]" if rows else "[]"))
    if sweep.failures:
        failures = [{"point": each.point, "error": each.error} for each in sweep.failures]
        members.append(_member("failures", json.dumps(failures, indent=2)))
    return "{\n" + ",\n".join(members) + "\n}\n"


def _member(name: str, text: str) -> str:
    """Put a member of the object together from its name and the text of its value."""
    return f"  {json.dumps(name)}: " + text.replace("\n", "\n  ")  # no text in JSON has a newline in it


def _row(row: Mapping[str, Cell | bool]) -> str:
    return "  {\n    " + _LINES.encode(row)[1:-1] + "\n  }"
