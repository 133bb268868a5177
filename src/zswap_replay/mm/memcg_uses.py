"""Accesses of each memcg's pages, which most rows of a trace count, and at how many its next flush is due."""

import cython

from zswap_replay.lib.columns import LONGLONG, Fields, Records, column, grown

if not cython.compiled:  # compiled, it is the C macro of the .pxd
    from zswap_replay.lib.columns import prefetch

USE: Fields = {"accesses": LONGLONG, "next_flush": LONGLONG}
"""The fields: accesses so far, and those from which on a flush of the statistics is due: 0 before the first one.

They stand by themselves, so that those of thousands of memcgs stay in the caches.
"""


class MemcgUses:
    """The accesses of all memcgs."""

    def __init__(self, room: int, nr_nodes: int) -> None:
        self.nr_nodes = nr_nodes
        # by memcg
        self.records = Records(room, USE)
        self.use = self.records.array
        # [memcg * nr_nodes + nid], where there are several nodes
        self.node_accesses = column(room * nr_nodes if nr_nodes > 1 else 0, LONGLONG)

    def count(self, memcg: cython.int, nid: cython.int) -> cython.bint:
        """Count an access to a page on a node; tell, once, that it makes a flush due."""
        if self.nr_nodes > 1:
            self.node_accesses[memcg * self.nr_nodes + nid] += 1
        self.use[memcg].accesses += 1
        due: cython.bint = self.use[memcg].accesses == self.use[memcg].next_flush
        return due

    def next_is_due(self, memcg: cython.int) -> cython.bint:
        """Tell whether the next access to a page of a memcg makes a flush due."""
        due: cython.bint = self.use[memcg].accesses + 1 == self.use[memcg].next_flush
        return due

    def is_due(self, memcg: cython.int) -> cython.bint:
        """Tell whether a memcg has had the accesses at which a flush is due."""
        due: cython.bint = self.use[memcg].accesses >= self.use[memcg].next_flush
        return due

    def accesses_of(self, memcg: cython.int, nid: cython.int) -> cython.longlong:
        """Return how many accesses a memcg's pages on a node have had."""
        accesses: cython.longlong = self.use[memcg].accesses
        return self.node_accesses[memcg * self.nr_nodes + nid] if self.nr_nodes > 1 else accesses

    def prefetch(self, memcg: cython.int) -> None:
        """Prefetch what an access counts."""
        if cython.compiled:
            prefetch(cython.address(self.use[memcg]))

    def grow(self, room: cython.int) -> None:
        """Make room for as many memcgs."""
        self.use = None
        self.records.resize(room)
        self.use = self.records.array
        if self.nr_nodes > 1:
            self.node_accesses = grown(self.node_accesses, room * self.nr_nodes)
