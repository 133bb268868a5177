"""The memcgs of a trace: their ids, and which of them exist at the current row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zswap_replay.trace.schema import ROOT, parent_path, with_ancestors

_UNBORN, _LIVE, _OFFLINE = range(3)

Fault = tuple[str, str]
"""Two texts for an error: what was found and what was expected."""


class MemcgTable:
    """Paths interned to small integers, and the state of each memcg: unborn (not created yet), live or offline.

    A parent is interned before its children, so that its id is the smaller one; the root is 0 and always
    live. Methods that change a state return what is wrong with the change, or None.
    """

    def __init__(self, paths: list[str]) -> None:
        """Start with all memcgs unborn; `paths` is filled in place and may hold the paths of an earlier reading."""
        self.paths = paths
        self.ids: dict[str, int] = {}
        self._state = bytearray()
        self._parent: list[int] = []
        self._children: list[int] = []
        self.nr_unborn = 0
        """Memcgs that were never created."""
        for path in paths or (ROOT,):
            self._add(path)
        if not paths:
            paths.append(ROOT)
        self._state[0] = _LIVE
        self.nr_unborn -= 1

    def intern(self, path: str) -> int:
        """Return the id of a well-formed path; a new path and its ancestors get the next ids, ancestors first."""
        if path not in self.ids:
            for each in with_ancestors(path):
                if each not in self.ids:
                    self._add(each)
                    self.paths.append(each)
        return self.ids[path]

    def _add(self, path: str) -> None:
        """Give the next id to a path, whose parent has one; the root is its own parent."""
        self.ids[path] = len(self._state)
        self._state.append(_UNBORN)
        self._parent.append(self.ids[parent_path(path)])
        self._children.append(0)
        self.nr_unborn += 1

    def unborn(self) -> npt.NDArray[np.bool_]:
        """Return a mask by memcg id, true where the memcg was never created; the extra last item is for NO_MEMCG."""
        states = np.frombuffer(bytes((*self._state, _LIVE)), np.uint8)
        mask: npt.NDArray[np.bool_] = states == _UNBORN
        return mask

    def is_unborn(self, memcg: int) -> bool:
        """Tell whether the memcg was never created."""
        return self._state[memcg] == _UNBORN

    def is_live(self, memcg: int) -> bool:
        """Tell whether the memcg was created and has not been removed since."""
        return self._state[memcg] == _LIVE

    def create(self, memcg: int) -> Fault | None:
        """Make a memcg live, as mkdir does; its parent must be live and the memcg itself must not."""
        if memcg == 0:
            return "which is always there", "a memcg below the root"
        if self.is_live(memcg):
            return "which is live", "a memcg that is not live"
        parent = self._parent[memcg]
        if not self.is_live(parent):
            return f"whose parent {self.paths[parent]} is not live", "a live parent"
        self.nr_unborn -= self.is_unborn(memcg)
        self._state[memcg] = _LIVE
        self._children[parent] += 1
        return None

    def create_by_use(self, memcg: int) -> Fault | None:
        """Make an unborn memcg live that an event names, and its unborn ancestors before it."""
        unborn = [memcg]
        while self.is_unborn(parent := self._parent[unborn[-1]]):
            unborn.append(parent)
        for each in reversed(unborn):
            fault = self.create(each)
            if fault:
                return fault
        return None

    def remove(self, memcg: int) -> Fault | None:
        """Take a live memcg without live children offline, as rmdir does."""
        if memcg == 0:
            return "which cannot be removed", "a memcg below the root"
        if not self.is_live(memcg):
            return "which is not live", "a live memcg"
        if self._children[memcg]:
            return f"which has live children ({self._children[memcg]})", "a memcg without live children"
        self._state[memcg] = _OFFLINE
        self._children[self._parent[memcg]] -= 1
        return None
