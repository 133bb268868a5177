"""The bench on which tests replay small traces, with contents of known length."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.where import where
from zswap_replay.codec.lengths_file import write_lengths
from zswap_replay.machine.machine import Machine
from zswap_replay.mm.releases import RELEASES
from zswap_replay.replay.loop import Replay, replay
from zswap_replay.result.numbers import Numbers
from zswap_replay.result.packed import PackedSnapshots
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.settings import Settings
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.reader import open_trace

# Contents of known length: the first of a run of RUN each.
RUN = 4000
FULL = 0
"""4088 bytes: one page of zsmalloc, or of a limit, for each."""
HALF = 10_000
"""2040 bytes: two share a page."""
REFUSED = 20_000
ZERO = 30_000
SAME = 40_000

EVERY_RELEASE = tuple(RELEASES)
PER_MEMCG = tuple(name for name, release in RELEASES.items() if release.lru_per_memcg)
MS = 1_000_000
"""From one event of a TraceBuilder to the next, in nanoseconds."""


def save_lengths(path: Path, run: int = RUN) -> None:
    """A file of the contents above, ``run`` of each."""
    rows = [(FULL, 4088, None), (HALF, 2040, None), (REFUSED, 0, None), (ZERO, 30, 0), (SAME, 60, 7)]
    write_lengths(
        path,
        np.concatenate([np.arange(first, first + run, dtype=np.uint64) for first, _, _ in rows]),
        np.repeat(np.array([length for _, length, _ in rows], np.int32), run),
        [fill for _, _, fill in rows for _ in range(run)],
    )


@dataclass
class Bench:
    """Replays traces in a folder of its own, with the lengths above where no other payload is set."""

    folder: Path
    saved: int = 0
    notes: list[str] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    """After a replay: where the pages that were asked for are, by the label of the snapshot and the memcg."""

    def save(self, trace: TraceBuilder, metadata: TraceMetadata | None = None, **options: int) -> str:
        self.saved += 1
        name = self.folder / f"{self.saved}.parquet"
        trace.save(name, metadata, **options)
        return str(name)

    def settings(self, **settings: Any) -> Settings:
        if not {"lengths", "payload_file", "recipe"} & settings.keys():
            settings["lengths"] = str(self.folder / "lengths.parquet")
            if not Path(settings["lengths"]).exists():
                save_lengths(Path(settings["lengths"]))
        return Settings(**settings)

    def replay(
        self,
        trace: TraceBuilder,
        *,
        metadata: TraceMetadata | None = None,
        strict: bool = False,
        interval_ns: int = 0,
        follow: Callable[[Settings, PackedSnapshots], None] | None = None,
        **settings: Any,
    ) -> Result:
        return replay(
            self.save(trace, metadata),
            self.settings(**settings),
            strict=strict,
            interval_ns=interval_ns,
            notes=self.notes.append,
            follow=follow,
        )

    def end(self, trace: TraceBuilder, **settings: Any) -> Snapshot:
        return self.replay(trace, **settings).end

    def machine(self, trace: TraceBuilder, **settings: Any) -> Machine:
        """The machine after a replay."""
        path = self.save(trace)
        running = Replay(open_trace(path), path, self.settings(**settings), self.notes.append)
        running.result(0, None, lambda *_: None)
        return running.machine

    def watched(self, trace: TraceBuilder, wanted: Iterable[tuple[str, int, int]], **settings: Any) -> Result:
        """Also keeps where pages were at each snapshot of the trace: ``wanted`` are memcgs, first pages, counts."""
        path = self.save(trace)
        running = Replay(open_trace(path), path, self.settings(**settings), self.notes.append)

        def watch(numbers: Numbers) -> None:
            for memcg, first, count in wanted:
                self.pages[f"{numbers.label} {memcg}"] = where(running, memcg, first, count)

        running.watch = watch
        return running.result(0, None, lambda *_: None)


def stored(memcg: str, first: int, count: int, content: int = FULL, **more: int) -> TraceBuilder:
    """The beginning of a trace: pages are written and paged out, an event for each store."""
    return store(TraceBuilder(), memcg, first, count, content, **more)


def store(
    trace: TraceBuilder, memcg: str, first: int, count: int, content: int = FULL, **more: int
) -> TraceBuilder:
    trace.write(memcg, first, count=count, content=content + first, **more)
    for page in range(first, first + count):
        trace.pageout(memcg, page)
    return trace
