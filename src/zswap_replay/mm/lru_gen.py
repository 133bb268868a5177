"""Resident pages by generation, where MGLRU is on. Models the lru_gen parts of include/linux/mmzone.h and mm_inline.h.

A memcg has MIN_NR_GENS to MAX_NR_GENS generations, numbered from ``min_seq``, the oldest, to ``max_seq``, the youngest;
that of number seq is list MAX_NR_GENS * memcg + seq % MAX_NR_GENS. Aging renumbers pages without moving them: a page's
generation may be younger than the list that it is on, and the sizes go by the former.
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.pgtable import PteTables
from zswap_replay.mm.swap import Lruvecs

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_SHIFT
    from zswap_replay.lib.page_table import (
        ACCESSED,
        ACTIVE,
        DIRTY,
        ISOLATED,
        ORPHAN,
        SWAPCACHE,
        WRITEBACK,
        YOUNG,
    )
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.page_writeback import FOLIO_BATCH

    MIN_NR_GENS = 2
    MAX_NR_GENS = 4
    # bits of LruGenLists.state
    GEN_MASK = 7
    """Its generation modulo MAX_NR_GENS, plus one; 0: it is on no list."""
    LIST_SHIFT = 3
    LIST_MASK = 24
    """The generation, modulo MAX_NR_GENS, whose list it is on."""
    WORKINGSET = 32
    """It came back, by writeback, while its generation was still the oldest: it gets another round, once."""
    FRESH = 64
    """It waits in the batch of pages that go on a list."""
    ACTIVATED = 128
    """It waits in the batch of pages that go to the youngest generation, and cannot be isolated."""


class LruGenLists(Lruvecs):
    """The generations of all memcgs, and the page tables that aging walks."""

    def __init__(self, pages: PageTable) -> None:
        self.tables = PteTables(pages)
        # by page: GEN_MASK and what follows
        self.state = column(256, UCHAR)
        # by memcg
        self.max_seq = column(8, LONGLONG)
        self.min_seq = column(8, LONGLONG)
        # [memcg * MAX_NR_GENS + generation]: pages of that generation
        self.nr_pages = column(8 * MAX_NR_GENS, INT)
        # pages that wait: struct cpu_fbatches
        self.lru_add = column(FOLIO_BATCH, INT)
        self.lru_activate = column(FOLIO_BATCH, INT)
        self.nr_lru_add = 0
        self.nr_lru_activate = 0
        super().__init__(pages)

    def new_memcg(self) -> None:
        """Make the generations of the next memcg. Models lru_gen_init_lruvec(), mm/vmscan.c."""
        memcg: cython.int = self.nr_memcgs
        self.nr_memcgs += 1
        self.lists.new_lists(MAX_NR_GENS)
        if memcg >= len(self.max_seq):
            self.max_seq = grown(self.max_seq, 2 * memcg)
            self.min_seq = grown(self.min_seq, 2 * memcg)
            self.nr_pages = grown(self.nr_pages, 2 * memcg * MAX_NR_GENS)
        self.max_seq[memcg] = MIN_NR_GENS + 1
        self.min_seq[memcg] = 0

    def wake(self, memcg: cython.int) -> None:
        """Do nothing: reclaim by generations passes over no memcg."""

    def prefetch(self, memcg: cython.int) -> None:
        """Do nothing: a page that comes into memory waits in a batch, and goes on no list yet."""

    def prefetch_heads(self, memcg: cython.int) -> None:
        """Do nothing, likewise."""

    def give_up(self, memcg: cython.int) -> None:
        """Free the room of the lists of a memcg that is removed, where no page is left on them."""
        head: cython.int
        for head in range(MAX_NR_GENS * memcg, MAX_NR_GENS * memcg + MAX_NR_GENS):
            self.lists.give_up(head)

    def forget_block(self, block: cython.int) -> None:
        """Forget the pages of a block, which are absent; one that waited in a batch when it was freed waits no more."""
        page: cython.int
        i: cython.int
        self.tables.forget_block(block)
        for page in range(block << BLOCK_SHIFT, (block + 1) << BLOCK_SHIFT):
            if page < len(self.state):
                self.state[page] = 0
        for i in range(self.nr_lru_add):
            if self.lru_add[i] >> BLOCK_SHIFT == block:
                self.lru_add[i] = 0  # no page, and on no list
        for i in range(self.nr_lru_activate):
            if self.lru_activate[i] >> BLOCK_SHIFT == block:
                self.lru_activate[i] = 0

    def nr_gens(self, memcg: cython.int) -> cython.int:
        """Return how many generations a memcg has now."""
        gens: cython.longlong = self.max_seq[memcg] - self.min_seq[memcg] + 1
        return gens

    # ---- one page ----

    def make_room(self, page: cython.int) -> None:
        """Let a page have a state."""
        if page >= len(self.state):
            self.grow()

    def grow(self) -> None:
        """Make room for all pages of the table."""
        self.state = grown(self.state, self.pages.room << BLOCK_SHIFT)

    def folio_set_workingset(self, page: cython.int) -> None:
        """Let a page that comes back have another round."""
        self.make_room(page)
        self.state[page] |= WORKINGSET

    def lruvec_add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page at the head of a generation."""
        self.lru_gen_add_folio(page, memcg, False)

    def lru_gen_add_folio(self, page: cython.int, memcg: cython.int, reclaiming: cython.bint) -> None:
        """Put a page into the generation that its flags ask for: at the head, or, ``reclaiming``, at the tail.

        Models lru_gen_add_folio() and lru_gen_folio_seq().
        """
        self.make_room(page)
        flags: cython.int = self.pages.flags[page]
        seq: cython.longlong
        if flags & ACTIVE:
            seq = self.max_seq[memcg]
        elif not flags & SWAPCACHE or flags & WRITEBACK:
            seq = self.max_seq[memcg] - 1
        elif reclaiming or self.min_seq[memcg] + MIN_NR_GENS >= self.max_seq[memcg]:
            seq = self.min_seq[memcg]
        else:
            seq = self.min_seq[memcg] + 1
        gen: cython.int = seq % MAX_NR_GENS
        self.pages.flags[page] = flags & ~(ACTIVE | ISOLATED)
        self.state[page] = (self.state[page] & WORKINGSET) | (gen + 1) | gen << LIST_SHIFT
        self.nr_pages[memcg * MAX_NR_GENS + gen] += 1
        if reclaiming:
            self.lists.list_add_tail(memcg * MAX_NR_GENS + gen, page)
        else:
            self.lists.list_add(memcg * MAX_NR_GENS + gen, page)

    def lruvec_del_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Take a page off its list, or out of the batch in which it waits. Models lru_gen_del_folio()."""
        state: cython.int = self.state[page]
        if state & GEN_MASK:
            self.nr_pages[memcg * MAX_NR_GENS + (state & GEN_MASK) - 1] -= 1
            self.lists.list_del(memcg * MAX_NR_GENS + ((state & LIST_MASK) >> LIST_SHIFT), page)
        self.state[page] = 0

    def folio_lru_gen(self, page: cython.int) -> cython.int:
        """Return a page's generation modulo MAX_NR_GENS, or -1."""
        return (self.state[page] & GEN_MASK) - 1

    def folio_update_gen(self, page: cython.int, memcg: cython.int, gen: cython.int) -> cython.bint:
        """Give a page another generation, on the list where it is; return False where it is on none.

        Models folio_update_gen(), mm/vmscan.c.
        """
        state: cython.int = self.state[page]
        if not state & GEN_MASK:
            return False
        self.nr_pages[memcg * MAX_NR_GENS + (state & GEN_MASK) - 1] -= 1
        self.nr_pages[memcg * MAX_NR_GENS + gen] += 1
        self.state[page] = (state & ~(GEN_MASK | WORKINGSET)) | (gen + 1)
        return True

    def move_to_gen(self, page: cython.int, memcg: cython.int, gen: cython.int, tail: cython.bint) -> None:
        """Move a page to the head or tail of a generation's list, which is its own from then on."""
        state: cython.int = self.state[page]
        self.lists.list_del(memcg * MAX_NR_GENS + ((state & LIST_MASK) >> LIST_SHIFT), page)
        self.nr_pages[memcg * MAX_NR_GENS + (state & GEN_MASK) - 1] -= 1
        self.nr_pages[memcg * MAX_NR_GENS + gen] += 1
        self.state[page] = (state & ~(GEN_MASK | LIST_MASK)) | (gen + 1) | gen << LIST_SHIFT
        if tail:
            self.lists.list_add_tail(memcg * MAX_NR_GENS + gen, page)
        else:
            self.lists.list_add(memcg * MAX_NR_GENS + gen, page)

    def lru_reparent_memcg(self, memcg: cython.int, parent: cython.int) -> cython.int:
        """Give the pages of a memcg that is removed to its parent, each to the generation of its age; return how many.

        Models lru_gen_reparent_memcg(), from 7.1 on.
        """
        self.lru_add_drain()
        moved: cython.int = 0
        seq: cython.longlong
        younger: cython.longlong
        for seq in range(self.max_seq[memcg], self.min_seq[memcg] - 1, -1):
            younger = self.max_seq[memcg] - seq
            gen: cython.int = max(self.min_seq[parent], self.max_seq[parent] - younger) % MAX_NR_GENS
            for page in self.lists.in_order(memcg * MAX_NR_GENS + seq % MAX_NR_GENS):
                self.lruvec_del_folio(page, memcg)
                self.pages.page[page].memcg = parent
                if parent == ROOT:
                    self.pages.flags[page] |= ORPHAN
                self.state[page] = (gen + 1) | gen << LIST_SHIFT
                self.nr_pages[parent * MAX_NR_GENS + gen] += 1
                self.lists.list_add_tail(parent * MAX_NR_GENS + gen, page)
                moved += 1
        return moved

    # ---- batches: mm/swap.c ----

    def folio_add_lru(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page that comes into memory into a generation: the youngest where its fault is being served.

        One that is read in to be written back waits in a batch. Models folio_add_lru().
        """
        if self.pages.flags[page] & YOUNG:
            self.tables.map_page(page)
            self.pages.flags[page] |= ACTIVE | ACCESSED
            self.lru_gen_add_folio(page, memcg, False)
        else:
            self.make_room(page)
            self.state[page] |= FRESH
            self.lru_add[self.nr_lru_add] = page
            self.nr_lru_add += 1
            if self.nr_lru_add == FOLIO_BATCH:
                self.drain_lru_add()

    def folio_rotate_reclaimable(self, page: cython.int, memcg: cython.int) -> None:
        """Move a page whose write has ended to the tail of the oldest generation, where reclaim takes it next.

        Models folio_rotate_reclaimable() and lru_move_tail().
        """
        state: cython.int = self.state[page]
        if state & GEN_MASK and not state & ACTIVATED and not self.pages.flags[page] & DIRTY:
            self.lruvec_del_folio(page, memcg)
            self.state[page] = state & WORKINGSET
            self.lru_gen_add_folio(page, memcg, True)

    def folio_activate(self, page: cython.int) -> None:
        """Let a page move to the youngest generation when the batch is drained; it is isolated until then.

        Models folio_activate().
        """
        if not self.state[page] & ACTIVATED:
            self.state[page] |= ACTIVATED
            self.lru_activate[self.nr_lru_activate] = page
            self.nr_lru_activate += 1
            if self.nr_lru_activate == FOLIO_BATCH:
                self.drain_lru_activate()

    def lru_add_drain(self) -> None:
        """Put all pages that wait where they belong.

        Models lru_add_drain().
        """
        self.drain_lru_add()
        self.drain_lru_activate()

    def drain_lru_add(self) -> None:
        """Put the pages that wait for a list on one."""
        i: cython.int
        page: cython.int
        for i in range(self.nr_lru_add):
            page = self.lru_add[i]
            if self.state[page] & FRESH:
                self.lru_gen_add_folio(page, self.pages.page[page].memcg, False)
        self.nr_lru_add = 0

    def drain_lru_activate(self) -> None:
        """Move the pages that wait for it to the youngest generation. Models lru_activate()."""
        i: cython.int
        page: cython.int
        memcg: cython.int
        for i in range(self.nr_lru_activate):
            page = self.lru_activate[i]
            if self.state[page] & ACTIVATED:
                memcg = self.pages.page[page].memcg
                self.lruvec_del_folio(page, memcg)
                self.pages.flags[page] |= ACTIVE
                self.lru_gen_add_folio(page, memcg, False)
        self.nr_lru_activate = 0
