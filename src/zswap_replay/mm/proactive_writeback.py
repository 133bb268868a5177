"""Writeback from zswap that somebody asks for: ``source=zswap`` of memory.reclaim, which no release has.

Models zswap_proactive_writeback() of "mm/zswap: Implement proactive writeback", version 5, 4/6
(https://lkml.iu.edu/hypermail/linux/kernel/2606.3/10085.html), and the cursor of a memcg, struct zswap_wb_iter, that
the series had up to its version 3 (https://lkml.iu.edu/2605.3/01460.html).
"""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.zswap import ShrinkWork, Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.zswap import ENOENT, MAX_RECLAIM_RETRIES, NR_ZSWAP_WB_BATCH


class ProactiveWriteback:
    """Proactive writeback of one machine, with the cursor of each memcg that has one."""

    def __init__(self, release: Release, memcgs: MemCgroups, zswap: Zswap) -> None:
        self.memcgs = memcgs
        self.zswap = zswap
        self.rule_cursor_per_memcg = release.cursor_per_memcg
        # by memcg: the one that its last proactive writeback ended with, -1 at the end of a round. It is online, so
        # that it need not hold a dead memcg in the tree
        self.cursors = column(8, INT, -1)

    def zswap_proactive_writeback(
        self, memcg: cython.int, bytes_to_writeback: cython.longlong
    ) -> cython.Py_ssize_t:
        """Write back entries of a memcg's subtree, in turn, until so many compressed bytes went; return the bytes.

        An entry keeps its second chance. Gives up after 16 times that a memcg with entries gave none, or that a round
        found none with entries (-EAGAIN). Where the memcg may not write back, nothing goes (-EINVAL).
        """
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg):
            return 0
        written: cython.longlong = 0
        failures: cython.int = 0
        scans: cython.int = 0
        visited: cython.int = self.cursor(memcg)
        while written < bytes_to_writeback and failures < MAX_RECLAIM_RETRIES:
            visited = self.next_online(memcg, visited)
            if visited < 0:
                failures += scans == 0
                scans = 0
                continue
            before: cython.longlong = self.zswap.stock.compressed_bytes
            if self.zswap.worker.shrink_memcg_batch(self.zswap, visited, NR_ZSWAP_WB_BATCH) == -ENOENT:
                continue
            scans += 1
            shrunk: cython.longlong = before - self.zswap.stock.compressed_bytes
            failures += shrunk == 0
            written += shrunk
            self.count(visited, shrunk)
        self.set_cursor(memcg, visited)
        return written

    def count(self, memcg: cython.int, size: cython.longlong) -> None:
        """Count ``size`` compressed bytes that went from a memcg, for it and all above it."""
        while memcg >= 0:
            self.memcgs.memcg[memcg].zswpwb_proactive_b += size
            memcg = self.memcgs.memcg[memcg].parent

    # the cursor of a memcg

    def next_online(self, root: cython.int, prev: cython.int) -> cython.int:
        """Return the memcg that is online behind ``prev`` below ``root``; -1 at the end of a round."""
        memcg: cython.int = self.memcgs.mem_cgroup_iter(root, prev)
        while memcg >= 0 and not self.memcgs.memcg[memcg].online:
            memcg = self.memcgs.mem_cgroup_iter(root, memcg)
        return memcg

    def cursor(self, memcg: cython.int) -> cython.int:
        """Return where a walk below a memcg goes on; -1: with itself. The root's is the worker's."""
        if not self.rule_cursor_per_memcg:
            return -1
        if memcg == ROOT:
            return self.work().next_shrink
        return self.cursors[memcg] if memcg < len(self.cursors) else -1

    def set_cursor(self, memcg: cython.int, visited: cython.int) -> None:
        """Keep where a walk below a memcg ended."""
        if not self.rule_cursor_per_memcg:
            return
        if memcg == ROOT:
            self.zswap.worker.set_next_shrink(self.work(), visited)
            return
        while memcg >= len(self.cursors):
            self.cursors = grown(self.cursors, 2 * len(self.cursors), -1)
        self.cursors[memcg] = visited

    def work(self) -> ShrinkWork:
        """Return the work item of all pools, which has the worker's cursor."""
        return self.zswap.pools.shrink_work

    def zswap_memcg_offline_cleanup(self, memcg: cython.int) -> None:
        """Move the cursors of a memcg's ancestors on from it, as it goes offline.

        Models zswap_memcg_offline_cleanup() with a cursor per memcg; ZswapPools does so for the root's.
        """
        root: cython.int = self.memcgs.memcg[memcg].parent
        while root > ROOT:
            if root < len(self.cursors) and self.cursors[root] == memcg:
                self.cursors[root] = self.next_online(root, memcg)
            root = self.memcgs.memcg[root].parent
