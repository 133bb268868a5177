"""What reclaim by two lists sees of a memcg's memory.stat: counts that are old, until something flushes them.

Models the flushing of mm/memcontrol.c: mem_cgroup_flush_stats() and flush_memcg_stats_dwork(). A kernel flushes every
two seconds, when somebody reads the statistics, and, where a memory.zswap.max is set, at every store. A trace has no
time that says how many accesses two seconds are, so that the first two are taken to be a number of accesses.
"""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.lib.lru_ring import LruRings
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.swap import LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, NR_LRU_LISTS


class MemcgStat:
    """The lengths of each memcg's lists and its activations, as they were at the last flush."""

    def __init__(self, memcgs: MemCgroups, lists: LruRings, stat_flush: int) -> None:
        """Flush each memcg every ``stat_flush`` accesses of its pages; 0: no count is ever old."""
        self.memcgs = memcgs
        self.lists = lists
        self.stat_flush = stat_flush
        self.nr_memcgs = 0
        # memcgs whose activations a flush changed since reclaim looked at them, each once
        self.changed = column(8, INT)
        self.nr_changed = 0
        self.new_memcg()

    def new_memcg(self) -> None:
        """Make room for the next memcg."""
        memcg: cython.int = self.nr_memcgs
        self.nr_memcgs += 1
        if memcg == len(self.changed):
            self.changed = grown(self.changed, 2 * memcg)

    def flush_if_due(self, memcg: cython.int) -> None:
        """Flush a memcg that had its accesses since the last time."""
        if self.memcgs.uses.is_due(memcg):
            self.mem_cgroup_flush_stats(memcg)

    def mem_cgroup_flush_stats(self, memcg: cython.int) -> None:
        """Bring the statistics of a memcg up to date.

        Models mem_cgroup_flush_stats().
        """
        if self.memcgs.memcg[memcg].stat_activations != self.memcgs.memcg[memcg].activations:
            self.memcgs.memcg[memcg].stat_activations = self.memcgs.memcg[memcg].activations
            if not self.memcgs.memcg[memcg].is_changed:
                self.memcgs.memcg[memcg].is_changed = 1
                self.changed[self.nr_changed] = memcg
                self.nr_changed += 1
        self.memcgs.memcg[memcg].stat_inactive = self.lists.size_of(NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON)
        self.memcgs.memcg[memcg].stat_active = self.lists.size_of(NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON)
        if self.stat_flush:
            self.memcgs.uses.flush_every(memcg, self.stat_flush)

    def take_changed(self, at: cython.int) -> cython.int:
        """Take the memcg that stands at a place in ``changed`` out of it, the last one into its place; return it."""
        memcg: cython.int = self.changed[at]
        self.nr_changed -= 1
        self.changed[at] = self.changed[self.nr_changed]
        self.memcgs.memcg[memcg].is_changed = 0
        return memcg

    def stores_flush(self, memcg: cython.int) -> cython.bint:
        """Tell whether every store of a memcg flushes: a memory.zswap.max up the tree is neither max nor 0.

        Models what obj_cgroup_may_zswap() does besides its answer.
        """
        while memcg > ROOT:
            if self.memcgs.memcg[memcg].zswap_max > 0:
                return True
            memcg = self.memcgs.memcg[memcg].parent
        return False
