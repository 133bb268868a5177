"""Which limits ran out of room in a replay, when first and by how much: for warnings, no kernel counts this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Shortage:
    """A limit that had no room."""

    limit: str
    """``memory.max``, ``memory.swap.max``, ``disksize`` or ``totalram``."""
    memcg: int
    """The memcg that it is set for, the root for RAM."""
    first_ns: int
    """When that was first, on the trace's clock."""
    first_memcg: int
    """The memcg of the page that it was for."""
    pages: int = 0
    """How many pages there was no room for."""
    wanted: int = 0
    """How many pages there would have to be room for."""


class Shortages:
    """The limits that had no room so far."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, int], Shortage] = {}

    def note(self, limit: str, memcg: int, page_memcg: int, now: int, wanted: int, over: int = 1) -> None:
        """Note that the limit of a memcg had no room for ``over`` pages of one below it at a time, in ns.

        ``wanted`` are the pages that it would have to have room for.
        """
        shortage = self.found.get((limit, memcg))
        if shortage is None:
            shortage = self.found[limit, memcg] = Shortage(limit, memcg, now, page_memcg)
        shortage.pages += over
        shortage.wanted = max(shortage.wanted, wanted)
