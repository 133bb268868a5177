"""What a replay counts held against what it is expected to count, value by value."""

from __future__ import annotations

from collections.abc import Container, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass

from zswap_replay.compare.comparable import Contrast, obstacles
from zswap_replay.compare.tolerance import Tolerance
from zswap_replay.result.by_name import CounterName
from zswap_replay.result.ranges import Range, Ranges
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot

PRESENT = "present"
"""The value of a memcg or snapshot that is there, where the other side lacks it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not what it should be; None on the side that lacks it.

    ``name`` is spelled as ``--tolerance`` takes it: ``zswap.stored_pages``, ``/web:zswpin``, ``/web:replay.oom``,
    ``/web:node1.zswpin``.
    """

    name: str
    expected: int | str | None
    found: int | str | None


@dataclass(frozen=True, slots=True)
class SnapshotVerdict:
    """The differences in one snapshot, out of ``compared`` values."""

    label: str
    differences: tuple[Difference, ...]
    compared: int


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """One replay: why it cannot be compared (each with what was expected and what was found), and its snapshots."""

    expected: Result
    obstacles: tuple[Contrast, ...]
    snapshots: tuple[SnapshotVerdict, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All replays of a file of expected results."""

    runs: tuple[RunVerdict, ...]

    @property
    def obstacles(self) -> tuple[Contrast, ...]:
        """The reasons why the runs cannot be compared, each once."""
        return tuple(dict.fromkeys(reason for run in self.runs for reason in run.obstacles))

    @property
    def snapshots(self) -> tuple[SnapshotVerdict, ...]:
        """The snapshots of all runs."""
        return tuple(snapshot for run in self.runs for snapshot in run.snapshots)

    @property
    def compared(self) -> int:
        """The number of values compared."""
        return sum(snapshot.compared for snapshot in self.snapshots)

    @property
    def differences(self) -> int:
        """The number of values that differ."""
        return sum(len(snapshot.differences) for snapshot in self.snapshots)


def judge(expected: Result, found: Result, tolerances: Sequence[Tolerance] = ()) -> RunVerdict:
    """Compare every value of every snapshot; of several tolerances that cover a counter, the last one holds.

    Those by NUMA node are compared where there are several: with one, each is the memcg's own.
    Snapshots are matched by their labels, and by their order where a label occurs more than once. How many pages had
    which compressed length is compared too, as one value of the end, unless there is a tolerance.
    """
    wanted, got = by_label(expected.snapshots), by_label(found.snapshots)
    snapshots = [
        _judge_snapshot(label, wanted.get(label), got.get(label), tolerances)
        for label in dict.fromkeys([*wanted, *got])
    ]
    if not tolerances:
        lengths = tuple(_lengths(expected.compressed_lengths, found.compressed_lengths))
        last = snapshots[len(wanted) - 1]
        snapshots[len(wanted) - 1] = SnapshotVerdict(
            last.label, last.differences + lengths, last.compared + 1
        )
    last = snapshots[len(wanted) - 1]
    ranges, compared = _ranges(expected.range, found.range, tolerances)
    snapshots[len(wanted) - 1] = SnapshotVerdict(
        last.label, last.differences + ranges, last.compared + compared
    )
    return RunVerdict(expected, obstacles((expected.manifest, found.manifest)), tuple(snapshots))


def _ranges(
    expected: Ranges | None, found: Ranges | None, tolerances: Sequence[Tolerance]
) -> tuple[tuple[Difference, ...], int]:
    """Compare the ends of ranges, where both results have them; also how many were compared."""
    if expected is None or found is None:
        return (), 0
    differences: list[Difference] = []
    compared = 0
    for name in dict.fromkeys([*expected, *found]):
        place = CounterName.parse(name)
        if place is None or place.group == "derived":
            continue  # it follows from the others
        group = place.group if place.node is None else f"node{place.node}"
        holding = [each for each in tolerances if each.covers(group, place.memcg, place.counter)]
        for end, at in (("low", 0), ("high", 2)):
            one, other = (_whole(ranges.get(name), at) for ranges in (expected, found))
            compared += 1
            if not _equal(one, other, holding[-1:]):
                differences.append(Difference(f"{name} ({end})", one, other))
    return tuple(differences), compared


def _whole(range_: Range | None, at: int) -> int | None:
    value = None if range_ is None else range_[at]
    return None if value is None else int(value)


def by_label(snapshots: Sequence[Snapshot]) -> dict[str, Snapshot]:
    """Key snapshots by their labels, with a number where one is used again: ``now``, ``now #2``."""
    found: dict[str, Snapshot] = {}
    times: dict[str, int] = {}
    for snapshot in snapshots:
        label = snapshot.label
        while label in found:
            times[snapshot.label] = times.get(snapshot.label, 1) + 1
            label = f"{snapshot.label} #{times[snapshot.label]}"
        found[label] = snapshot
    return found


def _judge_snapshot(
    label: str, expected: Snapshot | None, found: Snapshot | None, tolerances: Sequence[Tolerance]
) -> SnapshotVerdict:
    if expected is None or found is None:
        return SnapshotVerdict(label, (_presence("snapshot", expected is not None),), 1)
    wanted, got = _memcgs(expected), _memcgs(found)
    differences = [
        _presence(memcg, memcg in wanted) for memcg in [*wanted, *got] if memcg not in wanted & got
    ]
    compared = len(differences)
    one_side = dict(_tables(expected, wanted & got))
    other_side = dict(_tables(found, wanted & got))
    for place in dict.fromkeys([*one_side, *other_side]):
        one, other = one_side.get(place, {}), other_side.get(place, {})
        for name in dict.fromkeys([*one, *other]):
            compared += 1
            group, memcg = place
            holding = [tolerance for tolerance in tolerances if tolerance.covers(*place, name)]
            if not _equal(one.get(name), other.get(name), holding[-1:]):
                differences.append(
                    Difference(str(CounterName(group, name, memcg)), one.get(name), other.get(name))
                )
    return SnapshotVerdict(label, tuple(differences), compared)


def _memcgs(snapshot: Snapshot) -> KeysView[str]:
    return dict.fromkeys([*snapshot.memcg, *snapshot.replay_memcg, *snapshot.limits, *snapshot.nodes]).keys()


def _presence(name: str, expected: bool) -> Difference:
    return Difference(name, PRESENT, None) if expected else Difference(name, None, PRESENT)


def _tables(
    snapshot: Snapshot, memcgs: Container[str]
) -> Iterator[tuple[tuple[str, str | None], Mapping[str, int | str]]]:
    """Return the values of a snapshot by group and memcg: those of the machine and of ``memcgs``."""
    yield ("snapshot", None), {"time_ns": snapshot.time_ns}
    yield ("params", None), snapshot.params
    yield ("zswap", None), snapshot.zswap
    yield ("vmstat", None), snapshot.vmstat
    yield ("zram", None), snapshot.zram
    yield ("meminfo", None), snapshot.meminfo
    yield ("replay", None), snapshot.replay
    for memcg in _memcgs(snapshot):
        if memcg in memcgs:
            yield ("limits", memcg), snapshot.limits.get(memcg, {})
            yield ("memcg", memcg), snapshot.memcg.get(memcg, {})
            yield ("replay.memcg", memcg), snapshot.replay_memcg.get(memcg, {})
            nodes = snapshot.nodes.get(memcg, ())
            if len(nodes) > 1:
                yield from (((f"node{node}", memcg), values) for node, values in enumerate(nodes))


def _equal(expected: int | str | None, found: int | str | None, tolerance: Sequence[Tolerance]) -> bool:
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found or any(each.allows(expected, found) for each in tolerance)
    return expected == found


def _lengths(expected: Mapping[int, int], found: Mapping[int, int]) -> Iterator[Difference]:
    lengths = [
        length for length in expected.keys() | found.keys() if expected.get(length) != found.get(length)
    ]
    if lengths:
        yield Difference(
            "compressed_lengths", _pages_and_bytes(expected), _pages_and_bytes(found, len(lengths))
        )


def _pages_and_bytes(lengths: Mapping[int, int], differing: int = 0) -> str:
    pages, size = sum(lengths.values()), sum(length * count for length, count in lengths.items())
    return f"{pages} pages, {size} bytes" + (f", {differing} lengths differ" if differing else "")
