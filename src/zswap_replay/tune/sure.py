"""How sure an answer is: under other delays of the shrink worker, and on a part of the trace that did not choose it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from zswap_replay.result.ranges import RANGE_DELAYS
from zswap_replay.settings import Settings
from zswap_replay.sweep.pareto import Figure
from zswap_replay.tune.goals import Goals, Row
from zswap_replay.tune.replays import Job, Replays


@dataclass(frozen=True, slots=True)
class Spread:
    """The figures of the answer under several delays of the shrink worker."""

    delays: list[int]
    figures: dict[str, list[Any]]
    """By column, a value a delay."""
    met: list[bool]
    """By delay, whether the answer meets the constraints."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a choice by the first part of the traces comes to in the rest."""

    percent: int
    """Share of the rows that was held out."""
    chosen: int
    """The candidate that the first part chooses, by its place; 0 is the answer."""
    figures: dict[str, list[Any]]
    """By column, the values of the candidates in the part that was held out."""
    default: dict[str, Any]
    """By column, the value of the default settings there."""
    better: int
    """How many candidates are better there than the answer."""


def spread(answer: Sequence[Settings], rows: Sequence[Row], goals: Goals, replays: Replays) -> Spread:
    """Replay an answer, its settings by trace, under the delays that a range spans."""
    own = answer[0].shrink_delay
    others = [delay for delay in RANGE_DELAYS if delay != own]
    jobs = [
        Job(trace, replace(settings, shrink_delay=delay), f"the answer with shrink_delay={delay}")
        for delay in others
        for trace, settings in enumerate(answer)
    ]
    found = _grouped(replays.run(jobs), len(answer))
    by_delay = dict(sorted([(own, rows), *zip(others, found, strict=True)]))
    return Spread(
        delays=list(by_delay),
        figures={
            figure.column: [goals.value(each, figure) for each in by_delay.values()]
            for figure in _told(goals)
        },
        met=[not any(goals.missed_by(each)) for each in by_delay.values()],
    )


def held_out(
    candidates: Sequence[Sequence[Settings]],
    default: Sequence[Settings],
    events: Sequence[int],
    percent: int,
    goals: Goals,
    replays: Replays,
) -> HeldOut:
    """Choose among candidates, the answer first, by the first part of the traces alone, and judge by the rest.

    ``events`` are the rows of each trace, of which the last ``percent`` of 100 are held out.
    """
    first = [max(1, rows - rows * percent // 100) for rows in events]
    jobs = [
        Job(trace, replace(settings, max_events=first[trace]), f"candidate {place}, its first part")
        for place, each in enumerate(candidates, 1)
        for trace, settings in enumerate(each)
    ]
    jobs += [
        Job(trace, replace(settings, warmup=first[trace]), f"candidate {place}, the part held out")
        for place, each in enumerate((*candidates, default), 1)
        for trace, settings in enumerate(each)
    ]
    rows = _grouped(replays.run(jobs), len(events))
    before, after = rows[: len(candidates)], rows[len(candidates) : -1]
    ranks = [goals.rank(each) for each in before]
    costs = [goals.costs(each) for each in after]
    return HeldOut(
        percent=percent,
        chosen=ranks.index(min(ranks)),
        figures={figure.column: [goals.value(each, figure) for each in after] for figure in goals.figures},
        default={figure.column: goals.value(rows[-1], figure) for figure in goals.figures},
        better=sum(cost < costs[0] for cost in costs),
    )


def _told(goals: Goals) -> list[Figure]:
    """List the figures that are wanted, and those that are held against a bound."""
    named = {figure.column: figure for figure in goals.figures}
    for constraint in goals.constraints:
        named.setdefault(constraint.column, Figure(constraint.column, constraint.sign in (">", ">=")))
    return list(named.values())


def _grouped(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]
