"""Why zswap took no page in a replay, and the flags under which it takes some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from zswap_replay.machine.machine import Machine
from zswap_replay.mm.memcontrol import (
    COMPRESS_REJECT,
    MEMCG_LIMIT_REJECT,
    NR_EVENTS,
    POOL_LIMIT_REJECT,
    PSWPOUT,
    ROOT,
)
from zswap_replay.settings import Settings
from zswap_replay.trace.scaled import whole_size
from zswap_replay.units import PAGE_SIZE, listed

_SHOWN: Final = 3
"""Memcgs that a reason names."""
_OTHER_RECIPES: Final = ("server", "desktop")
"""Built-in recipes most of whose pages are stored."""


def why_nothing_stored(
    machine: Machine, paths: Sequence[str], settings: Settings, rate: Fraction | None = None
) -> str:
    """Give every reason why zswap took no page, and the flags that lead to a replay in which it takes some.

    ``paths`` are the trace's memcgs, by number; ``settings`` are as check_settings() gives them. Limits are those of
    the whole where the trace is a sample of ``rate`` of the pages.
    """
    found = _Refusals(machine, paths, settings, rate)
    reasons = list(found.reasons())
    if reasons:
        flags = [*found.flags(found.refused()), *found.content_flags()]
    else:
        reasons = [f"there was no pressure, the {found.resident} resident pages fit in memory"]
        memcg = found.largest()
        flags = [*found.flags(memcg), *found.limit_flags(memcg)]
    return f"{'; '.join(reasons)}; to have some stored: {' '.join(flags)}" if flags else "; ".join(reasons)


class _Refusals:
    """What a machine refused, and what refuses in its settings now."""

    def __init__(
        self, machine: Machine, paths: Sequence[str], settings: Settings, rate: Fraction | None
    ) -> None:
        self._rate = rate
        self._machine = machine
        self._memcgs = machine.memcgs
        self._zswap = machine.zswap
        self._settings = settings
        self._path = {
            index: path for number, path in enumerate(paths) if (index := machine.paths.memcg_of(number)) >= 0
        }
        fields = ("parent", "resident", "swap", "swap_max", "zswap_max")
        self._of: dict[str, list[int]] = {field: machine.memcgs.values(field).tolist() for field in fields}
        """By field, those of the memcgs."""
        self.resident = self._of["resident"][ROOT]

    def reasons(self) -> Iterator[str]:
        """Say what kept pages from being stored; nothing where none was to be."""
        zswap = self._zswap
        if zswap.disabled_reject:
            yield f"enabled {'was' if zswap.enabled else 'is'} 0"
        if zswap.pool_limit_reject:
            yield f"the pool's limit {'was' if zswap.pools.max_pages else 'is'} 0 pages"
        if zswap.memcg_limit_reject:
            yield self._limited("memory.zswap.max", self._without_zswap())
        if self._machine.vmscan.swap_full:
            yield self._limited("memory.swap.max", self._without_swap())
        if zswap.compress_reject:
            yield (
                "no page compressed below 4096 bytes"
                if zswap.non_same_filled_pages_enabled
                else "non_same_filled_pages_enabled is 0"
            )
        if self.all_zero:
            yield "all pages that went out were zero pages, which never reach it"

    @property
    def all_zero(self) -> bool:
        """Whether all pages that went out were zero pages: nothing was refused."""
        zswap = self._zswap
        refused = (
            zswap.disabled_reject
            + zswap.pool_limit_reject
            + zswap.memcg_limit_reject
            + zswap.compress_reject
            + self._machine.vmscan.swap_full
        )
        return self._machine.page_io.swpout_zero > 0 and not refused

    def _limited(self, key: str, limits: dict[int, int]) -> str:
        named = {self._path[index]: pages for index, pages in limits.items() if index in self._path}
        if not named:
            return f"a {key} left no room"
        if len(set(named.values())) == 1:
            return f"{key} of {listed(list(named), _SHOWN)} is {self._bytes(next(iter(named.values())))}"
        return (
            f"{key} is {listed([f'{self._bytes(pages)} of {path}' for path, pages in named.items()], _SHOWN)}"
        )

    def _bytes(self, pages: int) -> int:
        return whole_size(pages * PAGE_SIZE, self._rate)

    def _without_zswap(self) -> dict[int, int]:
        """Return the limits, in pages, of the memcgs that may have nothing in zswap."""
        return {index: 0 for index in range(1, self._memcgs.nr) if self._of["zswap_max"][index] == 0}

    def _without_swap(self) -> dict[int, int]:
        """Return the limits, in pages, of the memcgs that may have no more swap slots."""
        limits = {index: self._of["swap_max"][index] for index in range(1, self._memcgs.nr)}
        return {index: pages for index, pages in limits.items() if 0 <= pages <= self._of["swap"][index]}

    def refused(self) -> int:
        """Choose a memcg whose pages were refused, the one that had the most of them."""
        if self._machine.vmscan.swap_full:
            return self._machine.vmscan.swap_full_memcg
        return max(range(self._memcgs.nr), key=self._refusals)

    def _refusals(self, index: int) -> int:
        events = (MEMCG_LIMIT_REJECT, POOL_LIMIT_REJECT, COMPRESS_REJECT, PSWPOUT)
        return sum(self._events(index, event) for event in events)

    def _events(self, index: int, event: int) -> int:
        nodes = self._memcgs.nr_nodes
        places = range(index * nodes, (index + 1) * nodes)
        return sum(int(self._memcgs.events[place * NR_EVENTS + event]) for place in places)

    def _accesses(self, index: int) -> int:
        return sum(self._memcgs.uses.accesses_of(index, nid) for nid in range(self._memcgs.nr_nodes))

    def largest(self) -> int:
        """Choose a memcg to limit: that with the most resident pages, below the root if any has two.

        Where none has any left, that with the most accesses.
        """
        resident = self._of["resident"]
        own = list(resident)
        for index in range(1, self._memcgs.nr):
            own[self._of["parent"][index]] -= resident[index]
        named = [index for index in self._path if index != ROOT]
        best = max(named, key=lambda index: own[index], default=ROOT)
        if own[best] > 1:
            return best
        if self.resident > 1:
            # a page each: their parent, if it is none of the root's
            return max(named, key=lambda index: resident[index], default=ROOT)
        return max(named, key=lambda index: self._accesses(index), default=ROOT)

    def flags(self, memcg: int) -> Iterator[str]:
        """Give the flags that lift what would refuse a page of a memcg, in any of its ancestors too."""
        zswap, pools = self._zswap, self._zswap.pools
        if zswap.disabled_reject or not zswap.enabled:
            yield "--enabled"
        if not zswap.non_same_filled_pages_enabled:
            yield "--non-same-filled-pages-enabled"
        if zswap.pool_limit_reject or not pools.max_pages:
            yield f"--max-pool-percent={20 if pools.totalram_pages * 20 // 100 else 100}"
        without_zswap, without_swap = self._without_zswap(), self._without_swap()
        while memcg > ROOT:
            for key, limits in (("memory.zswap.max", without_zswap), ("memory.swap.max", without_swap)):
                if memcg in limits and memcg in self._path:
                    yield f"--set {self._path[memcg]}:{key}=max"
            memcg = self._of["parent"][memcg]

    def limit_flags(self, memcg: int) -> Iterator[str]:
        """Give the flags that put a memcg under pressure, by half of what it has; the root by less RAM."""
        own = self._of["resident"][memcg]
        if memcg != ROOT and (own > 1 or self.resident <= 1):
            yield f"--set {self._path[memcg]}:memory.max={self._bytes(max(own // 2, 1))}"
            return
        pages = max(self.resident // 2, 1)
        yield f"--totalram={self._bytes(pages)}"
        if pages * self._zswap.max_pool_percent // 100 == 0:
            yield "--max-pool-percent=100"

    def content_flags(self) -> Iterator[str]:
        """Give the flags for pages that zswap takes in no case: others, or where they are given, another kernel."""
        refused = self._zswap.compress_reject and self._zswap.non_same_filled_pages_enabled
        if not refused and not self.all_zero:
            return
        if self._settings.lengths or self._settings.payload_file:
            yield "--kernel 6.18" if refused else "--kernel 6.8"
        else:
            yield f"--recipe {next(name for name in _OTHER_RECIPES if name != self._settings.recipe)}"
