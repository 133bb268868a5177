"""Accesses of each memcg's pages, which most rows of a trace count, and at how many its next flush is due."""

import cython
import numpy as np

from zswap_replay.lib.columns import LONGLONG, column, grown

if not cython.compiled:  # compiled, it is the C macro of the .pxd
    from zswap_replay.lib.columns import prefetch


class MemcgUses:
    """The accesses of all memcgs, counted down, so that those of thousands of memcgs stay in the caches."""

    def __init__(self, room: int, nr_nodes: int) -> None:
        self.nr_nodes = nr_nodes
        # by memcg: accesses left until a flush of the statistics is due, 0 and less where it is, and how many there are
        # then; a memcg's first flush is due from the beginning
        self.left = column(room, LONGLONG)
        self.next_flush = column(room, LONGLONG)
        # [memcg * nr_nodes + nid], where there are several nodes
        self.node_accesses = column(room * nr_nodes if nr_nodes > 1 else 0, LONGLONG)

    def count(self, memcg: cython.int, nid: cython.int) -> cython.bint:
        """Count an access to a page on a node; tell, once, that it makes a flush due."""
        if self.nr_nodes > 1:
            self.node_accesses[memcg * self.nr_nodes + nid] += 1
        self.left[memcg] -= 1
        due: cython.bint = self.left[memcg] == 0
        return due

    def next_is_due(self, memcg: cython.int) -> cython.bint:
        """Tell whether the next access to a page of a memcg makes a flush due."""
        due: cython.bint = self.left[memcg] == 1
        return due

    def is_due(self, memcg: cython.int) -> cython.bint:
        """Tell whether a memcg has had the accesses at which a flush is due."""
        due: cython.bint = self.left[memcg] <= 0
        return due

    def flush_every(self, memcg: cython.int, accesses: cython.longlong) -> None:
        """Let the next flush be due where the accesses of a memcg are the next multiple of ``accesses``."""
        done: cython.longlong = self.next_flush[memcg] - self.left[memcg]
        self.left[memcg] = accesses - done % accesses
        self.next_flush[memcg] = done + self.left[memcg]

    def accesses_of(self, memcg: cython.int, nid: cython.int) -> cython.longlong:
        """Return how many accesses a memcg's pages on a node have had."""
        accesses: cython.longlong = self.next_flush[memcg] - self.left[memcg]
        return self.node_accesses[memcg * self.nr_nodes + nid] if self.nr_nodes > 1 else accesses

    def has_counted(self) -> bool:
        """Tell whether any memcg's page was accessed; room that no memcg has yet is 0 in both columns."""
        return bool(np.any(np.asarray(self.left) != np.asarray(self.next_flush)))

    def prefetch(self, memcg: cython.int) -> None:
        """Prefetch what an access counts."""
        if cython.compiled:
            prefetch(cython.address(self.left[memcg]))

    def grow(self, room: cython.int) -> None:
        """Make room for as many memcgs."""
        self.left = grown(self.left, room)
        self.next_flush = grown(self.next_flush, room)
        if self.nr_nodes > 1:
            self.node_accesses = grown(self.node_accesses, room * self.nr_nodes)
