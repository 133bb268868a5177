"""What the accesses of a trace do over time: windows, reuse distances, and what each memcg would hold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zswap_replay.lib.stack_distance import NR_WINDOWS, StackDistances
from zswap_replay.trace.batch import Batch
from zswap_replay.trace.reuse import Reuse
from zswap_replay.trace.schema import ROOT, Event, parent_path
from zswap_replay.trace.timeline import Timeline

MOST_PAGES = 1 << 20
"""Pages that are followed at most by default, 4 GiB; a trace that touches more is sampled."""


@dataclass
class MemcgUse:
    """What a memcg does and is told: the accesses of its own pages, the most it would hold, and its limits."""

    reads: int = 0
    writes: int = 0
    peak_pages: int = 0
    """Most pages allocated at one time, those of the memcgs below it included, were nothing reclaimed."""
    limits: dict[str, int] = field(default_factory=dict)
    """The last value of each knob that the trace writes, UNLIMITED for ``max``."""
    limit_writes: dict[str, int] = field(default_factory=dict)
    """How often the trace writes to each."""


@dataclass(frozen=True)
class TraceProfile:
    """Accesses of a trace, in all and over time. Where `reuse` is sampled, pages are estimates."""

    reads: int
    writes: int
    memcgs: dict[str, MemcgUse]
    memcg: str
    """The memcg whose accesses, with those of the memcgs below it, `timeline` and `reuse` are of."""
    timeline: Timeline
    reuse: Reuse


class Profiler:
    """The making of a profile from the batches of a trace, in their order; memory is bounded by `most_pages`."""

    def __init__(self, paths: list[str], *, memcg: str = ROOT, most_pages: int = MOST_PAGES) -> None:
        """Begin with the paths of a reader, which grow while it reads."""
        self._paths = paths
        self._memcg = memcg
        self._ids: dict[str, int] = {}
        self._uses: list[MemcgUse] = []
        self._stack = StackDistances(most_pages)
        self._width = 1
        self._reads = np.zeros(NR_WINDOWS, np.uint64)
        self._writes = np.zeros(NR_WINDOWS, np.uint64)

    def watch(self, batch: Batch) -> None:
        """Take in the next batch."""
        if not len(batch):
            return
        self._add_memcgs()
        stack = self._stack
        stack.enter_window(int(batch.time_ns[0]))
        time_ns, event, memcg = batch.time_ns.data, batch.event.data, batch.memcg.data
        page, count = batch.page.data, batch.count.data
        done = 0
        for control in batch.controls:
            if control.event is Event.MEMCG_CREATE:
                stack.feed(time_ns, event, memcg, page, count, done, control.row)
                stack.restart(control.memcg)
                done = control.row
            elif control.event is Event.MEMCG_SET and control.key is not None:
                assert isinstance(control.value, int)
                use = self._uses[control.memcg]
                use.limits[control.key] = control.value
                use.limit_writes[control.key] = use.limit_writes.get(control.key, 0) + 1
        stack.feed(time_ns, event, memcg, page, count, done, len(batch))
        stack.enter_window(int(batch.time_ns[-1]))
        self._count(batch)

    def profile(self) -> TraceProfile:
        """Return what was seen."""
        self._add_memcgs()
        stack = self._stack
        for memcg, use in enumerate(self._uses):
            use.peak_pages = int(stack.peak[memcg])
        counts = np.asarray(stack.distance, np.uint64)
        used = np.flatnonzero(counts)
        accesses = int(self._reads.sum()) + int(self._writes.sum())
        reuse = Reuse(accesses, int(stack.cold), stack.level, counts[: used[-1] + 1 if len(used) else 0])
        return TraceProfile(
            reads=sum(use.reads for use in self._uses),
            writes=sum(use.writes for use in self._uses),
            memcgs=dict(zip(self._paths, self._uses, strict=True)),
            memcg=self._memcg,
            timeline=self._timeline(),
            reuse=reuse,
        )

    def _add_memcgs(self) -> None:
        for path in self._paths[len(self._uses) :]:
            parent = -1 if path == ROOT else self._ids[parent_path(path)]
            self._ids[path] = len(self._uses)
            self._uses.append(MemcgUse())
            asked = self._memcg == ROOT or path == self._memcg or path.startswith(f"{self._memcg}/")
            self._stack.add_space(parent, int(asked))

    def _count(self, batch: Batch) -> None:
        """Count the accesses by memcg, and by window those that are asked for."""
        while self._width < self._stack.window_ns:
            self._width *= 10
            self._reads, self._writes = _folded(self._reads), _folded(self._writes)
        memcgs = len(self._uses)
        asked = np.array([self._stack.is_asked(memcg) for memcg in range(memcgs)], np.bool_)
        for event, totals, name in (
            (Event.READ, self._reads, "reads"),
            (Event.WRITE, self._writes, "writes"),
        ):
            rows = np.flatnonzero(batch.event == event)
            if not len(rows):
                continue
            memcg, count = batch.memcg[rows], batch.count[rows].astype(np.uint64)
            for each, found in _sums(memcg, count):
                setattr(self._uses[each], name, getattr(self._uses[each], name) + found)
            of_asked = asked[memcg]
            elapsed = batch.time_ns[rows][of_asked] - np.uint64(self._stack.start_ns)
            window = (elapsed // np.uint64(self._stack.window_ns)).astype(np.intp)
            np.add.at(totals, window, count[of_asked])

    def _timeline(self) -> Timeline:
        stack = self._stack
        used = stack.window + 1 if stack.started else 0
        fresh = np.asarray(stack.fresh, np.uint64).reshape(NR_WINDOWS, NR_WINDOWS + 1)
        return Timeline(
            int(stack.start_ns),
            int(stack.window_ns),
            self._reads[:used],
            self._writes[:used],
            fresh[:used, : used + 1],
        )


def _folded(totals: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Sum each ten of the windows."""
    folded = np.zeros_like(totals)
    folded[: NR_WINDOWS // 10] = totals.reshape(-1, 10).sum(axis=1)
    return folded


def _sums(keys: npt.NDArray[np.int32], values: npt.NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Return each key with the sum of its values."""
    if keys[0] == keys.min() == keys.max():
        return [(int(keys[0]), int(values.sum()))]
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    starts = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), keys[1:] != keys[:-1])))
    return list(zip(keys[starts].tolist(), np.add.reduceat(values, starts).tolist(), strict=True))
