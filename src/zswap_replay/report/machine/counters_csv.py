"""Results as CSV in long format: one line for each value of each counter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from zswap_replay.result.by_name import CounterName
from zswap_replay.result.derived import DERIVED
from zswap_replay.result.labels import run_names
from zswap_replay.result.long_format import rows
from zswap_replay.result.result import TIMING_PARTS, Result

COLUMNS = ("compressor", "snapshot", "time_ns", "group", "memcg", "node", "counter", "unit", "value", "name")
RANGE = ("low", "high")
"""Columns of the lowest and highest value, of results that have ranges."""


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Write CSV with the header ``COLUMNS``; ``memcg`` is empty for the machine's counters.

    ``node`` is empty for all but the group ``node``. ``name`` is the whole name, as ``--tolerance`` takes it. Where a
    result has ranges, the columns of ``RANGE`` follow, empty but at the end of the trace. The limits of memcgs are the
    group ``limits``, the derived figures of the end are the group ``derived`` and, with ``timing``, the seconds of the
    wall clock are the group ``timing``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ranged = any(result.range is not None for result in results)
    writer.writerow((*COLUMNS, *RANGE) if ranged else COLUMNS)
    for run, result in zip(run_names(results), results, strict=True):
        for at, name, unit, value in _values(result, timing=timing):
            node = "" if name.node is None else name.node
            place = (name.group, name.memcg or "", node, name.counter)
            ends = _ends(result, at[0], str(name)) if ranged else ()
            cell = "" if value is None else value
            writer.writerow((run, *at, *place, unit, cell, name, *ends))
    return text.getvalue()


def _ends(result: Result, label: str, name: str) -> tuple[object, object]:
    """Give the lowest and highest value of a counter; empty where it has no range, as in snapshots before the end."""
    if result.range is None or label != result.end.label or name not in result.range:
        return "", ""
    low, _, high = result.range[name]
    return "" if low is None else low, "" if high is None else high


_Value = tuple[tuple[str, int], CounterName, str, int | float | None]
"""Label and time of a snapshot, a name, its unit and its value."""


def _values(result: Result, *, timing: bool) -> Iterator[_Value]:
    for snapshot in result.snapshots:
        at = (snapshot.label, snapshot.time_ns)
        for row in rows(snapshot):
            yield at, CounterName(row.group, row.counter, row.memcg, row.node), row.unit, row.value
        for memcg, limits in snapshot.limits.items():
            for knob, value in limits.items():
                unit = "switch" if knob.endswith("writeback") else "bytes"
                yield at, CounterName("limits", knob, memcg), unit, value
    at = (result.end.label, result.end.time_ns)
    derived = result.derived
    for figure in DERIVED.values():
        yield at, CounterName("derived", figure.name), figure.unit, derived[figure.name]
    if timing and result.timing is not None:
        for part in TIMING_PARTS:
            yield at, CounterName("timing", part), "seconds", getattr(result.timing, part)
