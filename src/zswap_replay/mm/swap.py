"""The LRU lists of resident pages. Models mm/swap.c, and struct lruvec of include/linux/mmzone.h.

Each memcg has two lists, inactive and active, numbered NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON and
LRU_ACTIVE_ANON. Pages are added at the head, and reclaim takes them from the tail.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch
    from zswap_replay.lib.page_table import ACTIVE, ISOLATED, ORPHAN
    from zswap_replay.mm.memcontrol import ROOT

    # enum lru_list, as far as anonymous pages go
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    """Lists of a memcg."""
    MAX_SWAPPINESS = 200
    BUSY_SHIFT = 6
    """log2 of the memcgs, in the order of reclaim, that share a byte of ``most``."""
    AWAKE = 255
    """In place of a priority: reclaim may find something to do at any."""


class Lruvecs:
    """The lists of all memcgs."""

    def __init__(self, pages: PageTable) -> None:
        self.pages = pages
        self.lists = pages.lru
        self.nr_memcgs = 0
        # pages added so far, and how many of them a scan can have seen: a fresh page waits in a per-CPU batch
        self.added = 0
        self.drained = 0
        # by memcg its place in the order of ReclaimOrder; by place one more than the mildest priority at which reclaim
        # may find something to do, or AWAKE
        self.place = column(1 << BUSY_SHIFT, INT)
        self.busy = column(1 << BUSY_SHIFT, UCHAR)
        # by block of places the most of these, or more: what has gone down since is found by ReclaimOrder
        self.most = column(1, UCHAR)
        self.new_memcg()

    def new_memcg(self) -> None:
        """Make the lists of the next memcg."""
        if self.nr_memcgs == len(self.busy):
            self.busy = grown(self.busy, 2 * self.nr_memcgs)
            self.place = grown(self.place, 2 * self.nr_memcgs)
            self.most = grown(self.most, 2 * len(self.most))
        self.nr_memcgs += 1
        self.lists.new_lists(NR_LRU_LISTS)

    def wake(self, memcg: cython.int) -> None:
        """Let reclaim look at a memcg, in which something has changed that the lists do not show."""
        self.set_busy(self.place[memcg], AWAKE)

    def wake_all(self) -> None:
        """Let reclaim look at all memcgs."""
        at: cython.int
        for at in range(self.nr_memcgs):
            self.set_busy(at, AWAKE)

    def set_busy(self, at: cython.int, until: cython.int) -> None:
        """Note at a place of the order one more than the mildest priority at which there is something to do."""
        self.busy[at] = until
        if self.most[at >> BUSY_SHIFT] < until:
            self.most[at >> BUSY_SHIFT] = until

    def prefetch(self, memcg: cython.int) -> None:
        """Prefetch the rings of a memcg's lists, both of which are in one cache line."""
        if cython.compiled:
            prefetch(cython.address(self.place[memcg]))
            self.lists.prefetch(NR_LRU_LISTS * memcg)

    def prefetch_ends(self, memcg: cython.int) -> None:
        """Prefetch the places at the ends of a memcg's lists."""
        self.lists.prefetch_ends(NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON)
        self.lists.prefetch_ends(NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON)

    def give_up(self, memcg: cython.int) -> None:
        """Free the room of the lists of a memcg that is removed, where no page is left on them."""
        self.wake(memcg)
        head: cython.int
        for head in range(NR_LRU_LISTS * memcg, NR_LRU_LISTS * memcg + NR_LRU_LISTS):
            self.lists.give_up(head)

    def forget_block(self, block: cython.int) -> None:
        """Forget what the lists know of the pages of a block, which are absent: nothing."""

    def lruvec_add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page at the head of the list of its memcg that its flag ACTIVE names.

        Models lruvec_add_folio(), include/linux/mm_inline.h.
        """
        self.pages.flags[page] &= ~ISOLATED
        at: cython.int = self.place[memcg]
        if self.busy[at] != AWAKE:
            self.set_busy(at, AWAKE)
        self.lists.list_add(NR_LRU_LISTS * memcg + (self.pages.flags[page] & ACTIVE != 0), page)

    def lruvec_del_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Take a page off its list.

        Models lruvec_del_folio(), include/linux/mm_inline.h.
        """
        self.lists.list_del(NR_LRU_LISTS * memcg + (self.pages.flags[page] & ACTIVE != 0), page)

    def folio_add_lru(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page that comes into memory on a list.

        Models folio_add_lru().
        """
        self.added += 1
        self.lruvec_add_folio(page, memcg)

    def lru_reparent_memcg(self, memcg: cython.int, parent: cython.int) -> cython.int:
        """Give the pages of a memcg that is removed to its parent, where reclaim takes them first; return how many.

        Models lru_reparent_memcg(), from 7.1 on.
        """
        head: cython.int
        moved: cython.int = 0
        self.wake(parent)
        for head in range(NR_LRU_LISTS):
            for page in self.lists.in_order(NR_LRU_LISTS * memcg + head):
                self.pages.page[page].memcg = parent
                if parent == ROOT:
                    self.pages.flags[page] |= ORPHAN
                moved += 1
            self.lists.list_splice_tail_init(NR_LRU_LISTS * memcg + head, NR_LRU_LISTS * parent + head)
        return moved

    def folio_rotate_reclaimable(self, page: cython.int, memcg: cython.int) -> None:
        """Move an inactive page whose write has ended to the tail, where reclaim takes it next.

        A page that is active or isolated by then stays where it is. Models folio_rotate_reclaimable().
        """
        if not self.pages.flags[page] & (ACTIVE | ISOLATED):
            self.lists.list_move_tail(NR_LRU_LISTS * memcg, page)
