"""The columns of a sweep: how the counters of a replay become one flat row, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.labels import DERIVED_UNITS
from zswap_replay.result.result import Result
from zswap_replay.result.snapshot import Snapshot
from zswap_replay.sweep.result import Cell

_MACHINE: tuple[Group, ...] = ("zswap", "vmstat", "replay")
_PER_MEMCG: tuple[Group, ...] = ("memcg", "replay.memcg")


def figures(result: Result) -> dict[str, Cell]:
    """The counters at the end of a replay and the figures derived from them, by column."""
    return {**_counters(result.end), **{f"derived.{name}": value for name, value in result.derived.items()}}


class Possible:
    """The columns that replays of a trace may have, told from snapshots at their start."""

    def __init__(self, paths: Sequence[str]) -> None:
        """``paths`` are the memcgs of the trace."""
        self._paths = paths
        self._machine: dict[str, None] = {}

    def add(self, start: Snapshot) -> None:
        """Takes in the counters that a point's kernel has."""
        self._machine |= dict.fromkeys(name for name in _counters(start) if ":/" not in name)

    def names(self) -> tuple[str, ...]:
        """The columns, in order; a memcg may lack some of its own."""
        of_memcgs = {
            _memcg_column(group, path, name)
            for group in _PER_MEMCG
            for path in self._paths
            for name in COUNTERS[group]
        }
        derived = {f"derived.{name}" for name in DERIVED_UNITS}
        found = self._machine.keys() | of_memcgs | derived
        return tuple(column for column in _all_columns(self._paths) if column in found)


def ordered(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """The counters that any of the rows has, of the machine and of memcgs, and all derived figures, in their own order.

    Memcgs are in the order in which the rows name them.
    """
    found = set().union(*rows, (f"derived.{name}" for name in DERIVED_UNITS))
    paths = dict.fromkeys(path for row in rows for path in _memcgs_of(row))
    return tuple(column for column in _all_columns(paths) if column in found)


def _all_columns(paths: Iterable[str]) -> Iterator[str]:
    for group in _MACHINE:
        yield from (f"{group}.{name}" for name in COUNTERS[group])
    memcgs = list(paths)
    for group in _PER_MEMCG:
        for path in memcgs:
            yield from (_memcg_column(group, path, name) for name in COUNTERS[group])
    yield from (f"derived.{name}" for name in DERIVED_UNITS)


def _counters(snapshot: Snapshot) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for machine, values in zip(_MACHINE, (snapshot.zswap, snapshot.vmstat, snapshot.replay), strict=True):
        row |= {f"{machine}.{name}": value for name, value in values.items()}
    for group, memcgs in zip(_PER_MEMCG, (snapshot.memcg, snapshot.replay_memcg), strict=True):
        for path, values in memcgs.items():
            row |= {_memcg_column(group, path, name): value for name, value in values.items()}
    return row


def _memcg_column(group: Group, path: str, name: str) -> str:
    return f"{group}:{path}:{name}"


def _memcgs_of(row: Mapping[str, Cell]) -> Iterator[str]:
    for column in row:
        if column.startswith("memcg:"):
            yield column.removeprefix("memcg:").rpartition(":")[0]
