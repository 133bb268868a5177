"""Synthetic traces, each a function of its arguments alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from zswap_replay.errors import SettingsError
from zswap_replay.lib.host_memory import available_memory
from zswap_replay.trace.builder import TraceBuilder
from zswap_replay.trace.metadata import TraceMetadata
from zswap_replay.trace.schema import path_fault, with_ancestors
from zswap_replay.trace.writer import TraceWriter, page_rows
from zswap_replay.units import format_size

_CHUNK = 1 << 18
"""Events that are made at a time."""

_MAX_U64 = (1 << 64) - 1

_ZIPF_BYTES = 32
"""Memory that zipf takes for a page: its weight, twice, and its place, twice."""

_Pages = npt.NDArray[np.uint64]


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
    """hot-scan: share of the pages that are hot; half of the events go there, the others scan the rest."""


def _zipf(spec: Synthetic, random: np.random.Generator) -> Iterator[_Pages]:
    weights = np.arange(1, spec.pages + 1, dtype=np.float64) ** -spec.skew
    cumulated = np.cumsum(weights)
    cumulated /= cumulated[-1]
    # Ranks are spread over the page numbers; otherwise the hot pages would all be neighbours.
    page_of_rank = random.permutation(spec.pages).astype(np.uint64)
    for length in _chunk_lengths(spec.events):
        ranks = np.searchsorted(cumulated, random.random(length), side="right").clip(max=spec.pages - 1)
        yield page_of_rank[ranks]


def _uniform(spec: Synthetic, random: np.random.Generator) -> Iterator[_Pages]:
    for length in _chunk_lengths(spec.events):
        yield random.integers(0, spec.pages, length, dtype=np.uint64)


def _scan(spec: Synthetic, random: np.random.Generator) -> Iterator[_Pages]:
    first = 0
    for length in _chunk_lengths(spec.events):
        yield np.arange(first, first + length, dtype=np.uint64) % np.uint64(spec.pages)
        first += length


def _hot_scan(spec: Synthetic, random: np.random.Generator) -> Iterator[_Pages]:
    hot = min(max(1, round(spec.pages * spec.hot_share)), spec.pages)
    cold = spec.pages - hot
    scanned = 0
    for length in _chunk_lengths(spec.events):
        pages = random.integers(0, hot, length, dtype=np.uint64)
        scan = np.flatnonzero(random.random(length) < 0.5) if cold else np.empty(0, np.intp)
        if cold:
            pages[scan] = hot + np.arange(scanned, scanned + len(scan), dtype=np.uint64) % np.uint64(cold)
        scanned += len(scan)
        yield pages


PATTERNS: Mapping[str, Callable[[Synthetic, np.random.Generator], Iterator[_Pages]]] = MappingProxyType(
    {"zipf": _zipf, "uniform": _uniform, "scan": _scan, "hot-scan": _hot_scan}
)
"""The patterns by name: Zipf-distributed, uniformly random, sequential round and round, hot pages mixed with a scan."""


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
    settings = ", ".join(f"{key} {value}" for key, value in asdict(spec).items())
    metadata = TraceMetadata(origin=f"synthetic {pattern}: {settings}")
    with TraceWriter(output, metadata, overwrite=overwrite) as writer:
        memcgs = TraceBuilder(step_ns=0)
        for path in with_ancestors(spec.memcg):
            memcgs.memcg_create(path)
        writer.write(memcgs.table())
        made = 0
        for pages in PATTERNS[pattern](spec, random):
            time_ns = np.arange(made, made + len(pages), dtype=np.uint64) * np.uint64(spec.step_ns)
            # WRITE is READ + 1.
            event = (random.random(len(pages)) < spec.write_share).astype(np.int32)
            writer.write(page_rows(time_ns, event, pages, spec.memcg))
            made += len(pages)
            if progress is not None:
                progress(made, spec.events)
    return writer.rows


def _check_spec(pattern: str, spec: Synthetic) -> None:
    for name in ("pages", "events"):
        if getattr(spec, name) < 1:
            raise SettingsError(f"{name} is {getattr(spec, name)}: expected 1 or more")
    for name in ("seed", "step_ns"):
        if getattr(spec, name) < 0:
            raise SettingsError(f"{name} is {getattr(spec, name)}: expected 0 or more")
    for name in ("write_share", "hot_share"):
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
    needed, free = spec.pages * _ZIPF_BYTES, available_memory()
    if pattern == "zipf" and needed > free:
        raise SettingsError(
            f"pages is {spec.pages:,}: zipf keeps {_ZIPF_BYTES} bytes for each, {format_size(needed)}; "
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
