"""The state machine against caches that people would take otherwise, from memory and from files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import reading
from benchmarks.accesses import (
    MEMCG,
    MEMCGS,
    PATTERNS,
    Accesses,
    accesses,
    joined,
    write_lengths_of,
    write_peer_trace,
    write_trace,
)
from benchmarks.busy import QUIET, Condition, conditions
from benchmarks.lines import Line, Section, Target
from benchmarks.machines import InMemory, hit_rate, settings
from benchmarks.measure import Action, ratios, take_turns, timed
from benchmarks.peer import (
    ABSENT,
    ABSENT_CACHETOOLS,
    Peer,
    cachetools_installed,
    cachetools_seconds,
    installed,
)
from benchmarks.sizes import Scale
from zswap_replay import replay
from zswap_replay.trace.rewrite import rewrite

KERNELS = ("patch-v4", "6.12")
LRU = "LRU (hashpower 20)"
PEERS: dict[str, tuple[str, int | None]] = {
    LRU: ("LRU", 20),
    "LRU (default)": ("LRU", None),
    "FIFO": ("FIFO", 20),
    "S3FIFO": ("S3FIFO", 20),
}
"""Policies of libCacheSim, and the size of their hash table."""
HUMBLE = "cachetools"
IN_MEMORY = {"zipf": Target(2.5, at_least=True), "scan": Target(2.0, at_least=True)}
FROM_PARQUET = Target(1.2, at_least=True)
FROM_ARROW = {"zipf": Target(1.8, at_least=True), "scan": Target(1.5, at_least=True)}
IN_THREADS = 2
SIDE_BY_SIDE = Target(1.7, at_least=True)
EMULATED_STORES = 29_000
"""Stores a second of Linux 6.12 in a guest of QEMU without KVM, with lz4; 26,000 to 29,000 were seen."""

_MEMORY_HOW = (
    "The machine replays columns of events that lie in memory, with all compressed lengths known; libCacheSim runs "
    "`process_trace` of a policy of its own on the same accesses in its binary format, opened before. Its cache holds "
    "half of the pages; memory for 72 % of the pages has about the same hits in the model. The ratio is the other's "
    "time by ours: more is better. `default` is libCacheSim's own size of its hash table, hashpower 20 that of all "
    "others; LRU with it is the peer of all that follows. cachetools' LRUCache gets the first accesses alone, and "
    "counts by its time for each. In threads, each machine replays all events. "
    "The recorded kernel is Linux 6.12 in a guest of QEMU without KVM: "
    f"{EMULATED_STORES:,} stores a second with lz4 at best."
)
_FILES_HOW = (
    "`replay()` of a trace in a file, with a file of lengths: opening, reading, checking and the digest of the rows "
    "included. Parquet is as `trace generate` writes it, Arrow as `trace rewrite -o t.arrow` does: uncompressed, and "
    "mapped. The digest's part is what reading alone takes longer than without it. "
    "libCacheSim opens and processes its binary trace. All files have been read before."
)
_PEOPLE_HOW = (
    "The same accesses to the pages of eight memcgs, each with a limit of its own. Each has its pages in a row, as a "
    "program has its memory. libCacheSim's reader is opened before its clock starts."
)


@dataclass(frozen=True)
class _Pattern:
    """One pattern in all the forms in which it is replayed."""

    name: str
    all_: Accesses
    memory: InMemory
    files: dict[str, Path]
    """By format."""
    people: dict[str, Path]
    """The same accesses in several memcgs."""
    lengths: Path
    pages: int
    peers: dict[str, Peer]
    counted: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """What eight memcgs count, by kernel."""

    @classmethod
    def make(cls, name: str, scale: Scale, folder: Path) -> _Pattern:
        pages = scale.pages(name)
        all_ = joined(accesses(name, pages, scale.accesses))
        known, binary = folder / f"{name}-lengths.parquet", folder / f"{name}.oracleGeneral"
        write_lengths_of(known, pages)
        write_peer_trace(binary, all_)
        files = {}
        for form, memcgs in (("", (MEMCG,)), ("-memcgs", MEMCGS)):
            parquet, arrow = folder / f"{name}{form}.parquet", folder / f"{name}{form}.arrow"
            write_trace(parquet, accesses(name, pages, scale.accesses), pages, memcgs)
            rewrite(parquet, arrow)
            files[form] = {"Parquet": parquet, "Arrow": arrow}
        peers = (
            {label: Peer(binary, pages, policy, power) for label, (policy, power) in PEERS.items()}
            if installed()
            else {}
        )
        return cls(name, all_, InMemory(all_, pages), files[""], files["-memcgs"], known, pages, peers)

    def from_file(self, kernel: str, path: Path) -> None:
        """Replay the file of one memcg. Raises RuntimeError: the counters are not those of the columns."""
        result = replay(path, settings(self.pages, kernel, str(self.lengths)))
        if result.end.vmstat != self.memory.end[kernel].vmstat:
            raise RuntimeError(f"{path.name}, {kernel}: the trace counts otherwise than its columns")

    def from_people(self, kernel: str, path: Path) -> None:
        """Replay a file of eight memcgs. Raises RuntimeError: the counters are not those of another file of them."""
        counted = replay(path, settings(self.pages, kernel, str(self.lengths), MEMCGS)).end.vmstat
        if counted != self.counted.setdefault(kernel, counted):
            raise RuntimeError(f"{path.name}, {kernel}: the trace counts otherwise than in another format")


def sections(scale: Scale, folder: Path) -> list[Section]:
    """Measure the sections; their files are made in ``folder``."""
    found: dict[tuple[str, str], Section] = {}
    for name in PATTERNS:
        pattern = _Pattern.make(name, scale, folder)
        for condition in conditions(scale):
            for title, how, measure in (
                ("State machine, from columns in memory", _MEMORY_HOW, _memory),
                ("State machine, from files", _FILES_HOW, _files),
                ("State machine, from files as people have them", _PEOPLE_HOW, _people),
            ):
                section = found.setdefault((condition.suffix, title), Section(condition.title(title), how))
                measure(section, pattern, scale, condition)
        for path in (*pattern.files.values(), *pattern.people.values()):
            path.unlink()
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _memory(section: Section, pattern: _Pattern, scale: Scale, condition: Condition) -> None:
    ours = {kernel: partial(pattern.memory.replay, kernel) for kernel in KERNELS}
    labels = (*PEERS, HUMBLE) if condition is QUIET else (LRU,)
    others: dict[str, Action] = {
        label: peer.replay for label, peer in pattern.peers.items() if label in labels
    }
    few = pattern.all_.page[: scale.humble_accesses]
    share = len(few) / len(pattern.all_)
    if HUMBLE in labels and cachetools_installed():
        others[HUMBLE] = lambda: cachetools_seconds(few, pattern.pages // 2) / share
    seconds = take_turns(condition.of(scale.rounds), {**ours, **others})
    for kernel in KERNELS:
        _against(section, pattern, kernel, seconds, labels, IN_MEMORY[pattern.name])
        rate = tuple(scale.accesses / second / 1e6 for second in seconds[kernel])
        section.lines.append(Line(f"{pattern.name}, {kernel}, events", rate, unit="M/s"))
    stores = pattern.memory.end["6.12"].vmstat["zswpout"]
    faster = tuple(stores / second / EMULATED_STORES for second in seconds["6.12"])
    section.lines.append(Line(f"{pattern.name}, 6.12, stores a second against a recorded kernel's", faster))
    if condition is QUIET:
        section.lines.append(_in_threads(pattern, condition.of(scale.rounds)))
    hits = [f"{kernel} {hit_rate(pattern.memory.end[kernel]):.1%}" for kernel in KERNELS]
    for label, peer in pattern.peers.items():
        hits += [f"{label} {rate:.1%}" for rate in peer.hit_rates if "default" not in label]
    section.facts.append(f"{pattern.name}: {pattern.pages} pages, hit rates {', '.join(hits)}")


def _in_threads(pattern: _Pattern, rounds: int) -> Line:
    seconds = take_turns(
        rounds, {count: partial(pattern.memory.beside, "6.12", count) for count in (1, IN_THREADS)}
    )
    speed = tuple(IN_THREADS * ratio for ratio in ratios(seconds[1], seconds[IN_THREADS]))
    return Line(f"{pattern.name}, 6.12, {IN_THREADS} in threads at once, against one", speed, SIDE_BY_SIDE)


def _files(section: Section, pattern: _Pattern, scale: Scale, condition: Condition) -> None:
    ours = _replays(pattern.from_file, pattern.files)
    others = {LRU: pattern.peers[LRU].open_and_replay} if pattern.peers else {}
    seconds = take_turns(condition.of(scale.rounds), {**ours, **others})
    targets = {"Parquet": FROM_PARQUET, "Arrow": FROM_ARROW[pattern.name]}
    _file_lines(section, pattern, scale, seconds, targets)
    reading.add_lines(section, pattern.name, pattern.files, condition.of(scale.rounds))


def _people(section: Section, pattern: _Pattern, scale: Scale, condition: Condition) -> None:
    ours = _replays(pattern.from_people, pattern.people)
    others = {LRU: pattern.peers[LRU].replay} if pattern.peers else {}
    seconds = take_turns(condition.of(scale.rounds), {**ours, **others})
    _file_lines(section, pattern, scale, seconds, {"Parquet": FROM_PARQUET})


def _replays(from_file: Callable[[str, Path], None], files: dict[str, Path]) -> dict[str, Action]:
    return {
        f"{kernel}, {form}": partial(timed, partial(from_file, kernel, path))
        for kernel in KERNELS
        for form, path in files.items()
    }


def _file_lines(
    section: Section,
    pattern: _Pattern,
    scale: Scale,
    seconds: dict[str, list[float]],
    targets: dict[str, Target],
) -> None:
    """Add the lines of each kernel and format."""
    for form in pattern.files:
        for kernel in KERNELS:
            name = f"{kernel}, {form}"
            _against(section, pattern, name, seconds, (LRU,), targets.get(form))
            rate = tuple(scale.accesses / second / 1e6 for second in seconds[name])
            section.lines.append(Line(f"{pattern.name}, {name}, events", rate, unit="M/s"))


def _against(
    section: Section,
    pattern: _Pattern,
    ours: str,
    seconds: dict[str, list[float]],
    labels: Iterable[str],
    target: Target | None,
) -> None:
    """Add a line for each peer against ``ours``, of a name in ``seconds``; the target is of one of them."""
    for label in labels:
        of_package = "" if label == HUMBLE else "libCacheSim "
        what = f"{pattern.name}, {ours}, against {of_package}{label}"
        held = target if label == LRU else None
        if label in seconds:
            section.lines.append(Line(what, ratios(seconds[label], seconds[ours]), held))
        else:
            why = ABSENT_CACHETOOLS if label == HUMBLE else ABSENT
            section.lines.append(Line(what, target=held, left_out=why))
