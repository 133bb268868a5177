"""The LRU lists of resident pages. Models mm/swap.c, and struct lruvec of include/linux/mmzone.h.

Each memcg has two lists, inactive and active, numbered NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON and
LRU_ACTIVE_ANON. Pages are added at the head, and reclaim takes them from the tail.
"""

import cython

from zswap_replay.lib.columns import INT, UCHAR, ULONGLONG, column, grown
from zswap_replay.lib.page_table import PageTable

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import ACTIVE, ISOLATED, ORPHAN
    from zswap_replay.mm.memcontrol import ROOT

    # enum lru_list, as far as anonymous pages go
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    """Lists of a memcg."""
    MAX_SWAPPINESS = 200
    BUSY_SHIFT = 6
    """log2 of the memcgs, in the order of reclaim, that share a word of ``busy``: a block."""
    BUSY_MASK = 63
    """What of a place says which of its block it is."""
    WORDS_SHIFT = 4
    """log2 of the words of a block, one for each priority, and some to spare."""
    AWAKE = 13
    """One more than the mildest priority: reclaim may find something to do at any."""
    ANY_SIZE = 0x7FFFFFFF
    """More pages than a list ever has."""


class Lruvecs:
    """The lists of all memcgs."""

    def __init__(self, pages: PageTable) -> None:
        self.pages = pages
        self.lists = pages.lru
        self.nr_memcgs = 0
        # pages added so far, and how many of them a scan can have seen: a fresh page waits in a per-CPU batch
        self.added = 0
        self.drained = 0
        # by memcg its place in the order of ReclaimOrder, and one more than the mildest priority at which reclaim may
        # find something to do
        self.place = column(1 << BUSY_SHIFT, INT)
        self.busy_until = column(1 << BUSY_SHIFT, UCHAR)
        # by priority the pages of an inactive list from which on reclaim takes one, and at AWAKE, which is none's,
        # more than there ever are
        self.enough = column(AWAKE + 1, INT, ANY_SIZE)
        # [(block of places << WORDS_SHIFT) + priority]: a bit for each memcg in which reclaim may find something to do,
        # and in the same way a bit for each block in which there is one
        self.busy = column(1 << WORDS_SHIFT, ULONGLONG)
        self.busy_blocks = column(1 << WORDS_SHIFT, ULONGLONG)
        self.new_memcg()

    def new_memcg(self) -> None:
        """Make the lists of the next memcg."""
        if self.nr_memcgs == len(self.place):
            self.place = grown(self.place, 2 * self.nr_memcgs)
            self.busy_until = grown(self.busy_until, 2 * self.nr_memcgs)
            self.busy = grown(self.busy, 2 * len(self.busy))
            blocks = ((len(self.place) - 1 >> 2 * BUSY_SHIFT) + 1) << WORDS_SHIFT
            self.busy_blocks = grown(self.busy_blocks, blocks)
        self.busy_until[self.nr_memcgs] = AWAKE
        self.nr_memcgs += 1
        self.lists.new_lists(NR_LRU_LISTS)

    def wake(self, memcg: cython.int) -> None:
        """Let reclaim look at a memcg at any priority."""
        self.set_busy(memcg, AWAKE)

    def wake_all(self) -> None:
        """Let reclaim look at all memcgs."""
        memcg: cython.int
        for memcg in range(self.nr_memcgs):
            self.wake(memcg)

    def set_busy(self, memcg: cython.int, until: cython.int) -> None:
        """Note one more than the mildest priority at which reclaim may find something to do in a memcg.

        Its bit is set up to that priority, and no further: only what has changed is written.
        """
        at: cython.int = self.place[memcg]
        block: cython.int = at >> BUSY_SHIFT
        first: cython.int = block << WORDS_SHIFT
        above: cython.int = block >> BUSY_SHIFT << WORDS_SHIFT
        bit: cython.ulonglong = 1
        block_bit: cython.ulonglong = 1
        bit <<= at & BUSY_MASK
        block_bit <<= block & BUSY_MASK
        priority: cython.int
        for priority in range(self.busy_until[memcg], until):
            self.busy[first + priority] |= bit
            self.busy_blocks[above + priority] |= block_bit
        for priority in range(until, self.busy_until[memcg]):
            self.busy[first + priority] &= ~bit
            if not self.busy[first + priority]:
                self.busy_blocks[above + priority] &= ~block_bit
        self.busy_until[memcg] = until

    def prefetch(self, memcg: cython.int) -> None:
        """Prefetch the rings of a memcg's lists, both in one cache line."""
        self.lists.prefetch(NR_LRU_LISTS * memcg)

    def prefetch_heads(self, memcg: cython.int) -> None:
        """Prefetch the places that a page takes that comes into memory."""
        self.lists.prefetch_head(NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON)
        self.lists.prefetch_head(NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON)

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
        head: cython.int = NR_LRU_LISTS * memcg + (self.pages.flags[page] & ACTIVE != 0)
        self.lists.list_add(head, page)
        size: cython.int = self.lists.size_of(head)
        if self.pages.flags[page] & ACTIVE:
            if size == 1:  # it may be one too many
                self.wake(memcg)
        # one step is enough: a list grows by one page here, ``enough`` by more, and whoever adds many looks again
        elif size >= self.enough[self.busy_until[memcg]]:
            self.set_busy(memcg, self.busy_until[memcg] + 1)

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
