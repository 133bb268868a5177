"""Synthetic traces of one pattern in one memcg, functions of their arguments alone; workload.py has more of both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np

from zswap_replay.errors import SettingsError
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.patterns import ZIPF_BYTES, HotCold, HotScan, Pattern, Scan, Stride, Uniform, Zipf
from zswap_replay.trace.schema import path_fault, with_ancestors
from zswap_replay.trace.writer import TraceWriter, page_rows
from zswap_replay.units import format_size

_CHUNK = 1 << 18
"""Events that are made at a time; the rows depend on it, as pages and writes are drawn by turns."""

_MAX_U64 = (1 << 64) - 1


@dataclass(frozen=True)
class Synthetic:
    """The parameters of a synthetic trace."""

    pages: int = 4096
    """Distinct pages, numbered from 0."""
    events: int = 100_000
    write_share: float = 0.3
    """Share of the events that are writes, 0 to 1."""
    memcg: str = "/a"
    seed: int = 0
    step_ns: int = 1_000
    """Time from one event to the next."""
    skew: float = 1.0
    """zipf: the page of rank r has the weight r ** -skew."""
    hot_share: float = 0.1
    """hot-scan: share of the pages that are hot; half of the events go there, the others scan the rest.

    hot-cold: the same, where the others are spread over the rest.
    """
    hot_weight: float = 0.9
    """hot-cold: share of the events that go to the hot pages."""
    shift_every: int = 20_000
    """hot-cold: events after which other pages are hot; 0: never."""
    shift_by: int = 0
    """hot-cold: pages that the hot part moves on by; 0: as many as are hot."""
    stride: int = 16
    """stride: pages from one access to the next."""


def _pattern(pattern: str, spec: Synthetic, random: np.random.Generator) -> Pattern:
    """Make a pattern whose accesses and writes are drawn from one generator by turns, as they always were."""
    match pattern:
        case "zipf":
            return Zipf(spec.pages, spec.skew, random, random)
        case "uniform":
            return Uniform(spec.pages, random)
        case "scan":
            return Scan(spec.pages)
        case "stride":
            return Stride(spec.pages, spec.stride)
        case "hot-scan":
            return HotScan(spec.pages, spec.hot_share, random, random)
        case _:
            share, weight = spec.hot_share, spec.hot_weight
            return HotCold(
                spec.pages, share, weight, spec.shift_every, spec.shift_by, (random, random, random)
            )


OF_SOME_PATTERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "skew": ("zipf",),
        "hot_share": ("hot-scan", "hot-cold"),
        "hot_weight": ("hot-cold",),
        "shift_every": ("hot-cold",),
        "shift_by": ("hot-cold",),
        "stride": ("stride",),
    }
)
"""Parameters that not all patterns have, and the patterns that do."""

PATTERNS = ("zipf", "uniform", "scan", "hot-scan", "stride", "hot-cold")
"""The patterns by name.

Zipf-distributed, uniformly random, sequential round and round, hot pages mixed with a scan, every n-th page, and a hot
part that moves on.
"""


def generate(
    pattern: str,
    spec: Synthetic,
    output: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a synthetic trace, in chunks, and return its number of rows.

    ``progress`` is told the events written and the events in all.

    Raises SettingsError: no such pattern, a value that cannot be, or an output that exists where not `overwrite`;
    TraceError: the output cannot be written.
    """
    if pattern not in PATTERNS:
        raise SettingsError(f"no pattern {pattern!r}: expected {', '.join(PATTERNS)}")
    _check_spec(pattern, spec)
    random = np.random.Generator(np.random.PCG64(spec.seed))
    others = {name for name, patterns in OF_SOME_PATTERNS.items() if pattern not in patterns}
    settings = ", ".join(f"{key} {value}" for key, value in asdict(spec).items() if key not in others)
    metadata = TraceMetadata(origin=f"synthetic {pattern}: {settings}")
    with TraceWriter(output, metadata, overwrite=overwrite) as writer:
        memcgs = TraceBuilder(step_ns=0)
        for path in with_ancestors(spec.memcg):
            memcgs.memcg_create(path)
        writer.write(memcgs.table())
        made = 0
        accesses = _pattern(pattern, spec, random)
        for length in _chunk_lengths(spec.events):
            pages = accesses.take(length)
            time_ns = np.arange(made, made + len(pages), dtype=np.uint64) * np.uint64(spec.step_ns)
            # WRITE is READ + 1.
            event = (random.random(len(pages)) < spec.write_share).astype(np.int32)
            writer.write(page_rows(time_ns, event, pages, spec.memcg))
            made += len(pages)
            if progress is not None:
                progress(made, spec.events)
    return writer.rows


def _check_spec(pattern: str, spec: Synthetic) -> None:
    for name in ("pages", "events", "stride"):
        if getattr(spec, name) < 1:
            raise SettingsError(f"{name} is {getattr(spec, name)}: expected 1 or more")
    for name in ("seed", "step_ns", "shift_every", "shift_by"):
        if getattr(spec, name) < 0:
            raise SettingsError(f"{name} is {getattr(spec, name)}: expected 0 or more")
    for name in ("write_share", "hot_share", "hot_weight"):
        if not 0 <= getattr(spec, name) <= 1:
            raise SettingsError(f"{name} is {getattr(spec, name)}: expected a share from 0 to 1")
    if not np.isfinite(spec.skew) or spec.skew < 0:
        raise SettingsError(f"skew is {spec.skew}: expected 0 or more")
    if spec.pages > _MAX_U64:
        raise SettingsError(f"pages is {spec.pages}: expected at most {_MAX_U64}")
    steps = max(spec.events - 1, 1)
    if steps * spec.step_ns > _MAX_U64:
        raise SettingsError(
            f"step_ns is {spec.step_ns}: {spec.events:,} events would end at {steps * spec.step_ns} ns; "
            f"expected a step of at most {_MAX_U64 // steps}, so that the clock ends by {_MAX_U64}"
        )
    needed, free = spec.pages * ZIPF_BYTES, available_memory()
    if pattern == "zipf" and needed > free:
        raise SettingsError(
            f"pages is {spec.pages:,}: zipf keeps {ZIPF_BYTES} bytes for each, {format_size(needed)}; "
            f"expected what fits in memory, of which {format_size(free)} are free"
        )
    wrong = path_fault(spec.memcg)
    if wrong:
        raise SettingsError(
            f"memcg {spec.memcg!r} is no path ({wrong}): expected one from the root, such as /a"
        )


def _chunk_lengths(events: int) -> Iterator[int]:
    for first in range(0, events, _CHUNK):
        yield min(_CHUNK, events - first)
