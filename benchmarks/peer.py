"""libCacheSim's LRU over a trace in its own binary format."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

ABSENT = "libcachesim is not installed"


def installed() -> bool:
    """Tell whether libCacheSim is installed."""
    return find_spec("libcachesim") is not None


@dataclass
class PeerLru:
    """An LRU cache that holds half of the pages; ``hashpower`` sizes its hash table, by default for None."""

    path: Path
    pages: int
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
        cache = libcachesim.LRU(self.pages // 2, **table)
        begun = perf_counter()
        miss_rate, _ = cache.process_trace(reader)
        end = perf_counter()
        self.hit_rates.add(1 - miss_rate)
        return end - begun + (opened - start if opening else 0)
