"""What the next events will touch, found and asked for before they come.

Most of a replay's time is waiting for memory. Loads that do not depend on each other wait together, so each step is
done for AHEAD events before the next step of any, and asks for what the next step needs.
"""

import cython

from zswap_replay.lib.columns import INT, ULONGLONG, column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.machine.events import Events
from zswap_replay.machine.memcg_paths import MemcgPaths
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.swap import Lruvecs
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_SHIFT
    from zswap_replay.lib.event_codes import PAGEOUT, SETTLE, WRITE
    from zswap_replay.lib.page_table import NR_RETURNED, PRESENT
    from zswap_replay.machine.events import AHEAD

    SOON = 16
    """Events after which what look() asked for of memcgs is there."""
    FEW_MEMCGS = 64
    """Memcgs that stay in the caches unasked."""


class LookAhead:
    """The pages of the next events, and those of them that will fault."""

    def __init__(
        self,
        pages: PageTable,
        memcgs: MemCgroups,
        paths: MemcgPaths,
        lruvecs: Lruvecs,
        page_io: PageIo,
        zswap: Zswap,
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.paths = paths
        self.lruvecs = lruvecs
        self.page_io = page_io
        self.zswap = zswap
        # by event, of those behind both, its memcg, or -1, and where in the table the search begins
        self.sought_memcg = column(AHEAD, INT)
        self.sought = column(AHEAD, ULONGLONG)
        # by event the index of its page, or 0, which is no page's, and its memcg, or -1. Those that were looked at, up
        # to ``stop``, stand from ``base`` on, which is 0 or AHEAD: the event i at i - ``first``. Those behind them are
        # in the other half
        self.index = column(2 * AHEAD, INT)
        self.memcg = column(2 * AHEAD, INT)
        self.base = 0
        self.first = 0
        self.stop = -1
        # the pages of them that are in memory and will be written to
        self.written = column(AHEAD, INT)
        # by event those that are no hit; where memcgs are many, the first nr_faults are their pages, 0 for one that was
        # not found, each of another memcg than the one before, and which
        self.faults = column(AHEAD, INT)
        self.fault_memcg = column(AHEAD, INT)
        self.nr_faults = 0

    def begin(self) -> None:
        """Begin anew: other events come next, or memcgs have changed."""
        self.stop = -1

    def page_at(self, i: cython.Py_ssize_t) -> cython.int:
        """Return the index of the page of an event that was looked at, or 0 where it was not found."""
        return self.index[i - self.first]

    def memcg_at(self, i: cython.Py_ssize_t) -> cython.int:
        """Return the memcg of an event that was looked at; -1 where it names none, or its page was not looked for."""
        return self.memcg[i - self.first]

    def look(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Find the pages of the events from ``start`` on, ask for what they will need; return the event behind them."""
        if events.page_index.shape[0]:  # type: ignore[index]
            self.take(events, start, stop)
        else:
            self.find(events, start, stop)
        self.first = start - self.base
        self.ask_for_pages(events, start)
        events.prefetch(self.stop + AHEAD, stop)
        if self.memcgs.nr > FEW_MEMCGS:
            self.ask_for_memcgs()
            self.ask_for_uses(start)
        if self.page_io.has_lengths_found():
            self.name_pageouts(events, start)
        return self.stop

    def find_memcg(self, events: Events, i: cython.Py_ssize_t) -> cython.int:
        """Find the memcg that an event names; return it, or -1 where there is none."""
        path: cython.int = events.memcg[i]
        known: cython.bint = 0 <= path < self.paths.memcg.shape[0]  # type: ignore[index]
        return self.paths.memcg[path] if known else -1

    # ---- finding pages ----

    def find(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> None:
        """Find the pages of the events from ``start`` on; those of more than one page are left out."""
        if start != self.stop:
            self.seek(events, start, stop)
            self.find_next(events, start, stop)
            self.seek(events, start + AHEAD, stop)
        self.base = AHEAD - self.base
        self.stop = min(stop, start + AHEAD)
        self.find_next(events, self.stop, stop)
        self.seek(events, self.stop + AHEAD, stop)

    # seek() and find_next() treat every event alike, also one that names no page, whose memcg is -1 and has none: where
    # the table and the columns are, a compiler that sees the whole loop reads once.

    def seek(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> None:
        """Find where the search for the pages of the events from ``start`` on begins, and ask for what is there."""
        i: cython.Py_ssize_t
        memcg: cython.int
        for i in range(start, min(stop, start + AHEAD)):
            memcg = self.find_memcg(events, i) if events.event[i] < SETTLE and events.count[i] == 1 else -1
            self.sought_memcg[i - start] = memcg
            self.sought[i - start] = self.pages.table.begin(memcg, events.page[i] >> BLOCK_SHIFT)

    def find_next(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> None:
        """Find the pages of the events from ``start`` on, for which seek() was called, and ask for their flags."""
        i: cython.Py_ssize_t
        first: cython.Py_ssize_t = start - (AHEAD - self.base)
        memcg: cython.int
        index: cython.int
        for i in range(start, min(stop, start + AHEAD)):
            memcg = self.sought_memcg[i - start]
            index = self.pages.index_from(self.sought[i - start], memcg, events.page[i])
            self.memcg[i - first] = memcg
            self.index[i - first] = index
            self.pages.prefetch_flags(index)

    def take(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> None:
        """Take the pages of the events ``start`` on from what PageIndices found; those not there yet are left out."""
        i: cython.Py_ssize_t
        first: cython.Py_ssize_t = start - self.base
        index: cython.int
        known: cython.int = (self.pages.nr_blocks << BLOCK_SHIFT) - NR_RETURNED
        self.stop = min(stop, start + AHEAD)
        for i in range(start, self.stop):
            index = events.page_index[i]
            self.memcg[i - first] = self.find_memcg(events, i)
            self.index[i - first] = index + NR_RETURNED if 0 <= index < known else 0

    # ---- asking for what they need ----

    def ask_for_pages(self, events: Events, start: cython.Py_ssize_t) -> None:
        """Ask for the pages that will be written to, and those of events that are no hit; list the memcgs of these."""
        i: cython.Py_ssize_t
        at: cython.int
        index: cython.int
        kind: cython.int
        present: cython.int
        memcg: cython.int
        last: cython.int = -1
        writes: cython.Py_ssize_t = 0
        faults: cython.Py_ssize_t = 0
        # sorted without a branch: which events write, or are no hit, nobody foresees, and a wrong guess costs more
        for i in range(start, self.stop):
            index = self.page_at(i)
            kind = events.event[i]
            present = self.pages.flags[index] & PRESENT
            self.written[writes] = index
            writes += present & (kind == WRITE)
            self.faults[faults] = i - start
            faults += (present ^ PRESENT) | (kind > WRITE)
        for i in range(writes):
            self.pages.prefetch_version(self.written[i])
        self.nr_faults = 0
        for i in range(faults):
            at = self.faults[i]
            index = self.page_at(start + at)
            self.pages.prefetch(index)
            self.pages.prefetch_block(index)
            if self.memcgs.nr > FEW_MEMCGS:
                memcg = self.memcg_at(start + at)
                self.faults[self.nr_faults] = index
                self.fault_memcg[self.nr_faults] = memcg
                self.nr_faults += memcg not in (last, -1)
                last = memcg

    def ask_for_memcgs(self) -> None:
        """Ask for what the faults will need of their memcgs."""
        memcg: cython.int
        i: cython.int
        for i in range(self.nr_faults):
            memcg = self.fault_memcg[i]
            self.memcgs.prefetch(memcg)
            self.lruvecs.prefetch(memcg)
            self.zswap.pools.current.lru.prefetch(0, memcg)

    def look_closer(self) -> None:
        """Ask for the places of their lists that the faults will need, once the rings are there."""
        page: cython.int
        memcg: cython.int
        i: cython.int
        for i in range(self.nr_faults):
            page = self.faults[i]
            memcg = self.fault_memcg[i]
            self.lruvecs.prefetch_heads(memcg)
            self.zswap.pools.current.lru.prefetch_places(page, self.pages.page[page].node, memcg)

    def ask_for_uses(self, start: cython.Py_ssize_t) -> None:
        """Ask for what the accesses of the events from ``start`` on, which come next, count of their memcgs."""
        i: cython.Py_ssize_t
        for i in range(start, self.stop):
            self.memcgs.uses.prefetch(max(self.memcg_at(i), 0))

    def name_pageouts(self, events: Events, start: cython.Py_ssize_t) -> None:
        """Let other processes find the lengths of pages that events from ``start`` on write, of those looked at."""
        i: cython.Py_ssize_t
        page: cython.int
        for i in range(start, self.stop):
            page = self.page_at(i)
            if page and events.event[i] == PAGEOUT:
                self.page_io.look_ahead_at_pageout(page, events.content[i], events.has_content[i] != 0)
