"""Memory that each memcg saved over the time of the snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from zswap_replay.result.numbers import Numbers
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.units import PAGE_SIZE

_Values = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Saved:
    """Memory that a memcg saved, in bytes: what its entries are less their compressed bytes."""

    mean: int
    """Over the time of the snapshots."""
    peak: int


@dataclass(slots=True)
class _Course:
    """What one memcg saved so far."""

    now: int = 0
    since: int = 0
    """When it came to be as much, at which the sum ends."""
    twice_sum: int = 0
    """Twice the sum of bytes times ns, which is whole."""
    peak: int | None = None


@dataclass(slots=True)
class _Courses:
    """What all memcgs saved so far, by path."""

    by_path: dict[str, _Course] = field(default_factory=dict)
    began: int | None = None
    before: int = 0
    """When the snapshot before was taken."""

    def take(self, time_ns: int, changed: Mapping[str, int], gone: Sequence[str]) -> None:
        """Take the next snapshot: what is other than in the one before, and the memcgs that are not there now."""
        if self.began is None:
            self.began = self.before = time_ns
        for path in gone:
            course = self.by_path[path]
            course.twice_sum += 2 * course.now * (self.before - course.since)
            course.now, course.since = 0, self.before
        for path, saved in changed.items():
            course = self.by_path.get(path) or self.by_path.setdefault(path, _Course(since=self.before))
            course.twice_sum += 2 * course.now * (self.before - course.since)
            course.twice_sum += (course.now + saved) * (time_ns - self.before)
            course.now, course.since = saved, time_ns
            course.peak = saved if course.peak is None else max(course.peak, saved)
        self.before = time_ns

    def saved(self, path: str) -> Saved:
        """Return what a memcg saved that is there at the last snapshot."""
        course = self.by_path[path]
        duration = self.before - (self.before if self.began is None else self.began)
        total = course.twice_sum + 2 * course.now * (self.before - course.since)
        mean = round(Fraction(total, 2 * duration)) if duration else course.now
        assert course.peak is not None
        return Saved(mean, course.peak)


def saved_by_memcg(snapshots: Sequence[Snapshot]) -> dict[str, Saved]:
    """Tell what each memcg of the last snapshot saved, with its descendants, as the snapshots show it.

    Between two snapshots the mean is that of the two; where all are at one time, the last one's counts.
    """
    courses = _Courses()
    last: Mapping[str, int] = {}
    steps = _packed(snapshots) if isinstance(snapshots, PackedSnapshots) else _plain(snapshots)
    for time_ns, saved, changed in steps:
        gone = [] if saved is last else [path for path in last if path not in saved]
        courses.take(time_ns, changed, gone)
        last = saved
    return {path: courses.saved(path) for path in last}


def _plain(snapshots: Sequence[Snapshot]) -> Iterator[tuple[int, Mapping[str, int], Mapping[str, int]]]:
    """Yield the time of each snapshot, what each memcg saved then, and those of it that may have changed."""
    for now in snapshots:
        saved = {path: _saved(now, path) for path in now.nodes}
        yield now.time_ns, saved, saved


def _saved(now: Snapshot, path: str) -> int:
    nodes = now.nodes[path]
    return sum(node.get("stored_pages", 0) * PAGE_SIZE - node.get("compressed_bytes", 0) for node in nodes)


def _packed(snapshots: PackedSnapshots) -> Iterator[tuple[int, Mapping[str, int], Mapping[str, int]]]:
    """Yield the same without a look at what has not changed."""
    paths: Sequence[str] = ()
    saved: dict[str, int] = {}
    before: _Values = np.zeros(0, np.int64)
    for now in snapshots.each():
        found = _saved_now(now)
        if now.paths is not paths:
            paths, saved = now.paths, dict(zip(now.paths, found.tolist(), strict=True))
            changed: Mapping[str, int] = saved
        else:
            differ = np.flatnonzero(found != before).tolist()
            changed = {paths[place]: int(found[place]) for place in differ}
            saved.update(changed)
        before = found
        yield now.time_ns, saved, changed


def _saved_now(now: Numbers) -> _Values:
    names, (_, first, end) = now.layout.names["node"], now.layout.parts
    nodes = now.memcgs[:, first:end].reshape(len(now.paths), now.layout.nr_nodes, len(names))
    stored: _Values = nodes[..., names.index("stored_pages")].sum(axis=1)
    compressed: _Values = nodes[..., names.index("compressed_bytes")].sum(axis=1)
    saved: _Values = stored * PAGE_SIZE - compressed
    return saved
