"""Results side by side: plain lines, each with a value for each result, for any renderer."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from zswap_replay.compare.comparable import (
    Contrast,
    differing_settings,
    obstacles,
    other_workload,
)
from zswap_replay.compare.expected import by_label
from zswap_replay.result.by_name import CounterName, tree_order, value_of
from zswap_replay.result.cost_profile import CostProfile
from zswap_replay.result.counters import COUNTERS, MACHINE, PER_MEMCG, Better, Group
from zswap_replay.result.derived import DECIDING, DERIVED, OF_MEMCG
from zswap_replay.result.marks import Mark, marks_of, may_be_best
from zswap_replay.result.ranges import Range
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import listed

MATTERS: Final = "what matters"
"""The section of the lines that are there whether they differ or not."""

CODEC_SECONDS: Final = "codec_seconds"
"""The line of the wall clock; it alone may differ between equal replays."""

_WEIGHTS: Final = {
    name: counter.weight for group in PER_MEMCG for name, counter in COUNTERS[group].items() if counter.weight
}
"""The counters of a memcg that come first in its section; the others follow in the order of ``COUNTERS``."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of all results, None in those that do not have it; ``memcg`` is None for the whole machine."""

    section: str
    memcg: str | None
    name: str
    unit: str
    better: Better | None
    values: tuple[int | float | None, ...]
    place: CounterName
    """What the figure is called wherever counters are named."""
    ranges: tuple[Range | None, ...] = ()
    """By result, how far the value depends on when the shrink worker runs; None, or absent, where that is not known."""
    barred: frozenset[int] = frozenset()
    """The places of results that are never the best: see ``Comparison.barred``."""

    @property
    def differs(self) -> bool:
        """Whether not all results have the same value; a counter that a release lacks is like one that is 0 there."""
        return len({value or 0 for value in self.values}) > 1

    def of(self, places: Sequence[int]) -> Line:
        """Keep the values of some of the results, by place."""
        barred = frozenset(now for now, place in enumerate(places) if place in self.barred)
        return replace(
            self,
            values=tuple(self.values[place] for place in places),
            ranges=tuple(self.ranges[place] for place in places if self.ranges),
            barred=barred,
        )

    @property
    def winner(self) -> int | None:
        """The place of the best value; None where nothing is better, or it is not the best whatever the scheduler does.

        That is where another result has the same value, or a range that reaches the best one's. Results that are barred
        do not count: what their settings spare the swap device is no merit of theirs.
        """
        best = self.best
        if best is None:
            return None
        sign = 1 if self.better == "lower" else -1
        others = [place for place in self._known() if place != best]
        worst = max(sign * end for end in self._ends(best))
        return best if all(min(sign * end for end in self._ends(place)) > worst for place in others) else None

    def _known(self) -> dict[int, int | float]:
        """Return the values that may be the best, by place."""
        return {
            place: value
            for place, value in enumerate(self.values)
            if value is not None and place not in self.barred
        }

    @property
    def best(self) -> int | None:
        """The place of the best value, ranges apart; None where nothing is better, or more than one result has it."""
        known = self._known()
        if self.better is None or len(known) < 2:
            return None
        best = min(known.values()) if self.better == "lower" else max(known.values())
        having = [place for place, value in known.items() if value == best]
        return having[0] if len(having) == 1 else None

    def _ends(self, place: int) -> list[int | float]:
        """Return the value at a place, and the ends of its range."""
        ends = (self.ranges[place] if self.ranges else None) or ()
        return [value for value in (self.values[place], *ends) if value is not None]

    def relative(self, place: int) -> float | None:
        """Tell how far a value is from the first one, as a share of that; None where that is 0 or either is absent."""
        first, value = self.values[0], self.values[place]
        return None if not first or value is None else (value - first) / abs(first)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some results, by their labels: why they may not be comparable, their settings, and the lines.

    ``memcgs`` and ``snapshots`` are those that differ and of which there are no lines: memcgs that were not asked for,
    by their paths, and snapshots before the end, by their labels.
    """

    labels: tuple[str, ...]
    obstacles: tuple[Contrast, ...]
    settings: tuple[Contrast, ...]
    lines: tuple[Line, ...]
    memcgs: tuple[str, ...]
    snapshots: tuple[str, ...]
    marks: tuple[tuple[Mark, ...], ...] = ()
    """By result, the reasons not to take its settings for good ones."""
    barred: frozenset[int] = frozenset()
    """The places of results that are the best of no line: for their marks, or for another workload than the first's."""
    without_range: tuple[str, ...] = ()
    """The labels of results that depend on scheduling, and were made without ``--range``."""
    cost_profile: str = ""
    """The name of the cost profile by which time and wear are reckoned; several where results were not priced alike."""

    @property
    def undecided(self) -> tuple[str, ...]:
        """The names of the lines whose best value is inside the range of another."""
        lines = (line for line in self.lines if line.best is not None and line.winner is None)
        return tuple(str(line.place) for line in lines)

    @property
    def equal(self) -> bool:
        """Whether all counters are the same, in every snapshot and memcg; settings and timing apart."""
        lines = any(line.differs for line in self.lines if line.name != CODEC_SECONDS)
        return not (lines or self.memcgs or self.snapshots)


def compare(
    results: Sequence[Result],
    labels: Sequence[str],
    *,
    memcgs: Container[str] = (),
    timing: bool,
    allow_oom: bool = False,
) -> Comparison:
    """Put the last snapshots of some results side by side: what matters first, then the counters that differ.

    After the machine's come the counters that differ of the ``memcgs``. With ``timing`` the time of the codecs is a
    line too, where two results have it. With ``allow_oom`` one may be the best under which a kernel would have killed
    programs.
    """
    manifests = [result.manifest for result in results]
    machine = [line for group in MACHINE for line in _lines(group, None, results) if line.differs]
    differing = {path: lines for path in memcg_paths(results) if (lines := _memcg(path, results))}
    of_memcgs = [line for path, lines in differing.items() if path in memcgs for line in lines]
    marks = tuple(marks_of(result) for result in results)
    barred = frozenset(
        place
        for place, (manifest, found) in enumerate(zip(manifests, marks, strict=True))
        if other_workload((manifests[0], manifest)) or not may_be_best(found, allow_oom=allow_oom)
    )
    every = (*_figures(results, timing=timing), *machine, *of_memcgs)
    return Comparison(
        labels=tuple(labels),
        obstacles=obstacles(manifests),
        settings=differing_settings(manifests),
        lines=tuple(replace(line, barred=barred) for line in every),
        memcgs=tuple(path for path in differing if path not in memcgs),
        snapshots=tuple(_snapshots_that_differ(results)),
        marks=marks,
        barred=barred,
        without_range=tuple(
            label for label, result in zip(labels, results, strict=True) if result.depends_on_scheduling
        ),
        cost_profile=", ".join(dict.fromkeys(result.cost_profile.name for result in results)),
    )


def priced_alike(results: Sequence[Result], profile: CostProfile | None) -> tuple[list[Result], str]:
    """Compute time and wear of all results by one cost profile, the first one's where None is given.

    Return them, and a warning where the profile of one was another, which nobody asked to be replaced; else an empty
    text. Raises CostError: a profile that was asked for lacks a compressor.
    """
    if profile is not None:
        return [result.priced(profile) for result in results], ""
    first = results[0].cost_profile
    others = sorted({result.cost_profile.name for result in results if result.cost_profile != first})
    told = f"reckoned by other cost profiles: {listed(others)}; shown by {first.name} (--cost says another)"
    return [result.priced(first, strict=False) for result in results], told if others else ""


def memcg_paths(results: Sequence[Result]) -> list[str]:
    """List the memcgs that are there at the end of any result, parents before their children."""
    return tree_order({path for result in results for path in result.end.memcg})


def _figures(results: Sequence[Result], *, timing: bool) -> Iterator[Line]:
    derived = [result.derived for result in results]
    for figure in DECIDING:
        values = tuple(figures[figure.name] for figures in derived)
        place = CounterName("derived", figure.name)
        yield Line(
            MATTERS,
            None,
            figure.name,
            figure.unit,
            figure.better,
            values,
            place,
            _ranges(place, results),
        )
    seconds = [None if (t := r.timing) is None else round(t.compress + t.decompress, 6) for r in results]
    if timing and len(results) - seconds.count(None) > 1:
        place = CounterName("timing", CODEC_SECONDS)
        yield Line(MATTERS, None, CODEC_SECONDS, "seconds", "lower", tuple(seconds), place)


def _lines(group: Group, memcg: str | None, results: Sequence[Result]) -> Iterator[Line]:
    """Make a line for each counter of a group that any result has."""
    section = group if memcg is None else memcg
    for name, counter in COUNTERS[group].items():
        place = CounterName(group, name, memcg)
        values = tuple(value_of(result.end, place) for result in results)
        if any(value is not None for value in values):
            ranges = _ranges(place, results)
            yield Line(section, memcg, name, counter.unit, counter.better, values, place, ranges)


def _ranges(place: CounterName, results: Sequence[Result]) -> tuple[Range | None, ...]:
    return tuple(None if result.range is None else result.range.get(str(place)) for result in results)


def _memcg(path: str, results: Sequence[Result]) -> list[Line]:
    """Select the counters of a memcg that differ; the kernel's own where the replay has one of the same name."""
    lines: dict[str, Line] = {}
    for group in PER_MEMCG:
        for line in _lines(group, path, results):
            known = lines.setdefault(line.name, line)
            # A release that does not show a counter has it among the replay's.
            if line.values.count(None) < known.values.count(None):
                lines[line.name] = line
    lines |= {line.name: line for line in _costs(path, results)}
    by_weight = sorted(lines.values(), key=lambda line: _WEIGHTS.get(line.name, len(_WEIGHTS) + 1))
    return [line for line in (*by_weight, *_nodes(path, results)) if line.differs]


def _costs(path: str, results: Sequence[Result]) -> Iterator[Line]:
    """Make a line for each figure that a memcg has of its own."""
    found = [result.cost_by_memcg.get(path, {}) for result in results]
    for name in OF_MEMCG:
        figure, place = DERIVED[name], CounterName("cost", name, path)
        values = tuple(each.get(name) for each in found)
        yield Line(path, path, name, figure.unit, figure.better, values, place)


def _nodes(path: str, results: Sequence[Result]) -> Iterator[Line]:
    """Select the counters of a memcg by NUMA node, where a machine has several."""
    several = max(len(result.end.nodes.get(path, ())) for result in results)
    for node in range(several if several > 1 else 0):
        for name, counter in COUNTERS["node"].items():
            place = CounterName("node", name, path, node)
            values = tuple(value_of(result.end, place) for result in results)
            whole, ranges = f"node{node}.{name}", _ranges(place, results)
            yield Line(path, path, whole, counter.unit, counter.better, values, place, ranges)


def _snapshots_that_differ(results: Sequence[Result]) -> Iterator[str]:
    tables = [by_label(result.snapshots[:-1]) for result in results]
    for label in dict.fromkeys(label for table in tables for label in table):
        if _unlike([label in table and _all_counters(table[label]) for table in tables]):
            yield label


def _all_counters(now: Snapshot) -> object:
    of_device = (now.zram, now.meminfo)
    return now.time_ns, now.zswap, now.vmstat, now.replay, now.memcg, now.replay_memcg, now.nodes, of_device


def _unlike(values: Sequence[object]) -> bool:
    return any(value != values[0] for value in values[1:])
