"""From the records of points, in whatever order they ended, to the rows of a sweep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.result.result import TIMING_PARTS
from zswap_replay.sweep.columns import ordered
from zswap_replay.sweep.pareto import Figure, front
from zswap_replay.sweep.plan import Plan
from zswap_replay.sweep.result import Cell, Failure, Sweep

_NUMBER = re.compile(r"\d[\d,.]*(?: (?:B|[KMGTPE]iB)\b)?")

_TIMING = tuple(f"timing.{part}" for part in TIMING_PARTS)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a point that has been replayed."""

    point: int
    figures: Mapping[str, Cell]
    """Counters and derived figures, by column."""
    timing: Mapping[str, float]
    """Seconds by part; empty where they were not written."""
    warnings: tuple[str, ...] = ()


def together(
    plan: Plan,
    records: Mapping[int, Record],
    figures: Sequence[Figure],
    failures: Sequence[Failure],
    *,
    timing: bool,
    allow_oom: bool = False,
) -> Sweep:
    """Put records together as a sweep, its rows in the order of the grid."""
    kept = [records[point] for point in sorted(records)]
    counters = ordered([record.figures for record in kept])
    rows = [
        plan.axes_of(record.point)
        | {column: record.figures.get(column) for column in counters}
        | ({f"timing.{part}": record.timing[part] for part in TIMING_PARTS} if timing else {})
        for record in kept
    ]
    axes = tuple(axis.name for axis in plan.grid.axes)
    return Sweep(
        axes=axes,
        columns=(*axes, *counters, *(_TIMING if timing else ())),
        rows=tuple(rows),
        manifest=plan.manifest,
        pareto=tuple(str(figure) for figure in figures) or None,
        front=front(rows, figures, allow_oom=allow_oom) if figures else (),
        allow_oom=allow_oom,
        failures=tuple(failures),
        warnings=_warnings(plan, kept),
    )


def records_of(sweep: Sweep) -> dict[int, Record]:
    """Take a sweep that has every row of its grid apart into records."""
    return {
        point: Record(
            point,
            {
                column: value
                for column, value in row.items()
                if column not in sweep.axes and column not in _TIMING and value is not None
            },
            {column.removeprefix("timing."): float(row[column] or 0) for column in _TIMING if column in row},
        )
        for point, row in enumerate(sweep.rows)
    }


def _warnings(plan: Plan, records: Sequence[Record]) -> tuple[str, ...]:
    """Return the warnings of all points, one for each kind: they differ from point to point in numbers alone."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    for record in records:
        for text in record.warnings:
            kind = _NUMBER.sub("#", text)
            kinds.setdefault(kind, []).append((plan.grid.points.label(record.point), text))
    return tuple(
        f"{label}: {text}" + (f" (and so at {len(others)} more points)" if others else "")
        for (label, text), *others in kinds.values()
    )
