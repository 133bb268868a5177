"""A sweep as JSON, for programs."""

from __future__ import annotations

import json

from zswap_replay.sweep.result import Sweep


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
    document = {**sweep.metadata(), "rows": rows}
    if sweep.failures:
        document["failures"] = [{"point": each.point, "error": each.error} for each in sweep.failures]
    return json.dumps(document, indent=2) + "\n"
