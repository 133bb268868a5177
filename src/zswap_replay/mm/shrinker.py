"""How reclaim asks a cache to shrink: by urgency, in batches, with what was not done put off. Models mm/shrinker.c."""

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.zswap import SHRINK_STOP

    SHRINK_BATCH = 128
    DEFAULT_SEEKS = 2


def scan_share(freeable: cython.longlong, priority: cython.int) -> cython.longlong:
    """Return how many of ``freeable`` objects one call at a priority should scan: all of them twice over at 0.

    Models the delta of do_shrink_slab().
    """
    return (freeable >> priority) * 4 // DEFAULT_SEEKS


def scan_target(
    deferred: cython.longlong, freeable: cython.longlong, priority: cython.int
) -> cython.longlong:
    """Return how many objects a call scans, with a share of those put off; at most twice those that there are.

    Models the total_scan of do_shrink_slab().
    """
    return min((deferred >> priority) + scan_share(freeable, priority), 2 * freeable)


class Shrinker:
    """The zswap shrinker as shrink_slab() sees it; the only one there is here."""

    def __init__(self, memcgs: MemCgroups, zswap: Zswap) -> None:
        self.memcgs = memcgs
        self.zswap = zswap
        # by memcg and node: objects that a call should have scanned and did not
        self.nr_deferred = column(8 * zswap.nr_nodes, LONGLONG)

    def shrink_slab(self, nid: cython.int, memcg: cython.int, priority: cython.int) -> cython.Py_ssize_t:
        """Shrink what a memcg has on a node; return the entries that went. A dead memcg has none.

        Models shrink_slab_memcg().
        """
        if not self.zswap.shrinker_enabled or not (memcg == ROOT or self.memcgs.memcg[memcg].online):
            return 0
        return self.do_shrink_slab(nid, memcg, priority)

    def grow(self, slot: cython.int) -> None:
        """Make room for a memcg and node, and as many more."""
        self.nr_deferred = grown(self.nr_deferred, 2 * (slot + 1))

    def do_shrink_slab(self, nid: cython.int, memcg: cython.int, priority: cython.int) -> cython.Py_ssize_t:
        """Scan a share of the objects that grows with urgency, 128 at a time, and put off what makes no batch.

        Return the entries that went. Models do_shrink_slab().
        """
        freeable: cython.longlong = self.zswap.shrinker.zswap_shrinker_count(self.zswap, nid, memcg)
        if freeable == 0:
            return 0
        slot: cython.int = memcg * self.zswap.nr_nodes + nid
        if slot >= len(self.nr_deferred):
            self.grow(slot)
        deferred: cython.longlong = self.nr_deferred[slot]
        delta: cython.longlong = scan_share(freeable, priority)
        total_scan: cython.longlong = scan_target(deferred, freeable, priority)
        scanned: cython.longlong = 0
        freed: cython.longlong = 0
        part: cython.longlong
        done: cython.longlong
        while total_scan >= SHRINK_BATCH or total_scan >= freeable:
            part = min(total_scan, SHRINK_BATCH)
            done = self.zswap.shrinker.zswap_shrinker_scan(self.zswap, nid, memcg, part)
            if done == SHRINK_STOP:
                break
            freed += done
            total_scan -= part
            scanned += part
        self.nr_deferred[slot] = min(max(deferred + delta - scanned, 0), 2 * freeable)
        return freed
