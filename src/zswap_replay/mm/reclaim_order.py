"""Memcgs in the order in which reclaim goes round them, and which of them a round may pass over.

A kernel visits every memcg below a limit at every priority, and most of thousands have nothing that a mild priority
takes. Such a visit changes nothing, so it is left out here: the counters are those of a walk over all.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, ULONGLONG, column
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap import Lruvecs

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.bits import lowest_bit
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.swap import AWAKE, BUSY_MASK, BUSY_SHIFT, WORDS_SHIFT


class ReclaimOrder:
    """The tree of memcgs as mem_cgroup_iter() goes through it, in columns: those below a memcg stand together."""

    def __init__(self, memcgs: MemCgroups, lruvecs: Lruvecs) -> None:
        self.memcgs = memcgs
        self.lruvecs = lruvecs
        # how often the tree had changed when the columns were made
        self.tree_changes = -1
        # the memcgs in order, and by place the one behind the last descendant
        self.order = column(8, INT)
        self.behind = column(8, INT)

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
        place = self.lruvecs.place
        until = column(self.memcgs.nr, UCHAR)
        at: cython.int = 0
        memcg: cython.int = self.memcgs.mem_cgroup_iter(ROOT, -1)
        while memcg >= 0:
            until[at] = self.lruvecs.busy_until[memcg]
            place[memcg] = at
            self.order[at] = memcg
            at += 1
            self.behind[at - 1] = at
            memcg = self.memcgs.mem_cgroup_iter(ROOT, memcg)
        self.lruvecs.busy = column(len(self.lruvecs.busy), ULONGLONG)
        self.lruvecs.busy_blocks = column(len(self.lruvecs.busy_blocks), ULONGLONG)
        # a memcg that has left the tree has no place, and is AWAKE, as a new one is: set_busy() writes no bit for it
        for memcg in range(self.memcgs.nr):
            self.lruvecs.busy_until[memcg] = AWAKE
        each: cython.int
        for each in range(at):
            self.lruvecs.busy_until[self.order[each]] = 0
            self.lruvecs.set_busy(self.order[each], until[each])
        above: cython.int
        while at > 1:
            at -= 1
            above = place[self.memcgs.memcg[self.order[at]].parent]
            if self.behind[above] < self.behind[at]:
                self.behind[above] = self.behind[at]

    def next_busy(self, at: cython.int, stop: cython.int, priority: cython.int) -> cython.int:
        """Return the first place from ``at`` on whose memcg has something to do at a priority; ``stop`` for none."""
        if at >= stop:
            return stop
        block: cython.int = at >> BUSY_SHIFT
        found: cython.ulonglong = self.lruvecs.busy[(block << WORDS_SHIFT) + priority] >> (at & BUSY_MASK)
        if found:
            return min(at + lowest_bit(found), stop)
        block += 1
        while block << BUSY_SHIFT < stop:
            found = self.lruvecs.busy_blocks[(block >> BUSY_SHIFT << WORDS_SHIFT) + priority]
            found >>= block & BUSY_MASK
            if found:
                block += lowest_bit(found)
                found = self.lruvecs.busy[(block << WORDS_SHIFT) + priority]
                return min((block << BUSY_SHIFT) + lowest_bit(found), stop)
            block = (block | BUSY_MASK) + 1
        return stop
