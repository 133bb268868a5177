"""Snapshots kept small: each costs what has changed since the one before, until somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from zswap_replay.result.numbers import Layout, Numbers
from zswap_replay.result.snapshot import Snapshot

_Values = npt.NDArray[np.int64]
_Places = npt.NDArray[np.int32]

_OBJECT_BYTES = 700
"""Memory that a snapshot takes in which nothing has changed."""

_NONE: _Places = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a snapshot has that the one before it has not."""

    label: str
    time_ns: int
    params: dict[str, int | str]
    born: int
    """Memcgs that are new: they get the next rows."""
    gone: _Places
    """The rows of those that are not there any more."""
    at: _Places
    """Places of values that differ: first those of the machine, then row by row."""
    values: _Values

    @property
    def nbytes(self) -> int:
        return self.gone.nbytes + self.at.nbytes + self.values.nbytes


class _State:
    """All values at one snapshot, with a row for each memcg that any snapshot up to it has."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.rows = 0
        self.live = np.zeros(8, np.bool_)
        self.values: _Values = np.zeros(layout.of_machine + 8 * layout.width, np.int64)
        self._rows: _Values | None = None
        self._places: _Places | None = None

    def copy(self) -> _State:
        other = _State.__new__(_State)
        other.layout, other.rows = self.layout, self.rows
        other._rows, other._places = self._rows, self._places
        other.live, other.values = self.live.copy(), self.values.copy()
        return other

    @property
    def nbytes(self) -> int:
        return self.live.nbytes + self.values.nbytes

    def live_rows(self) -> _Values:
        """Return the numbers of the rows whose memcgs are there."""
        if self._rows is None:
            self._rows = np.flatnonzero(self.live[: self.rows])
        return self._rows

    def live_places(self) -> _Places:
        """Return the places of the values that a snapshot has: the machine's, then those of each memcg there is."""
        if self._places is None:
            layout = self.layout
            rows = layout.of_machine + self.live_rows() * layout.width
            memcgs = rows[:, None] + np.arange(layout.width)
            machine = np.arange(layout.of_machine)
            self._places = np.concatenate((machine, memcgs.ravel())).astype(np.int32)
        return self._places

    def come_and_go(self, born: int, gone: _Places) -> None:
        """Add rows for memcgs that are new, and give up those of others."""
        if not born and not len(gone):
            return
        self._rows = self._places = None
        self.live[gone] = False
        room = len(self.live)
        if self.rows + born > room:
            more = max(room, born)
            self.live = np.concatenate((self.live, np.zeros(more, np.bool_)))
            self.values = np.concatenate((self.values, np.zeros(more * self.layout.width, np.int64)))
        self.live[self.rows : self.rows + born] = True
        self.rows += born

    def apply(self, change: _Change) -> None:
        """Take the values of the next snapshot."""
        self.come_and_go(change.born, change.gone)
        self.values[change.at] = change.values


class PackedSnapshots(Sequence[Snapshot]):
    """Snapshots in the order in which they were taken. Each is made anew from what has changed; the last one is kept.

    Every so often all values are kept besides, when the changes since then have become as many: a look at any snapshot
    reads no more than twice what there is of one.
    """

    def __init__(self) -> None:
        self._changes: list[_Change] = []
        self._paths: list[str] = []
        """The paths of memcgs by row."""
        self._ids: _Values = np.zeros(0, np.int64)
        """Their numbers, in the order of the last snapshot."""
        self._last_id = -1
        self._now: _State | None = None
        self._whole: dict[int, _State] = {}
        """All values, at some of the snapshots."""
        self._since_whole = 0
        self._read: tuple[int, _State, tuple[str, ...]] | None = None
        """Where the last look was, with the values and paths there."""
        self._last: Snapshot | None = None

    # ---- adding ----

    def append(self, numbers: Numbers) -> None:
        """Add a snapshot. The ``ids`` of memcgs that are new must be above all that there were."""
        state = self._now
        if state is None:
            state = self._now = _State(numbers.layout)
        born, gone = 0, _NONE
        if len(numbers.ids) != len(self._ids) or (numbers.ids != self._ids).any():
            rows = state.live_rows()
            born = int((numbers.ids > self._last_id).sum())
            gone = rows[~np.isin(self._ids, numbers.ids)].astype(np.int32)
            self._paths.extend(numbers.paths[len(numbers.paths) - born :])
            self._ids = numbers.ids.copy()
            if born:
                self._last_id = int(numbers.ids[-1])
            state.come_and_go(born, gone)
        places = state.live_places()
        differ = (state.values.take(places) != numbers.values).nonzero()[0]
        at, values = places[differ], numbers.values[differ]
        before = self._changes[-1].params if self._changes else None
        params = before if before == numbers.params else numbers.params
        assert params is not None
        self._add(_Change(numbers.label, numbers.time_ns, params, born, gone, at, values), state)

    def _add(self, change: _Change, state: _State) -> None:
        state.values[change.at] = change.values
        self._changes.append(change)
        self._last = None
        self._since_whole += change.nbytes
        if self._since_whole > state.nbytes and len(self._changes) > 1:
            self._whole[len(self._changes) - 1] = state.copy()
            self._since_whole = 0

    # ---- looking ----

    @property
    def bytes_each(self) -> int:
        """About what one more snapshot will take in memory, as those from the second on did."""
        later = self._changes[1:]
        return _OBJECT_BYTES + 2 * sum(change.nbytes for change in later) // max(len(later), 1)

    @property
    def nbytes(self) -> int:
        """What the snapshots take in memory, about."""
        whole = sum(state.nbytes for state in self._whole.values())
        return whole + sum(_OBJECT_BYTES + change.nbytes for change in self._changes)

    def numbers(self, index: int) -> Numbers:
        """Return the values of a snapshot; ``paths`` is the same object as long as it does not change."""
        place = range(len(self))[index]
        change = self._changes[place]
        state, paths = self._at(place)
        values, rows = state.values[state.live_places()], state.live_rows()
        return Numbers(state.layout, change.label, change.time_ns, change.params, paths, rows, values)

    def _at(self, place: int) -> tuple[_State, tuple[str, ...]]:
        """Return the values and the paths at a snapshot."""
        assert self._now is not None
        first, state, paths = self._read or (-1, None, ())
        if state is None or not place - 1 <= first <= place:
            known = max((number for number in self._whole if number <= place), default=-1)
            if state is None or not known <= first <= place:
                first, state = known, self._whole[known].copy() if known >= 0 else _State(self._now.layout)
                paths = ()
        for number in range(first + 1, place + 1):
            change = self._changes[number]
            state.apply(change)
            if change.born or len(change.gone):
                paths = ()
        if not paths:
            paths = tuple([self._paths[row] for row in state.live_rows().tolist()])
        self._read = place, state, paths
        return state, paths

    def each(self) -> Iterator[Numbers]:
        """Yield the values of all snapshots."""
        return (self.numbers(place) for place in range(len(self)))

    def __len__(self) -> int:
        return len(self._changes)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Snapshot, ...]: ...

    def __getitem__(self, index: int | slice) -> Snapshot | tuple[Snapshot, ...]:
        """Give a snapshot, or several."""
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place < len(self) - 1:
            return self.numbers(place).snapshot()
        if self._last is None:
            self._last = self.numbers(place).snapshot()
        return self._last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # a snapshot has none

    # ---- writing down ----

    def state(self) -> dict[str, Any] | None:
        """Return all snapshots as plain data; None where there are none."""
        if self._now is None:
            return None
        return {
            "layout": self._now.layout.as_json(),
            "paths": self._paths,
            "ids": self._ids.tolist(),
            "last_id": self._last_id,
            "changes": [
                [each.label, each.time_ns, each.params, each.born]
                + [array.tolist() for array in (each.gone, each.at, each.values)]
                for each in self._changes
            ],
        }

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Take what ``state`` returned. Raises LookupError, TypeError, ValueError: it is something else."""
        if state is None:
            return
        self._now = _State(Layout.from_json(state["layout"]))
        self._paths = [str(path) for path in state["paths"]]
        for label, time_ns, params, born, gone, at, values in state["changes"]:
            change = _Change(
                str(label),
                int(time_ns),
                dict(params),
                int(born),
                np.array(gone, np.int32),
                np.array(at, np.int32),
                np.array(values, np.int64),
            )
            self._now.come_and_go(change.born, change.gone)
            self._add(change, self._now)
        self._ids = np.array(state["ids"], np.int64)
        self._last_id = int(state["last_id"])
        if len(self._ids) != len(self._now.live_rows()) or self._now.rows != len(self._paths):
            raise ValueError("the memcgs of the snapshots are of another number")
