"""A comparison as JSON, for programs."""

from __future__ import annotations

import json

from zswap_replay.compare.side_by_side import Comparison, Line
from zswap_replay.result.result import SCHEMA


def render(comparison: Comparison) -> str:
    """Render one object: ``labels``, in their order ``marks``, and ``values`` of obstacles, settings and lines."""
    document = {
        "schema": SCHEMA,
        "labels": comparison.labels,
        "equal": comparison.equal,
        "not_comparable": {reason.what: reason.values for reason in comparison.obstacles},
        "marks": comparison.marks,
        "settings": {setting.what: setting.values for setting in comparison.settings},
        "lines": [
            {
                "section": line.section,
                "memcg": line.memcg,
                "counter": line.name,
                "name": str(line.place),
                "unit": line.unit,
                "better": line.better,
                "values": line.values,
                "relative": relative_changes(line),
                "winner": None if line.winner is None else comparison.labels[line.winner],
                **({"ranges": line.ranges} if any(line.ranges) else {}),
            }
            for line in comparison.lines
        ],
        "cost_profile": comparison.cost_profile,
        "without_range": comparison.without_range,
        "other_memcgs": comparison.memcgs,
        "other_snapshots": comparison.snapshots,
    }
    return json.dumps(document, indent=2) + "\n"


def relative_changes(line: Line) -> list[float | None]:
    """Return how far each value is from the first, as a share of it, to six digits."""
    shares = [line.relative(place) for place in range(len(line.values))]
    return [None if share is None else round(share, 6) for share in shares]
