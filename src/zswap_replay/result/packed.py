"""Snapshots kept small: many of them, of many memcgs, are numbers in arrays until somebody looks at one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import overload

import numpy as np
import numpy.typing as npt

from zswap_replay.result.snapshot import Snapshot

Names = tuple[tuple[str, ...], ...]
"""The names of the counters of each row: most rows of most snapshots have the same."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The counters of memcgs, or of their nodes: one array, and the names that all snapshots share."""

    paths: tuple[str, ...]
    names: Names
    values: npt.NDArray[np.int64]

    @classmethod
    def of(cls, paths: tuple[str, ...], rows: Iterable[Mapping[str, int]], before: _Table | None) -> _Table:
        """Pack rows of counters; what is as in the table before is shared with it."""
        rows = list(rows)
        names: Names = tuple(tuple(row) for row in rows)
        if before is not None:
            paths = before.paths if before.paths == paths else paths
            names = before.names if before.names == names else names
        return cls(paths, names, np.array(list(chain.from_iterable(row.values() for row in rows)), np.int64))

    def rows(self) -> Iterator[dict[str, int]]:
        """Yield the rows as dictionaries."""
        values = iter(self.values.tolist())
        for names in self.names:
            yield {name: next(values) for name in names}


@dataclass(frozen=True, slots=True)
class _Packed:
    """A snapshot whose counters of memcgs are packed."""

    rest: Snapshot
    """What does not grow with memcgs; limits that are none are left out."""
    memcg: _Table
    replay_memcg: _Table
    limits: tuple[str, ...]
    nodes: _Table
    nodes_each: int

    @classmethod
    def of(cls, snapshot: Snapshot, before: _Packed | None) -> _Packed:
        each = len(next(iter(snapshot.nodes.values()), ()))
        limits = tuple(snapshot.limits)
        return cls(
            Snapshot(
                snapshot.label,
                snapshot.time_ns,
                snapshot.zswap,
                snapshot.vmstat,
                {},
                snapshot.replay,
                limits={path: values for path, values in snapshot.limits.items() if values},
                params=snapshot.params,
                zram=snapshot.zram,
                meminfo=snapshot.meminfo,
            ),
            _Table.of(tuple(snapshot.memcg), snapshot.memcg.values(), before.memcg if before else None),
            _Table.of(
                tuple(snapshot.replay_memcg),
                snapshot.replay_memcg.values(),
                before.replay_memcg if before else None,
            ),
            before.limits if before is not None and before.limits == limits else limits,
            _Table.of(
                tuple(snapshot.nodes),
                chain.from_iterable(snapshot.nodes.values()),
                before.nodes if before else None,
            ),
            each,
        )

    def unpacked(self) -> Snapshot:
        rest = self.rest
        nodes = list(self.nodes.rows())
        each = self.nodes_each
        return Snapshot(
            rest.label,
            rest.time_ns,
            rest.zswap,
            rest.vmstat,
            dict(zip(self.memcg.paths, self.memcg.rows(), strict=True)),
            rest.replay,
            dict(zip(self.replay_memcg.paths, self.replay_memcg.rows(), strict=True)),
            {path: rest.limits.get(path, {}) for path in self.limits},
            rest.params,
            {path: tuple(nodes[at * each : at * each + each]) for at, path in enumerate(self.nodes.paths)},
            rest.zram,
            rest.meminfo,
        )


class PackedSnapshots(Sequence[Snapshot]):
    """Snapshots in the order in which they were taken. The last one is kept as it is, and each other made anew."""

    def __init__(self) -> None:
        self._packed: list[_Packed] = []
        self._last: Snapshot | None = None

    def append(self, snapshot: Snapshot) -> None:
        """Add a snapshot, and pack the one before it."""
        if self._last is not None:
            self._packed.append(_Packed.of(self._last, self._packed[-1] if self._packed else None))
        self._last = snapshot

    def __len__(self) -> int:
        return len(self._packed) + (self._last is not None)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Snapshot, ...]: ...

    def __getitem__(self, index: int | slice) -> Snapshot | tuple[Snapshot, ...]:
        """Give a snapshot, or several."""
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place == len(self._packed):
            assert self._last is not None
            return self._last
        return self._packed[place].unpacked()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # a snapshot has none
