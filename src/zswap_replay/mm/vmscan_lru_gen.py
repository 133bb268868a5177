"""Reclaim by generations: MGLRU. Models the lru_gen functions of mm/vmscan.c, v6.12.

They stand in a file of their own since they take the place of the two lists and not more: the rounds, what becomes of a
page that goes, and the shrinkers are those of vmscan.py, as in the kernel.

Anonymous pages that are touched through page tables only, so that there are no tiers: a page has no count of accesses
through file descriptors, and no tier but the first has refaults that would protect it.
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, UCHAR, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.file_pages import FilePages
from zswap_replay.mm.lru_gen import LruGenLists
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.page_writeback import Writeback
from zswap_replay.mm.pgtable import PteTables
from zswap_replay.mm.swap_slots import SwapSlots
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.vmscan import Vmscan

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import ACCESSED, ISOLATED, PRESENT, REFERENCED, WRITEBACK, YOUNG
    from zswap_replay.mm.lru_gen import ACTIVATED, MAX_NR_GENS, MIN_NR_GENS, WORKINGSET
    from zswap_replay.mm.memcontrol import PGSTEAL, ROOT
    from zswap_replay.mm.vmscan import ACTIVATE, DEF_PRIORITY, FREED, KEEP

    MIN_LRU_BATCH = 64
    """Pages that an eviction takes at a time, and neighbours that are looked at together."""
    MAX_LRU_BATCH = 4096
    """Pages that it looks at for them."""


def suitable_to_scan(total: cython.int, young: cython.int) -> cython.bint:
    """Tell whether there are enough young pages among ``total`` to walk their table: one in eight, a cache line's."""
    return young * 8 >= total


class LruGen(Vmscan):
    """Reclaim of one machine by generations."""

    def __init__(
        self,
        pages: PageTable,
        memcgs: MemCgroups,
        swap_cache: SwapCache,
        writeback: Writeback,
        swap_slots: SwapSlots,
        page_io: PageIo,
        synchronous_swap: bool,
        shrink_delay: int,
        file_pages: FilePages,
        gens: LruGenLists,
    ) -> None:
        super().__init__(
            pages,
            memcgs,
            swap_cache,
            writeback,
            swap_slots,
            page_io,
            synchronous_swap,
            shrink_delay,
            file_pages,
        )
        self.skips_idle = False
        self.gens = gens
        self.tables: PteTables = gens.tables
        self.batch = column(MIN_LRU_BATCH, INT)
        self.batch_fates = column(MIN_LRU_BATCH, INT)
        self.moved = column(MAX_LRU_BATCH, INT)
        self.nr_isolated = 0
        # the reclaim under way: which it is, whether it is the whole machine's, and pages that a memcg gave so far
        self.reclaim = 0
        self.root_reclaim = False
        self.nr_reclaimed = 0
        # by memcg: the reclaim that walked its page tables last
        self.walked = column(8, LONGLONG)
        # [2 * memcg + which]: whether a filter was made; until then all tables are in it
        self.filter_made = column(16, UCHAR)

    # ---- accesses ----

    def pte_mkyoung(self, page: cython.int) -> None:
        """Set the accessed bits of a mapped page and of its page table."""
        self.pages.flags[page] |= YOUNG | ACCESSED

    def has_pages(self, memcg: cython.int) -> cython.bint:
        """Tell whether a memcg has pages in its generations, or some wait for one."""
        gen: cython.int
        for gen in range(MAX_NR_GENS):
            if self.gens.lists.size_of(memcg * MAX_NR_GENS + gen):
                return True
        return self.gens.nr_lru_add > 0

    # ---- the aging ----

    def try_to_inc_max_seq(self, memcg: cython.int) -> None:
        """Make a new generation, the youngest, having brought the pages that are young into the one before.

        A reclaim walks the page tables of a memcg once: of a task that did not run since, the kernel walks none.
        Models try_to_inc_max_seq() and inc_max_seq().
        """
        if self.walked[memcg] != self.reclaim:
            self.walk_mm(memcg, self.walked[memcg] == 0)
            self.walked[memcg] = self.reclaim
        self.gens.max_seq[memcg] += 1

    def walk_mm(self, memcg: cython.int, force_scan: cython.bint) -> None:
        """Walk the page tables in which enough was young last time and something is now; at first, all of them.

        Models iterate_mm_list() and walk_pmd_range().
        """
        seq: cython.longlong = self.gens.max_seq[memcg]
        which: cython.int = seq & 1
        self.tables.reset_bloom_filter(memcg, 1 - which)
        self.filter_made[2 * memcg + 1 - which] = 1
        table: cython.int = self.tables.newest_of(memcg)
        while table >= 0:
            scan: cython.bint = force_scan or (
                self.tables.pmdp_test_and_clear_young(table)
                and (not self.filter_made[2 * memcg + which] or self.tables.test_bloom_filter(table, which))
            )
            if scan and self.walk_pte_range(memcg, table):
                self.tables.update_bloom_filter(table, 1 - which)
            table = self.tables.older[table]

    def walk_pte_range(self, memcg: cython.int, table: cython.int) -> cython.bint:
        """Give the young pages of a page table the youngest generation; tell whether there were enough of them.

        Models walk_pte_range().
        """
        gen: cython.int = self.gens.max_seq[memcg] % MAX_NR_GENS
        young: cython.int = 0
        offset: cython.int
        page: cython.int
        for offset in range(self.tables.first[table], self.tables.last[table] + 1):
            page = self.tables.page_at(table, offset)
            if page >= 0 and self.is_young(page, memcg):
                young += 1
                self.pages.flags[page] &= ~(YOUNG | REFERENCED)
                if not self.gens.folio_update_gen(page, memcg, gen):
                    self.pages.flags[page] |= REFERENCED
        return suitable_to_scan(self.tables.pages_of(table), young)

    def is_young(self, page: cython.int, memcg: cython.int) -> cython.bint:
        """Tell whether a page is mapped, was accessed since reclaim looked last, and is charged to a memcg."""
        own: cython.bint = self.pages.page[page].memcg == memcg
        return own and self.pages.flags[page] & (PRESENT | YOUNG) == PRESENT | YOUNG

    def lru_gen_look_around(self, page: cython.int, memcg: cython.int) -> None:
        """Look for young pages around one that eviction met young, and let them all go to the youngest generation.

        Models lru_gen_look_around().
        """
        table: cython.int = self.tables.table_of(page)
        at: cython.int = self.tables.offset_of(page)
        start: cython.int = self.tables.first[table]
        end: cython.int = self.tables.last[table] + 1
        if end - start > MIN_LRU_BATCH:
            if at - start < MIN_LRU_BATCH // 2:
                end = start + MIN_LRU_BATCH
            elif end - at < MIN_LRU_BATCH // 2:
                start = end - MIN_LRU_BATCH
            else:
                start = at - MIN_LRU_BATCH // 2
                end = at + MIN_LRU_BATCH // 2
        seq: cython.longlong = self.gens.max_seq[memcg]
        gen: cython.int = seq % MAX_NR_GENS
        young: cython.int = 1
        offset: cython.int
        near: cython.int
        for offset in range(start, end):
            near = self.tables.page_at(table, offset)
            if near < 0 or not self.is_young(near, memcg):
                continue
            young += 1
            self.pages.flags[near] &= ~YOUNG
            if self.gens.folio_lru_gen(near) < 0:
                self.pages.flags[near] |= REFERENCED
            elif self.gens.folio_lru_gen(near) != gen:
                self.gens.folio_activate(near)
        which: cython.int = seq & 1
        if self.filter_made[2 * memcg + which] and suitable_to_scan(end - start, young):
            self.tables.update_bloom_filter(table, which)

    # ---- the eviction ----

    def sort_folio(self, page: cython.int, memcg: cython.int, gen: cython.int) -> cython.bint:
        """Put a page at the tail of the oldest generation where it belongs by now; return False where that is there.

        Models sort_folio().
        """
        own: cython.int = self.gens.folio_lru_gen(page)
        if own != gen:
            self.gens.move_to_gen(page, memcg, own, False)
            return True
        if self.gens.state[page] & WORKINGSET:
            self.gens.state[page] &= ~WORKINGSET
            self.gens.move_to_gen(page, memcg, (gen + 1) % MAX_NR_GENS, True)
            return True
        if self.pages.flags[page] & WRITEBACK:
            self.gens.move_to_gen(page, memcg, (gen + 1) % MAX_NR_GENS, False)
            return True
        return False

    def scan_folios(self, memcg: cython.int) -> cython.int:
        """Isolate pages from the tail of the oldest generation into ``batch``; return how many were looked at.

        That is 0 where none was isolated. Models scan_folios() and isolate_folio().
        """
        gen: cython.int = self.gens.min_seq[memcg] % MAX_NR_GENS
        head: cython.int = memcg * MAX_NR_GENS + gen
        scanned: cython.int = 0
        moved: cython.int = 0
        i: cython.int
        page: cython.int
        self.nr_isolated = 0
        if self.gens.nr_gens(memcg) == MIN_NR_GENS:
            return 0
        while scanned < MAX_LRU_BATCH and self.nr_isolated < MIN_LRU_BATCH and moved < MIN_LRU_BATCH:
            page = self.gens.lists.last(head)
            if page < 0:
                break
            scanned += 1
            if self.sort_folio(page, memcg, gen):
                continue
            if self.gens.state[page] & ACTIVATED:
                self.gens.lists.list_del(head, page)
                self.moved[moved] = page
                moved += 1
                continue
            self.gens.lruvec_del_folio(page, memcg)
            self.pages.flags[page] = (self.pages.flags[page] | ISOLATED) & ~REFERENCED
            if not self.pages.flags[page] & YOUNG:
                self.page_io.look_ahead(page)
            self.batch[self.nr_isolated] = page
            self.nr_isolated += 1
        for i in range(moved):
            self.gens.lists.list_add(head, self.moved[i])
        if self.page_io.has_lengths_found():
            self.page_io.look_ahead_at_tail(head)
        return scanned if self.nr_isolated or scanned == MAX_LRU_BATCH else 0

    def try_to_inc_min_seq(self, memcg: cython.int) -> cython.bint:
        """Leave the generations behind that are empty, oldest first; tell whether there was one.

        Models try_to_inc_min_seq().
        """
        moved: cython.bint = False
        while self.gens.nr_gens(memcg) > MIN_NR_GENS and (
            self.gens.lists.size_of(memcg * MAX_NR_GENS + self.gens.min_seq[memcg] % MAX_NR_GENS) == 0
        ):
            self.gens.min_seq[memcg] += 1
            moved = True
        return moved

    def evict_folio(self, page: cython.int, memcg: cython.int) -> cython.int:
        """Look at one isolated page; return FREED, KEEP, where its write begins, or ACTIVATE, where it stays.

        Models the loop of shrink_folio_list() for a page of a generation.
        """
        flags: cython.int = self.pages.flags[page]
        if flags & WRITEBACK or (flags & PRESENT and flags & REFERENCED):
            return ACTIVATE
        if flags & YOUNG and flags & PRESENT:
            self.pages.flags[page] &= ~YOUNG
            self.lru_gen_look_around(page, memcg)
            return ACTIVATE
        fate: cython.int = self.pageout(page)
        if fate == KEEP:
            self.writeback.folio_start_writeback(page, False)
        return fate

    def evict_folios(self, memcg: cython.int) -> cython.int:
        """Evict a batch from the oldest generation; return how many pages were looked at, 0 to end the round.

        Those that stay go to the youngest generation, those whose write begins to the one before it. Models
        evict_folios().
        """
        scanned: cython.int = self.scan_folios(memcg)
        scanned += self.try_to_inc_min_seq(memcg)
        if self.gens.nr_gens(memcg) == MIN_NR_GENS:
            scanned = 0
        freed: cython.int = 0
        i: cython.int
        page: cython.int
        for i in range(self.nr_isolated):
            self.writeback.units += 1
            self.batch_fates[i] = self.evict_folio(self.batch[i], memcg)
        for i in range(self.nr_isolated):
            page = self.batch[i]
            if self.batch_fates[i] == FREED:
                freed += 1
                self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PGSTEAL)
                continue
            self.pages.flags[page] &= ~REFERENCED
            if self.batch_fates[i] == ACTIVATE:
                self.folio_set_active(page)
            self.gens.lru_gen_add_folio(page, memcg, False)
        self.pgscan += self.nr_isolated
        self.pgsteal += freed
        self.nr_reclaimed += freed
        return scanned

    def should_run_aging(self, memcg: cython.int, total: cython.longlong) -> cython.bint:
        """Tell whether a memcg is short of old pages.

        With two generations it is; with three where the youngest has half of all pages, or the oldest less than a
        quarter. Models should_run_aging().
        """
        nr_gens: cython.int = self.gens.nr_gens(memcg)
        if nr_gens == MIN_NR_GENS:
            return True
        if nr_gens > MIN_NR_GENS + 1:
            return False
        young: cython.longlong = self.gens.nr_pages[
            memcg * MAX_NR_GENS + self.gens.max_seq[memcg] % MAX_NR_GENS
        ]
        old: cython.longlong = self.gens.nr_pages[
            memcg * MAX_NR_GENS + self.gens.min_seq[memcg] % MAX_NR_GENS
        ]
        return young * MIN_NR_GENS > total or old * (MIN_NR_GENS + 2) < total

    def get_nr_to_scan(self, memcg: cython.int, priority: cython.int) -> cython.Py_ssize_t:
        """Return how many pages to look at in this round, 0 to end it, having aged the memcg where that is due.

        Models get_nr_to_scan().
        """
        # file pages are in use, and in a generation that is neither the youngest nor the oldest
        total: cython.longlong = self.file_pages.file_of(memcg)
        gen: cython.int
        for gen in range(MAX_NR_GENS):
            total += self.gens.nr_pages[memcg * MAX_NR_GENS + gen]
        due: cython.bint = self.should_run_aging(memcg, total)
        if self.gens.nr_gens(memcg) == MIN_NR_GENS:
            total = 0
        if total and not self.memcgs.memcg[memcg].online:
            return total
        if not due or priority == DEF_PRIORITY:
            return total >> priority
        self.try_to_inc_max_seq(memcg)
        return 0

    def grow(self, memcg: cython.int) -> None:
        """Make room for a memcg, and as many more."""
        self.walked = grown(self.walked, 2 * memcg)
        self.filter_made = grown(self.filter_made, 4 * memcg)

    def shrink_lruvec(
        self, memcg: cython.int, priority: cython.int, nr_to_reclaim: cython.longlong
    ) -> cython.Py_ssize_t:
        """Reclaim from a memcg's generations at a priority; return how many pages went.

        Models lru_gen_shrink_lruvec() and try_to_shrink_lruvec().
        """
        if memcg >= len(self.walked):
            self.grow(memcg)
        self.writeback.end_writes(self.writeback.units)
        self.gens.lru_add_drain()
        self.nr_reclaimed = 0
        if self.share == 0 or not self.can_reclaim_anon_pages(memcg):
            return 0
        scanned: cython.longlong = 0
        delta: cython.int
        nr_to_scan: cython.longlong = self.get_nr_to_scan(memcg, priority)
        while nr_to_scan > 0:
            delta = self.evict_folios(memcg)
            scanned += delta
            if delta == 0 or scanned >= nr_to_scan:
                break
            if self.root_reclaim and self.nr_reclaimed >= nr_to_reclaim:
                break
            nr_to_scan = self.get_nr_to_scan(memcg, priority)
        self.writeback.blk_finish_plug()
        return self.nr_reclaimed

    def try_to_free_pages(self, root: cython.int, nr_to_reclaim: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Free ``nr_to_reclaim`` pages of the memcgs below ``root``, as Vmscan does; return how many went."""
        if not self.writeback.reclaiming:
            self.reclaim += 1
            self.root_reclaim = root == ROOT
        return Vmscan.try_to_free_pages(self, root, nr_to_reclaim)
