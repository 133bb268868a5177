"""Which point comes next, so that a codec compresses each content once for the whole grid.

Points whose lengths hold for one another, those of one codec and one payload, are a group. What a point has learned is
told to every point of its group that starts later. So that there is something to tell, the first point of a group runs
alone in it; and as long as there are groups enough to keep every worker busy, each group runs one point at a time, and
no content is compressed for two points. A worker that would be idle otherwise takes a further point of the group with
the fewest under way: two such points compress a content twice if both are the first to meet it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Group:
    waiting: deque[int] = field(default_factory=deque)
    running: int = 0
    ended: int = 0


class Schedule:
    """The points in the order in which they start; ``groups`` are pairs of a point and its group, as in the grid."""

    def __init__(self, groups: Iterable[tuple[int, Hashable]]) -> None:
        self._groups: dict[Hashable, _Group] = {}
        self._group_of: dict[int, _Group] = {}
        for point, name in groups:
            group = self._groups.setdefault(name, _Group())
            group.waiting.append(point)
            self._group_of[point] = group

    def next(self) -> int | None:
        """Return the point to start now; None while there is none, or none before another one has ended."""
        ready = [
            group for group in self._groups.values() if group.waiting and (group.ended or not group.running)
        ]
        if not ready:
            return None
        group = min(ready, key=lambda each: each.running)
        group.running += 1
        return group.waiting.popleft()

    def ended(self, point: int, *, learned: bool) -> None:
        """Note that a point has ended; where it failed, its group has not learned from it."""
        group = self._group_of[point]
        group.running -= 1
        group.ended += learned
