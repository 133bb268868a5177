"""The caches that people would take otherwise: libCacheSim's, over a trace in its own format, and cachetools'."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from benchmarks.accesses import Pages

ABSENT = "libcachesim is not installed"
ABSENT_CACHETOOLS = "cachetools is not installed"


def installed() -> bool:
    """Tell whether libCacheSim is installed."""
    return find_spec("libcachesim") is not None


def cachetools_installed() -> bool:
    """Tell whether cachetools is installed."""
    return find_spec("cachetools") is not None


@dataclass
class Peer:
    """A cache of libCacheSim that holds half of the pages.

    ``policy`` is the name of its class; ``hashpower`` sizes its hash table, by default for None.
    """

    path: Path
    pages: int
    policy: str
    hashpower: int | None
    hit_rates: set[float] = field(default_factory=set)

    def replay(self) -> float:
        """Time the accesses alone, in seconds."""
        return self._seconds(opening=False)

    def open_and_replay(self) -> float:
        """Time opening the file and the accesses, in seconds."""
        return self._seconds(opening=True)

    def _seconds(self, *, opening: bool) -> float:
        import libcachesim

        start = perf_counter()
        reader = libcachesim.TraceReader(str(self.path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
        opened = perf_counter()
        table = {} if self.hashpower is None else {"hashpower": self.hashpower}
        cache = getattr(libcachesim, self.policy)(self.pages // 2, **table)
        begun = perf_counter()
        miss_rate, _ = cache.process_trace(reader)
        end = perf_counter()
        self.hit_rates.add(1 - miss_rate)
        return end - begun + (opened - start if opening else 0)


def cachetools_seconds(pages: Pages, size: int) -> float:
    """Time cachetools' LRU cache of ``size`` pages on some accesses, in seconds."""
    from cachetools import LRUCache

    cache: LRUCache[int, bool] = LRUCache(size)
    accessed = pages.tolist()
    start = perf_counter()
    for page in accessed:
        try:
            cache[page]
        except KeyError:
            cache[page] = True
    return perf_counter() - start
