"""The state machine against libCacheSim's LRU, from memory and from files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.accesses import PATTERNS, accesses, joined, write_lengths_of, write_peer_trace, write_trace
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import InMemory, hit_rate, settings
from benchmarks.measure import Action, ratios, take_turns, timed
from benchmarks.peer import ABSENT, PeerLru, installed
from benchmarks.scale import Scale
from zswap_replay import replay
from zswap_replay.result.result import Result

KERNELS = ("patch-v4", "6.12")
PEERS = {"hashpower 20": 20, "default": None}
IN_MEMORY = Target(2.0, at_least=True)
FROM_FILES = Target(1.0, at_least=True)

_MEMORY_HOW = (
    "The machine replays columns of events that lie in memory, with all compressed lengths known; libCacheSim runs "
    "`process_trace` of its LRU on the same accesses in its binary format, opened before. Its cache holds half of the "
    "pages; memory for 72 % of the pages has about the same hits in the model. The ratio is libCacheSim's time by "
    "ours: more is better. `default` is libCacheSim's own size of its hash table."
)
_FILES_HOW = (
    "`replay()` of a Parquet trace, with a file of lengths: opening, reading, checking and the digest of the rows "
    "included. libCacheSim opens and processes its binary trace. Both files have been read before."
)


@dataclass(frozen=True)
class _Pattern:
    """One pattern in all the forms in which it is replayed."""

    name: str
    memory: InMemory
    trace: Path
    lengths: Path
    pages: int
    peers: dict[str, PeerLru]

    @classmethod
    def make(cls, name: str, scale: Scale, folder: Path) -> _Pattern:
        pages = scale.pages(name)
        all_ = joined(accesses(name, pages, scale.accesses))
        trace, known = folder / f"{name}.parquet", folder / f"{name}-lengths.parquet"
        write_trace(trace, accesses(name, pages, scale.accesses), pages)
        write_lengths_of(known, pages)
        binary = folder / f"{name}.oracleGeneral"
        write_peer_trace(binary, all_)
        peers = (
            {label: PeerLru(binary, pages, power) for label, power in PEERS.items()} if installed() else {}
        )
        return cls(name, InMemory(all_, pages), trace, known, pages, peers)

    def from_file(self, kernel: str) -> Result:
        """Replay the file. Raises RuntimeError: the counters are not those of the columns."""
        result = replay(self.trace, settings(self.pages, kernel, str(self.lengths)))
        if result.end.vmstat != self.memory.end[kernel].vmstat:
            raise RuntimeError(f"{self.name}, {kernel}: the trace counts otherwise than its columns")
        return result


def sections(scale: Scale, folder: Path) -> tuple[Section, Section]:
    """Measure both sections; their files are made in ``folder``."""
    memory = Section("State machine, from columns in memory", _MEMORY_HOW)
    files = Section("State machine, from files", _FILES_HOW)
    for name in PATTERNS:
        pattern = _Pattern.make(name, scale, folder)
        _add(
            memory,
            pattern,
            scale,
            {kernel: partial(pattern.memory.replay, kernel) for kernel in KERNELS},
            PeerLru.replay,
            IN_MEMORY,
        )
        _add(
            files,
            pattern,
            scale,
            {kernel: partial(timed, partial(pattern.from_file, kernel)) for kernel in KERNELS},
            PeerLru.open_and_replay,
            FROM_FILES,
        )
        hits = [f"{kernel} {hit_rate(pattern.memory.end[kernel]):.1%}" for kernel in KERNELS]
        hits += [f"libCacheSim {rate:.1%}" for peer in pattern.peers.values() for rate in peer.hit_rates][:1]
        memory.facts.append(f"{name}: {pattern.pages} pages, hit rates {', '.join(hits)}")
    return memory, files


def _add(
    section: Section,
    pattern: _Pattern,
    scale: Scale,
    ours: dict[str, Action],
    peer_replay: Callable[[PeerLru], float],
    target: Target,
) -> None:
    """Time the kernels and the peers by turns, and add a line for each pair of them."""
    peers = {label: partial(peer_replay, peer) for label, peer in pattern.peers.items()}
    seconds = take_turns(scale.rounds, {**ours, **peers})
    for kernel in KERNELS:
        for label in PEERS:
            what = f"{pattern.name}, {kernel}, against libCacheSim LRU ({label})"
            held = target if label == "hashpower 20" else None
            if label in peers:
                section.lines.append(Line(what, ratios(seconds[label], seconds[kernel]), held))
            else:
                section.lines.append(Line(what, target=held, left_out=ABSENT))
        rate = tuple(scale.accesses / second / 1e6 for second in seconds[kernel])
        section.lines.append(Line(f"{pattern.name}, {kernel}, events", rate, unit="M/s"))
