"""Memcgs in the order in which reclaim goes round them, and which of them a round may pass over.

A kernel visits every memcg below a limit at every priority, and most of thousands have nothing that a mild priority
takes. Such a visit changes nothing, so it is left out here: the counters are those of a walk over all.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, column
from zswap_replay.mm.memcg_stat import MemcgStat
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap import Lruvecs

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.swap import AWAKE, BUSY_SHIFT

    BUSY_MASK = 63
    """What of a place says which of the 1 << BUSY_SHIFT of its block it is."""


class ReclaimOrder:
    """The tree of memcgs as mem_cgroup_iter() goes through it, in columns: those below a memcg stand together."""

    def __init__(self, memcgs: MemCgroups, lruvecs: Lruvecs, stat: MemcgStat) -> None:
        self.memcgs = memcgs
        self.lruvecs = lruvecs
        self.stat = stat
        # how often the tree had changed, and how many memcgs there were, when the columns were made
        self.tree_changes = -1
        self.nr_known = 0
        # the memcgs in order, and by place the one behind the last descendant
        self.order = column(8, INT)
        self.behind = column(8, INT)
        # by block of places whether its memcgs are numbered one behind the other
        self.in_row = column(1, UCHAR)

    def refresh(self) -> None:
        """Bring the columns up to date with the tree."""
        if self.tree_changes != self.memcgs.tree_changes:
            self.rebuild()

    def rebuild(self) -> None:
        """Find the order anew."""
        self.tree_changes = self.memcgs.tree_changes
        if len(self.order) < self.memcgs.nr:
            self.order = column(2 * self.memcgs.nr, INT)
            self.behind = column(2 * self.memcgs.nr, INT)
        place, before = self.lruvecs.place, self.lruvecs.busy
        busy = column(len(before), UCHAR)
        at: cython.int = 0
        memcg: cython.int = self.memcgs.mem_cgroup_iter(ROOT, -1)
        while memcg >= 0:
            busy[at] = before[place[memcg]] if memcg < self.nr_known else AWAKE
            place[memcg] = at
            self.order[at] = memcg
            at += 1
            self.behind[at - 1] = at
            memcg = self.memcgs.mem_cgroup_iter(ROOT, memcg)
        self.lruvecs.busy = busy
        self.lruvecs.most = column(len(busy) >> BUSY_SHIFT, UCHAR, AWAKE)
        self.in_row = column(len(self.lruvecs.most), UCHAR, 1)
        behind: cython.int
        for behind in range(1, at):
            if behind & BUSY_MASK and self.order[behind] != self.order[behind - 1] + 1:
                self.in_row[behind >> BUSY_SHIFT] = 0
        self.nr_known = self.memcgs.nr
        above: cython.int
        while at > 1:
            at -= 1
            above = place[self.memcgs.memcg[self.order[at]].parent]
            if self.behind[above] < self.behind[at]:
                self.behind[above] = self.behind[at]

    def most_of(self, block: cython.int) -> cython.int:
        """Find the most of a block anew, and keep it."""
        at: cython.int
        most: cython.uchar = 0
        for at in range(block << BUSY_SHIFT, (block + 1) << BUSY_SHIFT):
            most = max(most, self.lruvecs.busy[at])
        self.lruvecs.most[block] = most
        return most

    def most_busy(self, first: cython.int, stop: cython.int) -> cython.int:
        """Return one more than the mildest priority at which a memcg between two places has something to do."""
        at: cython.int = first
        end: cython.int
        most: cython.uchar = 0
        while at < stop:
            end = min(stop, (at | BUSY_MASK) + 1)
            if self.lruvecs.most[at >> BUSY_SHIFT] > most and (
                end - at <= BUSY_MASK or self.most_of(at >> BUSY_SHIFT) > most
            ):
                while at < end:
                    most = max(most, self.lruvecs.busy[at])
                    at += 1
            at = end
        return most

    def wake_due(self, first: cython.int, stop: cython.int) -> None:
        """Mark as AWAKE the memcgs between two places whose statistics are flushed at the next visit."""
        at: cython.int = first
        end: cython.int
        memcg: cython.int
        left: cython.longlong
        while at < stop:
            end = min(stop, (at | BUSY_MASK) + 1)
            left = -1
            if self.memcgs.nr_nodes == 1 and self.in_row[at >> BUSY_SHIFT]:
                # below 0 where any is due, which the compiler finds many at a time
                left = 0
                for memcg in range(self.order[at], self.order[at] + end - at):
                    left |= self.stat.next_flush[memcg] - 1 - self.memcgs.accesses[memcg]
            while left < 0 and at < end:
                memcg = self.order[at]
                if self.stat.accesses_of(memcg) >= self.stat.next_flush[memcg]:
                    self.lruvecs.set_busy(at, AWAKE)
                at += 1
            at = end

    def next_busy(self, at: cython.int, stop: cython.int, priority: cython.int) -> cython.int:
        """Return the first place from ``at`` on whose memcg has something to do at a priority; ``stop`` for none."""
        end: cython.int
        block: cython.int
        while at < stop:
            block = at >> BUSY_SHIFT
            end = min(stop, (at | BUSY_MASK) + 1)
            if self.lruvecs.most[block] > priority and (
                end - at <= BUSY_MASK or self.most_of(block) > priority
            ):
                while at < end and self.lruvecs.busy[at] <= priority:
                    at += 1
                if at < end:
                    return at
            at = end
        return stop
