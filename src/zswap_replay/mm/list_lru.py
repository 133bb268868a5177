"""LRU lists by memcg and NUMA node. Models mm/list_lru.c."""

import cython

from zswap_replay.lib.columns import INT, column, grown
from zswap_replay.lib.lru_ring import LruRings

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    # what a walk's callback did with an item: enum lru_status
    LRU_REMOVED = 0
    LRU_REMOVED_RETRY = 1
    LRU_ROTATE = 2
    LRU_SKIP = 3
    LRU_RETRY = 4
    LRU_STOP = 5


class LruWalk:
    """The callback of a walk, with what is left of its budget."""

    def __init__(self) -> None:
        self.nr_to_walk = 0

    def list_lru_walk_cb(self, lru: "ListLru", head: cython.int, item: cython.int) -> cython.int:
        """Look at an item of the list ``head``; return an LRU_ value. Models list_lru_walk_cb.

        What derives from this class and is compiled overrides this, and what is not look_at().
        """
        return self.look_at(lru, head, item)

    def look_at(self, lru: "ListLru", head: cython.int, item: cython.int) -> cython.int:
        """Do as list_lru_walk_cb() does, under the interpreter's lock."""
        raise NotImplementedError


class ListLru:
    """One LRU list for each memcg and node, oldest item at the head; where not memcg-aware, a single one for all."""

    def __init__(self, heads: LruRings, nr_nodes: int, memcg_aware: bool) -> None:
        self.heads = heads
        self.nr_nodes = nr_nodes if memcg_aware else 1
        self.memcg_aware = memcg_aware
        self.base = column(8, INT, -1)

    def memcg_list_lru_alloc(self, memcg: cython.int) -> cython.int:
        """Make the lists of a memcg, one a node; return the number of the first."""
        if memcg >= len(self.base):
            self.base = grown(self.base, 2 * memcg, -1)
        self.base[memcg] = self.heads.new_lists(self.nr_nodes)
        return self.base[memcg]

    def head_of(self, nid: cython.int, memcg: cython.int) -> cython.int:
        """Return the number of the list of a memcg and node, or -1 where it never had an item."""
        if not self.memcg_aware:
            return self.base[0]
        return self.base[memcg] + nid if memcg < len(self.base) and self.base[memcg] >= 0 else -1

    def prefetch(self, nid: cython.int, memcg: cython.int) -> None:
        """Prefetch the ring of the list of a memcg and node."""
        head: cython.int = self.head_of(nid, memcg)
        if head >= 0:
            self.heads.prefetch(head)

    def prefetch_places(self, item: cython.int, nid: cython.int, memcg: cython.int) -> None:
        """Prefetch the places at the ends of a list, and that of an item of it."""
        head: cython.int = self.head_of(nid, memcg)
        if head >= 0:
            self.heads.prefetch_ends(head)
            self.heads.prefetch_place(item)

    def list_lru_add(self, item: cython.int, nid: cython.int, memcg: cython.int) -> None:
        """Put an item at the tail of the list of a memcg and node.

        Models list_lru_add().
        """
        head: cython.int = self.head_of(nid, memcg)
        if head < 0:
            head = self.memcg_list_lru_alloc(memcg if self.memcg_aware else 0) + (
                nid if self.memcg_aware else 0
            )
        self.heads.list_add_tail(head, item)

    def list_lru_del(self, item: cython.int, nid: cython.int, memcg: cython.int) -> None:
        """Take an item off its list.

        Models list_lru_del().
        """
        self.heads.list_del(self.head_of(nid, memcg), item)

    def list_lru_move_tail(self, item: cython.int, nid: cython.int, memcg: cython.int) -> None:
        """Move an item to the tail of the list that it is on."""
        self.heads.list_move_tail(self.head_of(nid, memcg), item)

    def list_lru_replace(self, old: cython.int, new: cython.int) -> None:
        """Put an item that is on no list in the place of one that is."""
        self.heads.list_replace(old, new)

    def list_lru_count_one(self, nid: cython.int, memcg: cython.int) -> cython.int:
        """Return how many items the list of a memcg and node has.

        Models list_lru_count_one().
        """
        head: cython.int = self.head_of(nid, memcg)
        return self.heads.size_of(head) if head >= 0 else 0

    def list_lru_walk_one(
        self, nid: cython.int, memcg: cython.int, walk: LruWalk, nr_to_walk: cython.int
    ) -> cython.int:
        """Show up to ``nr_to_walk`` items to ``walk``, from the head on; return how many of them were removed.

        ``walk.nr_to_walk`` is what is left of that budget. Models __list_lru_walk_one(): an item costs one unit before
        it is shown, whatever becomes of it.
        """
        walk.nr_to_walk = nr_to_walk
        head: cython.int = self.head_of(nid, memcg)
        if head < 0:
            return 0
        isolated: cython.int = 0
        item: cython.int = self.heads.first(head)
        behind: cython.int
        done: cython.int
        while item >= 0 and walk.nr_to_walk > 0:
            walk.nr_to_walk -= 1
            behind = self.heads.next(head, item)
            done = walk.list_lru_walk_cb(self, head, item)
            if done == LRU_REMOVED or done == LRU_REMOVED_RETRY:
                isolated += 1
            if done == LRU_ROTATE:
                self.heads.list_move_tail(head, item)
            elif done == LRU_RETRY or done == LRU_REMOVED_RETRY:
                behind = self.heads.first(head)
            elif done == LRU_STOP:
                break
            item = behind
        return isolated

    def memcg_reparent_list_lrus(self, memcg: cython.int, parent: cython.int) -> None:
        """Put the items of a memcg that dies at the head of its parent's lists.

        Models memcg_reparent_list_lrus().
        """
        if not self.memcg_aware or self.head_of(0, memcg) < 0:
            return
        if self.head_of(0, parent) < 0:
            self.memcg_list_lru_alloc(parent)
        nid: cython.int
        for nid in range(self.nr_nodes):
            self.heads.list_splice_init(self.head_of(nid, memcg), self.head_of(nid, parent))
