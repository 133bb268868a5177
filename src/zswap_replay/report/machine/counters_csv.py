"""Results as CSV in long format: one line for each value of each counter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from zswap_replay.result.labels import DERIVED_UNITS, TIMING_PARTS, compressor_of
from zswap_replay.result.long_format import rows
from zswap_replay.result.result import Result

COLUMNS = ("compressor", "snapshot", "time_ns", "group", "memcg", "node", "counter", "unit", "value")


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Write CSV with the header ``COLUMNS``; ``memcg`` is empty for the machine's counters.

    ``node`` is empty for all but the group ``node``.
    The limits of memcgs are the group ``limits``, the derived figures of the end are the group ``derived``
    and, with ``timing``, the seconds of the wall clock are the group ``timing``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        writer.writerows((compressor_of(result), *line) for line in _lines(result, timing=timing))
    return text.getvalue()


def _lines(result: Result, *, timing: bool) -> Iterator[tuple[object, ...]]:
    for snapshot in result.snapshots:
        at = (snapshot.label, snapshot.time_ns)
        for row in rows(snapshot):
            yield (
                *at,
                row.group,
                row.memcg or "",
                "" if row.node is None else row.node,
                row.counter,
                row.unit,
                row.value,
            )
        for memcg, limits in snapshot.limits.items():
            for knob, value in limits.items():
                yield (
                    *at,
                    "limits",
                    memcg,
                    "",
                    knob,
                    "switch" if knob.endswith("writeback") else "bytes",
                    value,
                )
    at = (result.end.label, result.end.time_ns)
    derived = result.derived
    for name, unit in DERIVED_UNITS.items():
        figure = derived[name]
        yield (*at, "derived", "", "", name, unit, "" if figure is None else figure)
    if timing and result.timing is not None:
        for part in TIMING_PARTS:
            yield (*at, "timing", "", "", part, "seconds", getattr(result.timing, part))
