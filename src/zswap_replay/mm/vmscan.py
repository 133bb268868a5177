"""Reclaim: which resident pages go out when a limit is reached, and what becomes of each. Models mm/vmscan.c.

Two lists a memcg, an accessed bit, a second look at each page, 32 pages at a time, and a share of the lists that grows
as reclaim gets more urgent.
"""

import cython

from zswap_replay.lib.columns import INT, column
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.file_pages import FilePages
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.page_writeback import Writeback
from zswap_replay.mm.reclaim_order import ReclaimOrder
from zswap_replay.mm.shortages import Shortages
from zswap_replay.mm.shrinker import Shrinker
from zswap_replay.mm.swap_slots import SwapSlots
from zswap_replay.mm.swap_state import SwapCache

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import (
        ACTIVE,
        DIRTY,
        ISOLATED,
        PRESENT,
        REFERENCED,
        SLOT,
        SWAPCACHE,
        WRITEBACK,
        YOUNG,
    )
    from zswap_replay.mm.memcontrol import NO_LIMIT, PGSTEAL, ROOT
    from zswap_replay.mm.page import PAGE_SHIFT
    from zswap_replay.mm.page_io import FAILED, KEPT, STORED
    from zswap_replay.mm.page_writeback import SWAP_CLUSTER_MAX
    from zswap_replay.mm.swap import (
        ANY_SIZE,
        AWAKE,
        LRU_ACTIVE_ANON,
        LRU_INACTIVE_ANON,
        MAX_SWAPPINESS,
        NR_LRU_LISTS,
    )

    DEF_PRIORITY = 12
    VM_SWAPPINESS = 60
    """What reclaim goes by where nobody says otherwise."""
    SWAPPINESS_ANON_ONLY = 201
    """What ``swappiness=max`` stands for."""
    STEPS = 16
    """Memcgs that reclaim looks ahead to at once."""
    MANY_MEMCGS = 32
    """Memcgs below a limit from more than which on reclaim looks ahead to the next ones, not along a list."""
    STORE_UNITS = 3
    """Work that a store adds to the scan of a page, on reclaim's clock."""
    # what became of a page: enum of shrink_folio_list()
    FREED = 0
    KEEP = 1
    ACTIVATE = 2
    KEEP_DIRTY = 3


def anon_share(swappiness: cython.int) -> cython.int:
    """Return the part of the scan that a swappiness leaves to anonymous pages, out of it and file_share().

    Models the fractions of get_scan_count(), where all that reclaim cost was of anonymous pages, as it is where there
    are no others: 89 and 419 for 60. FilePages.set_share() has them where there are.
    """
    if swappiness >= SWAPPINESS_ANON_ONLY:
        return 1
    return (3 * swappiness - 1) // 2 if swappiness else 0


def file_share(swappiness: cython.int) -> cython.int:
    """Return the part of the scan that a swappiness leaves to file pages; see anon_share()."""
    return 3 * (MAX_SWAPPINESS - swappiness) - 1 if swappiness < MAX_SWAPPINESS else 0


def scan_count(
    size: cython.longlong,
    priority: cython.int,
    online: cython.bint,
    share: cython.longlong,
    whole: cython.longlong,
) -> cython.longlong:
    """Return how many pages of a list of ``size`` to scan at a priority: 12 is the mildest, at 0 all of them.

    Anonymous pages get ``share`` of ``whole``; a share of 0, which is swappiness 0, gets nothing at any priority.
    A dead memcg, which is not ``online``, is scraped out: at least a cluster of pages counts, and the share of
    anonymous pages is rounded up. Models the loop of get_scan_count().
    """
    scan: cython.longlong = size >> priority
    if share == 0:
        return 0
    if online:
        return scan * share // whole if priority else scan
    if scan == 0:
        scan = min(size, SWAP_CLUSTER_MAX)
    return (scan * share + whole - 1) // whole if priority else scan


def inactive_ratio(pages: cython.longlong) -> cython.longlong:
    """Return how many times longer the active list may be than the inactive one, for both lists' pages together.

    That is int_sqrt(10 * GiB) from 1 GiB on, and 1 below. Models inactive_is_low().
    """
    gigabytes: cython.longlong = pages >> (30 - PAGE_SHIFT)
    ratio: cython.longlong = 1
    while gigabytes and (ratio + 1) * (ratio + 1) <= 10 * gigabytes:
        ratio += 1
    return ratio


class PageReclaim:
    """Reclaim of the pages of one memcg: its lists, and what becomes of each page."""

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
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.lruvecs = swap_cache.lruvecs
        self.workingset = swap_cache.workingset
        self.stat = self.workingset.stat
        self.file_pages = file_pages
        self.writeback = writeback
        self.swap_slots = swap_slots
        self.page_io = page_io
        self.zswap = page_io.zswap
        self.shrinker = Shrinker(memcgs, page_io.zswap)
        self.synchronous_swap = synchronous_swap
        self.shrink_delay = shrink_delay
        # whether the shrink worker was ever queued while reclaim went on: what came of it is a matter of shrink_delay
        self.worker_waited = False
        self.order = ReclaimOrder(memcgs, self.lruvecs)
        # whether memcgs are passed over in which shrink_lruvec() would do nothing
        self.skips_idle = True
        self.swappiness = -1
        # whether reclaim takes a few pages of each of many memcgs in turn; those that come next, and their pages
        self.in_turns = False
        self.coming = column(STEPS, INT)
        self.next_pages = column(STEPS * SWAP_CLUSTER_MAX, INT)
        self.isolated = column(SWAP_CLUSTER_MAX, INT)
        self.fates = column(SWAP_CLUSTER_MAX, INT)
        self.deactivated = column(SWAP_CLUSTER_MAX, INT)
        self.clean_drops = 0  # mapped pages that went without a write, as their slot has what they hold
        # pages that stayed, as a memory.swap.max gave them no slot, and those that no room was made for because of one
        self.swap_full = 0
        # the memcg of the last of them
        self.swap_full_memcg = -1
        self.shortages = Shortages()
        self.pageouts = 0  # pages that were written, to zswap or the device
        self.pgscan = 0  # pages that reclaim took off an inactive list to look at them
        self.pgsteal = 0  # pages of those that went
        self.set_swappiness(VM_SWAPPINESS)

    def set_swappiness(self, swappiness: cython.int) -> None:
        """Set how much of a scan anonymous pages get: 0 to MAX_SWAPPINESS, or SWAPPINESS_ANON_ONLY."""
        changed: cython.bint = swappiness != self.swappiness
        self.swappiness = swappiness
        self.share = anon_share(swappiness)
        self.whole = self.share + file_share(swappiness)
        if changed:
            self.lruvecs.wake_all()
            self.note_enough()

    def note_enough(self) -> None:
        """Note by priority from how many inactive pages on reclaim takes one."""
        priority: cython.int
        least: cython.longlong = (self.whole + self.share - 1) // self.share if self.share else ANY_SIZE
        self.lruvecs.enough[0] = 1 if self.share else ANY_SIZE
        for priority in range(1, AWAKE):
            self.lruvecs.enough[priority] = min(least << priority, ANY_SIZE)

    # ---- accesses ----

    def pte_mkyoung(self, page: cython.int) -> None:
        """Set the accessed bit of a mapped page, as the processor does at an access."""
        self.pages.flags[page] |= YOUNG

    def folio_set_active(self, page: cython.int) -> None:
        """Note that a page belongs on the active list from here on."""
        self.pages.flags[page] |= ACTIVE

    def count_access(self, memcg: cython.int, nid: cython.int) -> None:
        """Count an access to a page of a memcg on a node; look at the memcg where its statistics are due by that."""
        if self.memcgs.uses.count(memcg, nid):
            self.lruvecs.wake(memcg)

    def wait_for_disk(self) -> None:
        """Let the shrink worker finish: a task waits for a read from the device, and the worker has the processor.

        A synchronous device is not waited for: the task copies the page itself.
        """
        if self.zswap.worker.active and not self.synchronous_swap:
            self.zswap.worker.finish(self.zswap)

    # ---- one page ----

    def pageout(self, page: cython.int) -> cython.int:
        """Write out or drop an isolated page; return what becomes of it: FREED, KEEP, ACTIVATE or KEEP_DIRTY.

        A clean page is dropped, since its slot still has what it holds. A dirty one is written; it stays in the swap
        cache where the device is asynchronous (KEEP) or refused it (KEEP_DIRTY), or its memcg may not write (ACTIVATE).
        Models pageout(), with what shrink_folio_list() does before and after it.
        """
        flags: cython.int = self.pages.flags[page]
        memcg: cython.int = self.pages.page[page].memcg
        if flags & SLOT and not flags & DIRTY:
            self.clean_drops += flags & PRESENT != 0
            self.remove_mapping(page, memcg)
            return FREED
        if not flags & SLOT and not self.swap_slots.folio_alloc_swap(page):
            self.note_swap_full(memcg)
            return ACTIVATE
        self.writeback.units += STORE_UNITS
        self.pageouts += 1
        self.pages.flags[page] = (self.pages.flags[page] | SWAPCACHE) & ~PRESENT
        outcome: cython.int = self.page_io.swap_writepage(page)
        if self.zswap.worker.refusals_waiting and self.writeback.reclaiming:
            self.worker_waited = True
            if self.zswap.worker.refusals_waiting > self.shrink_delay:
                self.zswap.worker.finish(self.zswap)
        if outcome == KEPT or outcome == FAILED:
            return ACTIVATE if outcome == KEPT else KEEP_DIRTY
        if outcome == STORED or self.synchronous_swap:
            self.remove_mapping(page, memcg)
            return FREED
        return KEEP

    def note_swap_full(self, memcg: cython.int) -> None:
        """Count a page of a memcg that a memory.swap.max up the tree, or a device that is full, keeps in memory."""
        self.swap_cache.mem_cgroup_uncharge_folios(memcg)
        self.swap_full += 1
        self.swap_full_memcg = memcg
        above: cython.int = memcg
        while above > ROOT and (
            self.memcgs.memcg[above].swap_max == NO_LIMIT
            or self.memcgs.memcg[above].swap < self.memcgs.memcg[above].swap_max
        ):
            above = self.memcgs.memcg[above].parent
        self.note_shortage(above, memcg)

    def note_shortage(self, above: cython.int, memcg: cython.int) -> None:
        """Note what would have been enough of the limit of ``above``, or of the device, where that is the root."""
        self.shortages.note(
            "memory.swap.max" if above > ROOT else "disksize",
            above,
            memcg,
            self.zswap.worker.now,
            self.memcgs.memcg[above].swap + self.memcgs.memcg[above].resident,
        )

    def remove_mapping(self, page: cython.int, memcg: cython.int) -> None:
        """Free the memory of a page whose slot has what it holds, and note when it went. Models __remove_mapping()."""
        self.pages.flags[page] &= ~(PRESENT | SWAPCACHE | YOUNG | REFERENCED)
        self.workingset.workingset_eviction(page, memcg)
        self.swap_cache.free_folio(page)

    def drop_swap_cache(self, page: cython.int) -> None:
        """Drop the copy of a page that is in the swap cache alone, as reclaim did at some moment that nothing tells."""
        memcg: cython.int = self.pages.page[page].memcg
        self.lruvecs.lruvec_del_folio(page, memcg)
        self.remove_mapping(page, memcg)

    def reclaim_pages(self, page: cython.int) -> None:
        """Reclaim one page on demand: one that is not mapped is left alone, references do not matter.

        Models MADV_PAGEOUT, mm/madvise.c, and reclaim_pages().
        """
        if self.pages.flags[page] & PRESENT:
            memcg: cython.int = self.pages.page[page].memcg
            self.lruvecs.lruvec_del_folio(page, memcg)
            self.pages.flags[page] |= ISOLATED
            fate: cython.int = self.pageout(page)
            if fate == ACTIVATE:
                self.folio_set_active(page)
            if fate != FREED:
                self.lruvecs.lruvec_add_folio(page, memcg)
            if fate == KEEP:
                self.writeback.folio_start_writeback(page, False)

    # ---- lists ----

    def folio_check_references(self, page: cython.int) -> cython.int:
        """Return whether a page may go (FREED), gets another round (KEEP) or was used twice (ACTIVATE).

        Models folio_check_references().
        """
        flags: cython.int = self.pages.flags[page]
        if flags & YOUNG:
            self.pages.flags[page] = (flags | REFERENCED) & ~YOUNG
            return ACTIVATE if flags & REFERENCED else KEEP
        self.pages.flags[page] = flags & ~REFERENCED
        return FREED

    def shrink_folio(self, page: cython.int, memcg: cython.int) -> cython.int:
        """Look at one isolated page; return FREED, KEEP or ACTIVATE. Models the loop of shrink_folio_list()."""
        if self.pages.flags[page] & WRITEBACK:
            return ACTIVATE
        fate: cython.int = self.folio_check_references(page)
        if fate == FREED:
            fate = self.pageout(page)
            if fate == KEEP:
                self.writeback.folio_start_writeback(page, False)
        if fate == ACTIVATE:
            self.workingset.workingset_age_nonresident(memcg)
        return fate

    def shrink_inactive_list(self, memcg: cython.int, nr_to_scan: cython.int) -> cython.int:
        """Look at ``nr_to_scan`` pages from the tail of the inactive list; return how many went.

        The others go back to the head in their order. Models shrink_inactive_list().
        """
        head: cython.int = NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON
        freed: cython.int = 0
        kept: cython.int = 0
        i: cython.int
        page: cython.int
        self.lruvecs.drained = self.lruvecs.added
        taken: cython.int = self.lruvecs.lists.list_pop_tail(head, nr_to_scan, self.isolated)
        for i in range(taken):
            page = self.isolated[i]
            self.pages.flags[page] |= ISOLATED
            if not self.in_turns and not self.pages.flags[page] & YOUNG:
                self.page_io.look_ahead(page)
        if not self.in_turns:
            self.pages.prefetch_tail(head, SWAP_CLUSTER_MAX)
            if self.page_io.has_lengths_found():
                self.page_io.look_ahead_at_tail(head)
        self.swap_cache.begin_batch(memcg)
        for i in range(taken):
            self.writeback.units += 1
            if self.writeback.ended < self.writeback.submitted:
                self.writeback.end_writes(self.writeback.units)
            self.fates[i] = self.shrink_folio(self.isolated[i], memcg)
        self.swap_cache.end_batch(memcg)
        if self.stat.stores_flush(memcg):
            # the pages that were isolated are on no list yet, as at the last store
            self.stat.mem_cgroup_flush_stats(memcg)
        for i in range(taken):
            page = self.isolated[i]
            if self.fates[i] == FREED:
                freed += 1
                self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PGSTEAL)
                continue
            if self.fates[i] == ACTIVATE:
                self.folio_set_active(page)
            if self.pages.flags[page] & ACTIVE:
                self.lruvecs.lruvec_add_folio(page, memcg)
            else:  # the places of those looked at before are free
                self.pages.flags[page] &= ~ISOLATED
                self.isolated[kept] = page
                kept += 1
        self.lruvecs.lists.list_add_all(head, kept, self.isolated)
        self.pgscan += taken
        self.pgsteal += freed
        return freed

    def shrink_active_list(self, memcg: cython.int, nr_to_scan: cython.int) -> None:
        """Bring pages from the tail of the active list to the head of the inactive one, without a look at them.

        They are SWAP_CLUSTER_MAX at most. Models shrink_active_list().
        """
        head: cython.int = NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON
        i: cython.int
        taken: cython.int = self.lruvecs.lists.list_pop_tail(head, nr_to_scan, self.deactivated)
        if not self.in_turns:
            self.pages.prefetch_tail(head, SWAP_CLUSTER_MAX)
        for i in range(taken):
            self.pages.flags[self.deactivated[i]] &= ~(ACTIVE | YOUNG | ISOLATED)
        self.lruvecs.lists.list_add_all(NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON, taken, self.deactivated)

    def can_reclaim_anon_pages(self, memcg: cython.int) -> cython.bint:
        """Tell whether there is a slot for a page of a memcg, under every memory.swap.max up the tree.

        Where there is none, its lists are passed over. Models can_reclaim_anon_pages().
        """
        return not self.memcgs.swap_limited or self.memcgs.mem_cgroup_get_nr_swap_pages(memcg) > 0

    def can_progress(self, root: cython.int) -> cython.bint:
        """Tell whether another round of reclaim below ``root`` could do anything.

        That is where a memcg has pages that can go, or an active list that is to be aged, or where there are entries
        that the zswap shrinker may be asked for. Every other round would find what the last one found.
        """
        memcg: cython.int = root
        if self.zswap.shrinker_enabled and self.zswap.stock.stored_pages:
            return True
        while memcg >= 0:
            if self.has_pages(memcg) and (self.can_reclaim_anon_pages(memcg) or self.inactive_is_low(memcg)):
                return True
            memcg = self.memcgs.mem_cgroup_iter(root, memcg)
        return False

    def has_pages(self, memcg: cython.int) -> cython.bint:
        """Tell whether a memcg has pages on its own lists."""
        first: cython.int = NR_LRU_LISTS * memcg
        inactive: cython.longlong = self.lruvecs.lists.size_of(first + LRU_INACTIVE_ANON)
        return inactive + self.lruvecs.lists.size_of(first + LRU_ACTIVE_ANON) > 0

    def count_swap_full(self, root: cython.int) -> None:
        """Count a page that no room was made for, where a memory.swap.max keeps pages below ``root`` in memory."""
        memcg: cython.int = root
        while self.memcgs.swap_limited and memcg >= 0:
            if self.has_pages(memcg) and not self.can_reclaim_anon_pages(memcg):
                self.note_swap_full(memcg)
                return
            memcg = self.memcgs.mem_cgroup_iter(root, memcg)

    def get_scan_count(self, memcg: cython.int, head: cython.int, priority: cython.int) -> cython.longlong:
        """Return how many pages of a list of a memcg to scan at a priority.

        Models get_scan_count().
        """
        size: cython.longlong = self.lruvecs.lists.size_of(NR_LRU_LISTS * memcg + head)
        return scan_count(size, priority, self.memcgs.memcg[memcg].online != 0, self.share, self.whole)

    def shrink_lruvec(
        self, memcg: cython.int, priority: cython.int, nr_to_reclaim: cython.longlong
    ) -> cython.Py_ssize_t:
        """Reclaim from a memcg's lists at a priority; return how many pages went.

        Models shrink_lruvec().
        """
        self.stat.flush_if_due(memcg)
        has_file: cython.bint = self.file_pages.file_of(memcg) != 0
        if has_file:  # this memcg's own share, until the end of its turn
            self.file_pages.scan(memcg, priority, self.swappiness)
            self.share = self.file_pages.anon_share
            self.whole = self.file_pages.share_of
        inactive: cython.longlong = self.get_scan_count(memcg, LRU_INACTIVE_ANON, priority)
        active: cython.longlong = self.get_scan_count(memcg, LRU_ACTIVE_ANON, priority)
        if inactive > 0 and not self.can_reclaim_anon_pages(memcg):
            inactive = 0
        freed: cython.longlong = 0
        part: cython.int
        while inactive > 0 and freed < nr_to_reclaim:
            part = min(inactive, SWAP_CLUSTER_MAX)
            inactive -= part
            written: cython.longlong = self.pageouts
            gone: cython.longlong = self.shrink_inactive_list(memcg, part)
            if inactive > 0:  # more of the same list comes next
                self.in_turns = False
            freed += gone
            if has_file:
                self.file_pages.note_anon_cost(memcg, self.pageouts - written, part - gone)
            if active > 0:
                part = min(active, SWAP_CLUSTER_MAX)
                active -= part
                if self.may_deactivate(memcg):
                    self.shrink_active_list(memcg, part)
        self.writeback.blk_finish_plug()
        if has_file:
            self.set_swappiness(self.swappiness)
        if self.inactive_is_low(memcg):
            self.shrink_active_list(memcg, SWAP_CLUSTER_MAX)
        return freed

    def inactive_is_low(self, memcg: cython.int) -> cython.bint:
        """Tell whether the inactive list is too short for the active one, by the statistics of the memcg.

        The ratio grows with the memory. Models inactive_is_low().
        """
        inactive: cython.longlong = self.memcgs.memcg[memcg].stat_inactive
        active: cython.longlong = self.memcgs.memcg[memcg].stat_active
        return inactive * inactive_ratio(inactive + active) < active

    def may_deactivate(self, memcg: cython.int) -> cython.bint:
        """Tell whether active pages may go: the inactive list is low, or pages came back that should have stayed."""
        return self.inactive_is_low(memcg) or (
            self.memcgs.memcg[memcg].stat_activations != self.memcgs.memcg[memcg].activations_seen
        )


class Vmscan(PageReclaim):
    """Reclaim of one machine: rounds over the memcgs below a limit."""

    def shrink_node_memcgs(
        self, root: cython.int, priority: cython.int, nr_to_reclaim: cython.longlong
    ) -> cython.Py_ssize_t:
        """Reclaim from the memcgs below ``root`` in turn, from where the last round ended; return how many pages went.

        Models shrink_node_memcgs().
        """
        freed: cython.longlong = 0
        start: cython.int = self.memcgs.memcg[root].reclaim_iter
        if start >= 0 and not self.memcgs.memcg[start].online and self.memcgs.memcg[start].refs == 0:
            start = -1  # it has left the tree: invalidate_reclaim_iterators()
        if self.skips_idle and self.memcgs.first_child[root] >= 0 and not self.zswap.shrinker_enabled:
            return self.shrink_busy_memcgs(root, start, priority, nr_to_reclaim)
        memcg: cython.int = start
        while freed < nr_to_reclaim:
            memcg = self.memcgs.mem_cgroup_iter(root, memcg)
            if memcg >= 0:
                freed += self.shrink_lruvec(memcg, priority, nr_to_reclaim)
                self.shrink_slab(memcg, priority)
            if memcg == start:
                break
        self.memcgs.memcg[root].reclaim_iter = memcg
        return freed

    def shrink_busy_memcgs(
        self, root: cython.int, start: cython.int, priority: cython.int, nr_to_reclaim: cython.longlong
    ) -> cython.Py_ssize_t:
        """Do the same from behind ``start`` on, -1 for the first one, without the memcgs that have nothing to do."""
        freed: cython.longlong = 0
        first: cython.int = self.lruvecs.place[root]
        stop: cython.int = self.order.behind[first]
        turn: cython.int = self.lruvecs.place[start] + 1 if start >= 0 else first
        at: cython.int = turn
        memcg: cython.int
        asked: cython.int  # the place up to which memcgs were asked for
        self.memcgs.memcg[root].reclaim_iter = start
        many: cython.bint = stop - first > MANY_MEMCGS
        _half: cython.int
        for _half in range(2):
            asked = at
            while freed < nr_to_reclaim:
                at = self.order.next_busy(at, stop, priority)
                if at >= stop:
                    break
                memcg = self.order.order[at]
                self.in_turns = many
                if many and at >= asked:
                    asked = self.look_ahead(at, stop, priority)
                freed += self.shrink_lruvec(memcg, priority, nr_to_reclaim)
                self.lruvecs.set_busy(memcg, self.find_busy_until(memcg))
                self.memcgs.memcg[root].reclaim_iter = memcg
                at += 1
            if freed >= nr_to_reclaim:
                self.in_turns = False
                return freed
            at = first
            stop = turn
        self.in_turns = False
        self.memcgs.memcg[root].reclaim_iter = start
        return freed

    def look_ahead(self, at: cython.int, stop: cython.int, priority: cython.int) -> cython.int:
        """Ask for what reclaim needs of the memcgs from a place of the order on; return the place behind the last.

        Each step asks for what the next one needs: what is known of a memcg and its lists' rings, their places, the
        pages, and the lengths of these.
        """
        memcg: cython.int
        i: cython.int
        page: cython.int
        memcgs: cython.int = 0
        pages: cython.int = 0
        while at < stop and memcgs < STEPS:
            memcg = self.order.order[at]
            self.coming[memcgs] = memcg
            memcgs += 1
            self.memcgs.prefetch(memcg)
            self.lruvecs.prefetch(memcg)
            at = self.order.next_busy(at + 1, stop, priority)
        for i in range(memcgs):
            self.lruvecs.lists.prefetch_ends(NR_LRU_LISTS * self.coming[i] + LRU_INACTIVE_ANON)
        for i in range(memcgs):
            pages += self.look_at_tail(self.coming[i], priority, pages)
        for i in range(pages):
            self.pages.prefetch(self.next_pages[i])
        for i in range(pages):
            page = self.next_pages[i]
            if not self.pages.flags[page] & YOUNG:
                self.page_io.look_ahead(page)
        return at

    def look_at_tail(self, memcg: cython.int, priority: cython.int, at: cython.int) -> cython.int:
        """Find the pages that reclaim will take first of a memcg at a priority; return how many.

        They are written to ``next_pages``, from ``at`` on.
        """
        count: cython.longlong = self.get_scan_count(memcg, LRU_INACTIVE_ANON, priority)
        return self.lruvecs.lists.tail(
            NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON, min(count, SWAP_CLUSTER_MAX), self.next_pages, at
        )

    def find_busy_until(self, memcg: cython.int) -> cython.int:
        """Return one more than the mildest priority at which shrink_lruvec() would do something now; else AWAKE.

        That is for what does not go by the priority: an active list to be aged, statistics to be flushed.
        """
        first: cython.int = NR_LRU_LISTS * memcg
        size: cython.int = self.lruvecs.lists.size_of(first + LRU_INACTIVE_ANON)
        if (
            self.file_pages.file_of(memcg) != 0
            or not self.memcgs.memcg[memcg].online
            or self.memcgs.uses.is_due(memcg)
            or (self.lruvecs.lists.size_of(first + LRU_ACTIVE_ANON) > 0 and self.inactive_is_low(memcg))
        ):
            return AWAKE
        until: cython.int = self.lruvecs.busy_until[memcg]  # most often it is the same again
        while until and size < self.lruvecs.enough[until - 1]:
            until -= 1
        while size >= self.lruvecs.enough[until]:
            until += 1
        return until

    def is_passed_over(self, memcg: int) -> bool:
        """Tell whether a memcg is noted too low, or as nothing can be: reclaim would miss what it could do there."""
        noted: int = self.lruvecs.busy_until[memcg]
        return noted > AWAKE or noted < self.find_busy_until(memcg)

    def shrink_slab(self, memcg: cython.int, priority: cython.int) -> None:
        """Let the zswap shrinker of a memcg work on every node.

        What it writes back is not free yet, and does not count as freed. Models shrink_slab().
        """
        nid: cython.int
        if self.zswap.shrinker_enabled:
            self.stat.mem_cgroup_flush_stats(memcg)
            self.lruvecs.wake(memcg)
            for nid in range(self.zswap.nr_nodes):
                self.shrinker.shrink_slab(nid, memcg, priority)
            self.writeback.blk_finish_plug()

    def try_to_free_pages(self, root: cython.int, nr_to_reclaim: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Free pages below ``root`` with growing urgency; return how many went. Models do_try_to_free_pages()."""
        if not self.writeback.begin_reclaim():
            return 0
        freed: cython.longlong = 0
        priority: cython.int
        memcg: cython.int
        many: cython.bint = self.skips_idle and self.memcgs.first_child[root] >= 0
        # one more than the mildest priority at which there is something to do, where that is known
        most: cython.int = AWAKE
        if many:
            self.order.refresh()
        else:
            self.lruvecs.wake(root)
        for priority in range(DEF_PRIORITY, -1, -1):
            if most > priority:
                freed += self.shrink_node_memcgs(root, priority, nr_to_reclaim)
                if freed >= nr_to_reclaim:
                    break
                if not self.zswap.shrinker_enabled and self.skips_idle and not many:
                    most = self.find_busy_until(root)
            if priority == DEF_PRIORITY and freed == 0 and not self.can_progress(root):
                break  # nor will there be more at any other priority
        self.writeback.end_reclaim()
        if many and freed:
            self.see_activations(root)
            return freed
        memcg = self.memcgs.mem_cgroup_iter(root, -1)
        while memcg >= 0:
            self.memcgs.memcg[memcg].activations_seen = self.memcgs.memcg[memcg].stat_activations
            if freed == 0:
                # the flusher comes before a task that finds nothing, again and again, is killed
                self.stat.mem_cgroup_flush_stats(memcg)
                self.lruvecs.wake(memcg)
            memcg = self.memcgs.mem_cgroup_iter(root, memcg)
        return freed

    def see_activations(self, root: cython.int) -> None:
        """Note the activations of the memcgs below ``root``, as the statistics show them, where they have changed."""
        first: cython.int = self.lruvecs.place[root]
        stop: cython.int = self.order.behind[first]
        at: cython.int = self.stat.nr_changed
        memcg: cython.int
        while at:
            at -= 1
            if first <= self.lruvecs.place[self.stat.changed[at]] < stop:
                memcg = self.stat.take_changed(at)
                self.memcgs.memcg[memcg].activations_seen = self.memcgs.memcg[memcg].stat_activations
