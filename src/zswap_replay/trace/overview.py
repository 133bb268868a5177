"""All that `trace info` and the report of a trace show: metadata, totals, and what the accesses do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from zswap_replay.errors import SettingsError
from zswap_replay.trace.info import TraceInfo, describe
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.profile import MOST_PAGES, MemcgUse, Profiler, TraceProfile
from zswap_replay.trace.reader import TraceReader
from zswap_replay.trace.schema import ROOT, parent_path, path_fault
from zswap_replay.units import PAGE_SIZE, UNLIMITED

MOST_WINDOWS = 100
"""Windows of time in JSON and in the report."""


@dataclass(frozen=True)
class Overview:
    """A trace as it is shown to people and programs."""

    name: str
    metadata: TraceMetadata
    files: int
    info: TraceInfo
    profile: TraceProfile
    sha256: str
    xxh3: str
    """The fast digest of the rows, which results of long traces have alone."""

    @property
    def span_ns(self) -> int:
        """Time from the first row to the last."""
        return self.info.last_ns - self.info.first_ns

    def per_second(self, number: int) -> float | None:
        """Return how many of `number` things there are a second; None where the trace takes no time."""
        return number * 1e9 / self.span_ns if self.span_ns else None

    def as_json(self) -> dict[str, Any]:
        """Return the whole as JSON: integers, but for rates and shares; times in nanoseconds, ``max`` for no limit."""
        info, profile, reuse = self.info, self.profile, self.profile.reuse
        return {
            "trace": self.name,
            "schema": self.metadata.schema,
            "metadata": {
                name: str(value) if isinstance(value, Fraction) else value
                for name, value in asdict(self.metadata).items()
                if name != "schema"
            },
            "files": self.files,
            "rows": info.rows,
            "sha256": self.sha256,
            "xxh3": self.xxh3,
            "events": info.events,
            "time": {
                "first_ns": info.first_ns,
                "last_ns": info.last_ns,
                "span_ns": self.span_ns,
                "rows_per_second": self.per_second(info.rows),
                "accesses_per_second": self.per_second(profile.reads + profile.writes),
            },
            "reads": profile.reads,
            "writes": profile.writes,
            "pages": info.pages,
            "snapshots": info.snapshots,
            "memcgs": [
                {
                    "path": memcg.path,
                    "parent": None if memcg.path == ROOT else parent_path(memcg.path),
                    "page_events": memcg.page_events,
                    "pages": memcg.pages,
                    **_use(profile.memcgs[memcg.path]),
                }
                for memcg in info.memcgs
            ],
            "memcg": profile.memcg,
            "working_set": {
                "window_ns": profile.timeline.width_ns(MOST_WINDOWS),
                "windows": [asdict(window) for window in profile.timeline.windows(MOST_WINDOWS)],
            },
            "reuse_distances": {
                "accesses": reuse.accesses,
                "cold": reuse.cold,
                "sampled": reuse.sampled,
                "sample_rate": 1 / (1 << reuse.level),
                "distances": [
                    {"from": first, "to": last, "accesses": found} for first, last, found in reuse.buckets()
                ],
            },
            "miss_ratio_curve": [
                {"pages": pages, "bytes": pages * PAGE_SIZE, "miss_ratio": ratio}
                for pages, ratio in reuse.curve()
            ],
        }


def _use(use: MemcgUse) -> dict[str, Any]:
    return {
        "reads": use.reads,
        "writes": use.writes,
        "peak_pages": use.peak_pages,
        "limits": limits_text(use.limits),
        "limit_writes": use.limit_writes,
    }


def limits_text(limits: Mapping[str, int]) -> dict[str, int | str]:
    """Return the values of knobs, ``max`` where there is no limit."""
    return {key: "max" if value == UNLIMITED else value for key, value in limits.items()}


def overview(
    name: str,
    reader: TraceReader,
    progress: Callable[[int, int], None] | None = None,
    *,
    memcg: str = ROOT,
    most_pages: int = MOST_PAGES,
) -> Overview:
    """Read a whole trace once and return all that is shown of it.

    `memcg` chooses whose accesses the windows and reuse distances are of; up to `most_pages` pages all are followed,
    and of more a sample. `progress` is told the rows read and the rows in all.

    Raises TraceError as the reader does. SettingsError: the trace names no such memcg.
    """
    wrong = path_fault(memcg)
    if wrong:
        raise SettingsError(
            f"memcg {memcg!r} is no path ({wrong}): expected a path from the root, such as /web"
        )
    profiler = Profiler(reader.paths, memcg=memcg, most_pages=most_pages)
    info = describe(reader, progress, profiler.watch)
    if memcg not in reader.paths:
        known = ", ".join(reader.paths[1:6])
        raise SettingsError(
            f"{name}: found no memcg {memcg}; expected one that the trace names: {known or ROOT}"
        )
    return Overview(
        name, reader.metadata, len(reader.files), info, profiler.profile(), reader.sha256(), reader.xxh3()
    )
