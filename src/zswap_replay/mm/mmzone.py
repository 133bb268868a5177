"""The LRU lists of resident pages, and the memory of pages that left them.

Models struct lruvec (include/linux/mmzone.h), folio_add_lru() and folio_rotate_reclaimable() (mm/swap.c), and
mm/workingset.c: how soon a page came back after its eviction decides whether it starts out active.
"""

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import ACTIVE, ISOLATED, WRITEBACK
    from zswap_replay.mm.memcontrol import WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON

    # the lists of a memcg, from 2 * memcg on
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    # the shadow of a page that is out of memory: one more than when it was evicted, in so many bits
    NO_SHADOW = 0
    EVICTION_MASK = 1073741823


class Lruvecs:
    """Two lists a memcg, inactive and active, youngest page first."""

    def __init__(self, pages: PageTable, memcgs: MemCgroups) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.lists = pages.lru
        self.nr_memcgs = 0
        self.nonresident_age = column(8, LONGLONG)
        # by memcg: activations of pages that came back in time, now and when reclaim last looked
        self.activations = column(8, LONGLONG)
        self.activations_seen = column(8, LONGLONG)
        # pages added so far, and how many of them no scan has seen: a fresh page waits in a per-CPU batch
        self.added = 0
        self.drained = 0
        self.new_memcg()

    def new_memcg(self) -> None:
        """Make the lists of the next memcg."""
        memcg: cython.int = self.nr_memcgs
        self.nr_memcgs += 1
        self.lists.new_lists(NR_LRU_LISTS)
        if memcg == len(self.nonresident_age):
            self.nonresident_age = grown(self.nonresident_age, 2 * memcg)
            self.activations = grown(self.activations, 2 * memcg)
            self.activations_seen = grown(self.activations_seen, 2 * memcg)

    def lruvec_add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page at the young end of the list that it belongs on."""
        self.pages.flags[page] &= ~ISOLATED
        self.lists.list_add(NR_LRU_LISTS * memcg + (self.pages.flags[page] & ACTIVE != 0), page)

    def lruvec_del_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Take a page off its list."""
        self.lists.list_del(NR_LRU_LISTS * memcg + (self.pages.flags[page] & ACTIVE != 0), page)

    def folio_add_lru(self, page: cython.int, memcg: cython.int, same_memcg: cython.bint) -> None:
        """Add a page that comes into memory, active where it was away for a short time alone.

        ``same_memcg``: it belongs to the memcg that its eviction was noted by.
        """
        self.pages.flags[page] &= ~(ACTIVE | ISOLATED | WRITEBACK)
        if same_memcg and self.pages.page[page].lru.at != NO_SHADOW:
            self.workingset_refault(page, memcg)
        self.added += 1
        self.lruvec_add_folio(page, memcg)

    def folio_rotate_reclaimable(self, page: cython.int, memcg: cython.int) -> None:
        """The write of a page that reclaim wants has ended: it is the next to go, if it is inactive still."""
        if not self.pages.flags[page] & (ACTIVE | ISOLATED):
            self.lists.list_move_tail(NR_LRU_LISTS * memcg, page)

    def workingset_age_nonresident(self, memcg: cython.int) -> None:
        """A page left the inactive list, by eviction or activation: those that left before it are older now."""
        self.nonresident_age[memcg] += 1

    def workingset_eviction(self, page: cython.int, memcg: cython.int) -> None:
        """Note when a page is evicted: its shadow stands where it had its place.

        It has none where its slot is not charged to its memcg, which is dead then: who comes back belongs to another.
        """
        self.pages.page[page].lru.at = NO_SHADOW
        if self.pages.page[page].slot_memcg == memcg:
            self.pages.page[page].lru.at = (self.nonresident_age[memcg] & EVICTION_MASK) + 1
        self.workingset_age_nonresident(memcg)

    def workingset_refault(self, page: cython.int, memcg: cython.int) -> None:
        """A page comes back: active, if it would not have left had the active list's room been the inactive's."""
        self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_REFAULT_ANON)
        distance: cython.longlong = self.nonresident_age[memcg] - (self.pages.page[page].lru.at - 1)
        distance &= EVICTION_MASK
        if distance <= self.lists.size[NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON]:
            self.pages.flags[page] |= ACTIVE
            self.workingset_age_nonresident(memcg)
            self.activations[memcg] += 1
            self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_ACTIVATE_ANON)

    def inactive_is_low(self, memcg: cython.int) -> cython.bint:
        """Whether the inactive list is too short for its active one."""
        inactive: cython.longlong = self.lists.size[NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON]
        active: cython.longlong = self.lists.size[NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON]
        gigabytes: cython.longlong = (inactive + active) >> 18
        ratio: cython.longlong = 1
        while gigabytes and (ratio + 1) * (ratio + 1) <= 10 * gigabytes:
            ratio += 1
        return inactive * ratio < active
