"""A search from its options to its answer: checked, replayed, judged."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from zswap_replay.codec.worker_process import WorkerProcesses
from zswap_replay.errors import Interrupted, SettingsError
from zswap_replay.files import check_output, replacing
from zswap_replay.replay.interrupts import forget_met
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.settings import FILE_SETTINGS, Settings, files_named
from zswap_replay.sweep.grid import Option
from zswap_replay.sweep.pareto import DEFAULT, Figure, front
from zswap_replay.sweep.plan import Plan, identity, make_plan, new_token
from zswap_replay.sweep.point import forget, workspace_of
from zswap_replay.sweep.workers import Here, Processes, Workers
from zswap_replay.trace.reader import open_trace, trace_files
from zswap_replay.tune.emit import applied, emit
from zswap_replay.tune.goals import (
    Goals,
    Over,
    Row,
    check_constraints,
    marks_of,
    parse_constraint,
    parse_goals,
)
from zswap_replay.tune.possible import check_possible
from zswap_replay.tune.replays import Job, Replays
from zswap_replay.tune.result import Tuned
from zswap_replay.tune.search import Search
from zswap_replay.tune.space import Axis, Places, check_axes, ends_of, option_at
from zswap_replay.tune.sure import held_out, spread
from zswap_replay.units import counted

if TYPE_CHECKING:
    from zswap_replay.tune.study_file import StudyFile

REPLAYS: Final = 60
"""Points that are tried unless another number is given."""
HOLD_OUT: Final = 25
"""Percent of the trace's rows that are held out unless another share is given."""
_CANDIDATES: Final = 4
"""Points among which the first part of a trace chooses."""
_UNVERIFIED: Final = Option("verify", ("off",), ("off",))
"""Unless it is asked for, no page is compared with what was stored: that changes no counter."""
_DEFAULTS: Final = "the default settings"
"""The label of the point that has none of what is varied."""


def tune(
    traces: Sequence[str],
    axes: tuple[Axis, ...],
    fixed: tuple[Option, ...] = (),
    *,
    minimize: Sequence[str] = (),
    maximize: Sequence[str] = (),
    subject_to: Sequence[str] = (),
    over: Over = "worst",
    replays: int = REPLAYS,
    seed: int = 0,
    hold_out: int = HOLD_OUT,
    forms: Sequence[str] = (),
    study: str | None = None,
    output: str | None = None,
    force: bool = False,
    cost: CostProfile | None = None,
    strict: bool = False,
    jobs: int = 0,
    processes: WorkerProcesses | None = None,
    scheduler: str | None = None,
    notes: Callable[[str], None] | None = None,
    warnings: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tuned:
    """Search the settings under which traces come out best.

    ``axes`` are varied, ``fixed`` are options of one value each that hold at every point. ``minimize`` and ``maximize``
    name figures, the first of which decides; ``subject_to`` are constraints, ``swap_write_bytes<=2G``. Several traces
    count by the ``over`` of them. Up to ``replays`` points are tried, the default settings among them, each over every
    trace; ``seed`` decides which. ``hold_out`` percent of each trace tell how good a choice by the others is; 0: not
    told. ``forms`` name the lines that are made (``emit.FORMS``). ``cost`` is what
    time and wear are reckoned by, None for nvme. ``study`` is a file in which points are kept, from
    which the same search goes on; ``output`` gets the JSON. ``jobs``, ``processes`` and ``scheduler`` are those of a
    sweep; none changes the answer. ``notes`` hears each remark once, ``warnings`` where ``verify``
    is among ``fixed``; ``progress`` the points tried and the most.

    Raises ZswapReplayError: a bad option, constraint or trace, or a constraint that nothing can meet, before the first
    replay. OSError: a file cannot be written. Interrupted: Ctrl-C, or a signal that asks for an end.
    """
    if replays < 2:
        raise SettingsError(
            f"--replays {replays}: expected at least 2, one of them with the default settings"
        )
    check_axes(axes, fixed)
    if all(option.name != "verify" for option in fixed):
        fixed = (*fixed, _UNVERIFIED)
        warnings = None  # what else they say of a point, its marks do
    inputs = _inputs(traces, (*fixed, *(ends_of(axis) for axis in axes)))
    for name in (output, study):
        if name is not None:
            check_output(name, inputs=inputs, regular=True)
    jobs = jobs or len(os.sched_getaffinity(0))
    with ExitStack() as stack:
        token = new_token()
        stack.callback(forget, token)
        plans = [
            make_plan(
                trace,
                (*fixed, *map(ends_of, axes)),
                strict=strict,
                remember=scheduler is None,
                cost=cost,
                token=token,
            )
            for trace in traces
        ]
        columns = [name for name in plans[0].columns if all(name in plan.columns for plan in plans)]
        constraints = tuple(parse_constraint(text, columns) for text in subject_to)
        goals = Goals(parse_goals(minimize, maximize, columns), constraints, over)
        check_constraints(constraints)
        whole = not {"max_events", "warmup"} & {option.name for option in fixed}
        for trace, plan in zip(traces, plans, strict=True):
            workspace = workspace_of(token, plan.trace, strict=strict) if scheduler is None else None
            reader = workspace.reader() if workspace else open_trace(plan.trace, strict=strict)
            check_possible(trace, reader, constraints, whole=whole)
        file = None
        if study is not None:
            from zswap_replay.tune.study_file import StudyFile

            file = StudyFile(study, _identity(plans, goals), goals=len(goals.figures), force=force)
            stack.callback(file.close)
        workers = stack.enter_context(closing(_workers(plans, scheduler, jobs, processes)))
        done = Replays(plans, workers, notes or _ignored, warnings or _ignored)
        run = _Run(plans, axes, fixed, goals, done, file, replays, progress or (lambda _done, _most: None))
        try:
            found = run.all(seed, hold_out, forms)
        except KeyboardInterrupt as stop:
            forget_met()
            kept = "without --study no point is kept"
            if file is not None:
                points = counted(len(file.known), "point")
                kept = f"{points} kept in {file.path}; the same command goes on from there"
            raise Interrupted(kept, stop) from None
        if output is not None:
            with replacing(output, inputs=inputs, regular=True) as path:
                path.write_text(found.render(), encoding="utf-8")
    return found


class _Run:
    """A search, its points known from a file or replayed."""

    def __init__(
        self,
        plans: Sequence[Plan],
        axes: tuple[Axis, ...],
        fixed: tuple[Option, ...],
        goals: Goals,
        replays: Replays,
        file: StudyFile | None,
        most: int,
        progress: Callable[[int, int], None],
    ) -> None:
        self._plans = plans
        self._axes = axes
        self._fixed = fixed
        self._goals = goals
        self._replays = replays
        self._file = file
        self._most = most
        self._progress = progress
        self._tried = 0

    def all(self, seed: int, hold_out: int, forms: Sequence[str]) -> Tuned:
        """Search, and judge what was found."""
        (default,) = self._evaluate([None])
        search = Search(self._axes, self._goals, seed)
        search.run(self._most - 1, self._evaluate)
        points = list(search.tried)
        best = search.best
        answer = self._settings(best)
        return Tuned(
            traces=[dict(plan.manifest["trace"]) for plan in self._plans],
            settings=dict(self._plans[0].manifest["settings"]),
            vary={axis.name: axis.given for axis in self._axes},
            objectives=[str(figure) for figure in self._goals.figures],
            constraints=[each.text for each in self._goals.constraints],
            over=self._goals.over,
            seed=seed,
            points=self._points(search, default),
            best=1 + points.index(best),
            importance=search.importance(),
            delays=asdict(spread(answer, search.tried[best], self._goals, self._replays)),
            held_out=self._held_out(search, hold_out),
            emit={form: emit(form, applied(answer[0], self._names())) for form in dict.fromkeys(forms)},
            versions=dict(self._plans[0].manifest["versions"]),
        )

    def _evaluate(self, batch: Sequence[Places | None]) -> list[tuple[Row, ...]]:
        """Replay points, None for the default settings; those that the file has are not replayed."""
        known = self._file.known if self._file is not None else {}
        labels = [self._label(places) for places in batch]
        missing = [at for at, label in enumerate(labels) if label not in known]
        jobs = [
            Job(trace, settings, labels[at])
            for at in missing
            for trace, settings in enumerate(self._settings(batch[at]))
        ]
        found = iter(self._replays.run(jobs))
        rows: list[tuple[Row, ...]] = []
        for at, label in enumerate(labels):
            if at in missing:
                each = tuple(next(found) for _ in self._plans)
                if self._file is not None:
                    self._file.add(label, each, self._goals.costs(each))
            else:
                each = tuple(known[label])
            rows.append(each)
        self._tried += len(batch)
        self._progress(self._tried, self._most)
        return rows

    def _label(self, places: Places | None) -> str:
        if places is None:
            return _DEFAULTS
        return " ".join(
            f"{axis.name}={axis.text(place)}" for axis, place in zip(self._axes, places, strict=True)
        )

    def _settings(self, places: Places | None) -> list[Settings]:
        """Make the settings of a point, by trace."""
        options = list(self._fixed)
        if places is not None:
            options += [option_at(axis, place) for axis, place in zip(self._axes, places, strict=True)]
        return [self._replays.settings(trace, options) for trace in range(len(self._plans))]

    def _names(self) -> list[str]:
        """List the settings that were given or varied."""
        return [option.name for option in self._fixed] + [axis.name for axis in self._axes]

    def _points(self, search: Search, default: Sequence[Row]) -> list[dict[str, Any]]:
        """Lay out the points, the default settings first."""
        points = list(search.tried)
        rows = [default, *search.tried.values()]
        figures = self._figures()
        cells = [{figure.column: self._goals.value(each, figure) for figure in figures} for each in rows]
        fit = [
            at
            for at, each in enumerate(rows)
            if at and not marks_of(each) and not any(self._goals.missed_by(each))
        ]
        on = set()
        if fit:
            wanted = figures[: self._in_front()]
            flags = front([dict(cells[at]) for at in fit], wanted, allow_oom=True)
            best: dict[tuple[float, ...], int] = {}  # of points of the same figures one stands for all
            for at in sorted(fit, key=lambda at: search.order(points[at - 1])):
                if flags[fit.index(at)]:
                    best.setdefault(tuple(figure.cost(cells[at]) for figure in wanted), at)
            on = set(best.values())
        return [
            {
                "settings": {}
                if not at
                else {
                    axis.name: axis.text(place)
                    for axis, place in zip(self._axes, points[at - 1], strict=True)
                },
                "bytes": {} if not at else self._bytes(points[at - 1]),
                "figures": cells[at],
                "marks": list(marks_of(each)),
                "meets": not any(self._goals.missed_by(each)),
                "front": at in on,
            }
            for at, each in enumerate(rows)
        ]

    def _bytes(self, places: Places) -> dict[str, list[int]]:
        """Give the bytes of axes that are shares, by trace."""
        shares = {
            axis.name
            for axis, place in zip(self._axes, places, strict=True)
            if option_at(axis, place).has_share
        }
        if not shares:
            return {}
        found: dict[str, list[int]] = {name: [] for name in shares}
        for settings in self._settings(places):
            knobs = {f"{write.memcg}:{write.key}": int(str(write.value)) for write in settings.knobs}
            for name in shares:
                found[name].append(knobs[name] if name in knobs else int(settings.totalram or 0))
        return {axis.name: found[axis.name] for axis in self._axes if axis.name in shares}

    def _figures(self) -> list[Figure]:
        """List what is told of a point: the objectives, what a sweep's front is of, and what is constrained."""
        usual = [Figure.parse(text) for text in DEFAULT]
        bounds = [Figure(each.column, higher=each.sign in (">", ">=")) for each in self._goals.constraints]
        named: dict[str, Figure] = {}
        for figure in (
            *self._goals.figures,
            *(usual if len(self._goals.figures) == 1 else ()),
            *bounds,
            *usual,
        ):
            named.setdefault(figure.column, figure)
        return list(named.values())

    def _in_front(self) -> int:
        """Count the figures, of those that are told, whose front is marked: several objectives, else the usual ones."""
        several = len(self._goals.figures)
        if several > 1:
            return several
        return len({self._goals.figures[0].column, *(Figure.parse(text).column for text in DEFAULT)})

    def _held_out(self, search: Search, percent: int) -> dict[str, Any] | None:
        """Judge the best points by a part of the traces that did not choose them; None where that is not asked for."""
        if not percent or any(option.name in ("warmup", "max_events") for option in self._fixed):
            return None
        ranked = sorted(search.tried, key=search.order)[:_CANDIDATES]
        events = [int(plan.manifest["trace"]["events"]) for plan in self._plans]
        if min(events) < 100 // percent:
            return None
        found = held_out(
            [self._settings(places) for places in ranked],
            self._settings(None),
            events,
            percent,
            self._goals,
            self._replays,
        )
        order = list(search.tried)
        return {**asdict(found), "points": [1 + order.index(places) for places in ranked]}


def _workers(
    plans: Sequence[Plan], scheduler: str | None, jobs: int, processes: WorkerProcesses | None
) -> Workers:
    if scheduler is None:
        return Here() if jobs == 1 else Processes(jobs, processes)
    from zswap_replay.sweep.cluster import Cluster

    cluster = Cluster.for_plan(scheduler, plans[0])
    for plan in plans[1:]:
        cluster.check(plan)
    return cluster


def _identity(plans: Sequence[Plan], goals: Goals) -> dict[str, Any]:
    """Return what two searches must agree in to share replays; of axes not even their ends."""
    return {
        "traces": [
            {key: value for key, value in identity(plan.manifest).items() if key != "axes"} for plan in plans
        ],
        "objectives": [str(figure) for figure in goals.figures],
    }


def _inputs(traces: Sequence[str], options: Sequence[Option]) -> list[str]:
    """Return the files that the points read."""
    values = (str(value) for option in options if option.name in FILE_SETTINGS for value in option.values)
    return [file for trace in traces for file in trace_files(trace)] + files_named(values)


def _ignored(_text: str) -> None:
    """Drop a remark."""
