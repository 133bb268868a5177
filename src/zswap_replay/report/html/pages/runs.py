"""Results side by side, and the values of their snapshots that charts show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from zswap_replay.report.html.pages.content import LegendKey
from zswap_replay.report.html.text import slug
from zswap_replay.result.by_name import tree_order
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot

MIB = 1 << 20
REJECTS = {
    "memcg_limit_reject": "limit of a memcg",
    "pool_limit_reject": "limit of the pool",
    "compress_reject": "compressed length",
}
"""The counters of refused stores by cause, and the causes' names in a title."""

MemcgValue = Callable[[Snapshot, str], int | None]
"""The value of a memcg at a snapshot that a chart shows; None where the memcg does not exist."""

_LEAST_SNAPSHOTS = 3
"""Fewer snapshots make no line over time."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The results of a report with the names that tell them apart."""

    labels: Sequence[str]
    results: Sequence[Result]

    def __iter__(self) -> Iterator[tuple[int, str, Result]]:
        return (
            (slot, label, result)
            for slot, (label, result) in enumerate(zip(self.labels, self.results, strict=True))
        )

    def __len__(self) -> int:
        return len(self.results)

    @property
    def over_time(self) -> bool:
        """Whether there are snapshots enough for lines."""
        return max(len(result.snapshots) for result in self.results) >= _LEAST_SNAPSHOTS

    def legend(self) -> tuple[LegendKey, ...]:
        """Return a key for each run; none where there is only one run."""
        return tuple(LegendKey(label, slot) for slot, label, _r in self) if len(self) > 1 else ()

    def name(self, label: str) -> str:
        """Return the name of a run's bar: its label, or nothing where there is only one run."""
        return label if len(self) > 1 else ""

    def paths(self) -> list[str]:
        """Return the memcgs of all snapshots, in the order of the tree; the root only where there is no other."""
        found = dict.fromkeys(
            path for result in self.results for now in result.snapshots for path in now.replay_memcg
        )
        return tree_order([path for path in found if path != "/"] or found)

    @property
    def until(self) -> float:
        """Seconds of the trace at the last snapshot of any run."""
        return max(result.end.time_ns for result in self.results) / 1e9

    def chosen(self, most: int, value: MemcgValue, *, at_end: bool = False) -> Chosen:
        """Choose the ``most`` memcgs with the greatest values at any snapshot, or at the end; none of value 0."""
        paths = self.paths()
        greatest = dict.fromkeys(paths, 0)
        for result in self.results:
            for now in (result.end,) if at_end else result.snapshots:
                for path in paths:
                    greatest[path] = max(greatest[path], value(now, path) or 0)
        active = [path for path in paths if greatest[path] > 0]
        shown = sorted(active, key=lambda path: -greatest[path])[:most]
        return Chosen(tree_order(shown), len(active), len(paths))


@dataclass(frozen=True, slots=True)
class Chosen:
    """The memcgs that a section shows, in the order of the tree, out of those that have something to show."""

    paths: Sequence[str]
    active: int
    every: int

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def said(self, intro: str, nothing: str) -> str:
        """Return ``intro`` and which memcgs are not shown; ``nothing`` where no memcg is shown."""
        if not self.paths:
            return nothing
        if len(self) < self.active:
            return f"{intro} Shown are the {len(self)} memcgs with most, of {self.every:,}; the table below has all."
        rest = self.every - self.active
        if not rest:
            return intro
        return f"{intro} The other {f'{rest:,} memcgs have' if rest > 1 else 'memcg has'} none."


def activity(now: Snapshot, path: str) -> int:
    """Return the number of writebacks and refused stores of a memcg, by which the busiest are chosen."""
    return (writebacks(now, path) or 0) + (rejects(now, path) or 0)


def writebacks(now: Snapshot, path: str) -> int | None:
    """Return the number of pages of a memcg that were written back; None where it does not exist."""
    return now.replay_memcg.get(path, {}).get("written_back_pages")


def rejects(now: Snapshot, path: str) -> int | None:
    """Return the number of stores of a memcg that were refused; None where it does not exist."""
    values = now.replay_memcg.get(path)
    return None if values is None else sum(values.get(name, 0) for name in REJECTS)


def pool_size(now: Snapshot) -> int:
    """Return the bytes of memory that the pool takes."""
    return now.zswap.get("pool_total_size", 0) + now.zram.get("mem_used_total", 0)


def file_name(place: int, path: str) -> str:
    """Return the part of a chart's name that stands for the memcg at ``place``."""
    return f"{place + 1}-{slug(path) or 'root'}"[:60]
