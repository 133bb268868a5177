"""A capture of a live kernel against its own replay: counter by counter, at every snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.trace.capture.imported import ImportedCapture
from zswap_replay.trace.capture.saved import SavedSnapshot
from zswap_replay.trace.schema import ROOT

ZSWAP = (
    "stored_pages",
    "pool_total_size",
    "pool_limit_hit",
    "written_back_pages",
    "reject_reclaim_fail",
    "reject_alloc_fail",
    "reject_kmemcache_fail",
    "reject_compress_fail",
    "reject_compress_poor",
)
"""The files of debugfs that are compared, as far as both have them."""
VMSTAT = ("zswpin", "zswpout", "zswpwb", "pswpout", "swpin_zero", "swpout_zero")
MEMCG = ("zswap", "zswapped", "zswpin", "zswpout", "zswpwb", "memory.zswap.current")
"""The lines of memory.stat, and the file beside it, of the root and of each memcg."""
LEVELS = frozenset({"stored_pages", "pool_total_size", "zswap", "zswapped", "memory.zswap.current"})
"""The values that say what there is; all others count, and are compared by their growth."""

_END = "end"


@dataclass(frozen=True, slots=True)
class Compared:
    """One value of the kernel's at one snapshot, and what the replay has there."""

    snapshot: str
    name: str
    captured: int
    replayed: int

    @property
    def equal(self) -> bool:
        """Tell whether the two are the same."""
        return self.captured == self.replayed

    def as_json(self) -> dict[str, str | int]:
        """Convert to what the JSON output holds."""
        return {
            "snapshot": self.snapshot,
            "name": self.name,
            "captured": self.captured,
            "replayed": self.replayed,
        }


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """All values of a capture that were compared, in the order of snapshots."""

    source: str
    capture: ImportedCapture
    result: Result
    values: tuple[Compared, ...]
    not_placed: tuple[str, ...]
    """Labels of saved counters that have no place in the capture, and so nothing to be compared with."""

    @property
    def equal(self) -> int:
        """Count the values that are equal."""
        return sum(each.equal for each in self.values)

    @property
    def differences(self) -> list[Compared]:
        """List the values that differ."""
        return [each for each in self.values if not each.equal]

    @property
    def holds(self) -> bool:
        """Tell whether every value is equal, and nothing is known to be missing of the capture."""
        return bool(self.values) and not self.differences and self.capture.whole

    def as_json(self) -> dict[str, object]:
        """Convert to the document that the command prints."""
        return {
            "equal": self.equal,
            "compared": len(self.values),
            "differences": [each.as_json() for each in self.differences],
        }


def compare(capture: ImportedCapture, result: Result) -> tuple[list[Compared], list[str]]:
    """Compare what was saved with a replay of the capture; return the values, and labels that have no place in it."""
    snapshots: dict[str, Snapshot] = {}
    for snapshot in result.snapshots:
        snapshots.setdefault(snapshot.label, snapshot)
    values: list[Compared] = []
    not_placed: list[str] = []
    # where the first counters have no place in the capture, they are those of its beginning
    first = snapshots.get(capture.saved[0].label, Snapshot("", 0, {}, {}, {}, {}))
    base = capture.saved[0], first
    for saved in capture.saved:
        label = saved.label
        if label not in snapshots and saved is capture.saved[-1]:
            # the last counters were read after the capture
            label = _END
        replayed = snapshots.get(label)
        if replayed is None:
            not_placed.append(saved.label)
            continue
        names = capture.names.get(label, {})
        values += _compare_one(saved, replayed, names, base)
    return values, not_placed


def _compare_one(
    saved: SavedSnapshot, replayed: Snapshot, names: Mapping[str, str], base: tuple[SavedSnapshot, Snapshot]
) -> Iterator[Compared]:
    start, first = base
    for name, one in _pairs("zswap", ZSWAP, saved.zswap, replayed.zswap, start.zswap, first.zswap):
        yield Compared(saved.label, name, *one)
    for name, one in _pairs("vmstat", VMSTAT, saved.vmstat, replayed.vmstat, start.vmstat, first.vmstat):
        yield Compared(saved.label, name, *one)
    root = replayed.memcg.get(ROOT, {})
    for path, captured in saved.memcg.items():
        name = names.get(path, path)
        # a memcg that the capture never names has nothing in zswap
        found = replayed.memcg.get(name, dict.fromkeys((*root, "memory.zswap.current"), 0))
        for counter, one in _pairs(
            path, MEMCG, captured, found, start.memcg.get(path, {}), first.memcg.get(name, {})
        ):
            yield Compared(saved.label, counter, *one)


def _pairs(
    group: str,
    counters: tuple[str, ...],
    captured: Mapping[str, int],
    replayed: Mapping[str, int],
    start: Mapping[str, int],
    first: Mapping[str, int],
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give the counters that both have; one that only rises is the kernel's at the start and the replay's growth."""
    for counter in counters:
        if counter in captured and counter in replayed:
            value = replayed[counter]
            if counter not in LEVELS:
                value += start.get(counter, 0) - first.get(counter, 0)
            yield f"{group} {counter}", (captured[counter], value)
