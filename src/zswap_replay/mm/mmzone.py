"""The LRU lists of resident pages, and the memory of pages that left them.

Models struct lruvec (include/linux/mmzone.h), folio_add_lru() and folio_rotate_reclaimable() (mm/swap.c), and
mm/workingset.c: how soon a page came back after its eviction decides whether it starts out active.
"""

import cython

from zswap_replay.mm.columns import LONGLONG, UCHAR, column, grown
from zswap_replay.mm.list_head import ListHeads
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON

    # the lists of a memcg, from 2 * memcg on
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    # bits of Lruvecs.state
    ACTIVE = 1
    """It belongs on the active list."""
    ISOLATED = 2
    """It is off its list, in the hands of reclaim."""
    WRITEBACK = 4
    """Its write to the swap device has not ended."""
    NO_SHADOW = -1


class Lruvecs:
    """Two lists a memcg, inactive and active, youngest page first; and by page what reclaim knows of it."""

    def __init__(self, memcgs: MemCgroups) -> None:
        self.memcgs = memcgs
        self.lists = ListHeads()
        self.nr_memcgs = 0
        self.nonresident_age = column(8, LONGLONG)
        self.lists.reserve(1024)
        self.state = column(1024, UCHAR)
        # the age of the lists when a page was evicted, until it comes back
        self.shadow = column(1024, LONGLONG, NO_SHADOW)
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

    def reserve(self, pages: cython.int) -> None:
        """Make room for pages 0 .. ``pages`` - 1."""
        if pages > len(self.state):
            self.lists.reserve(pages)
            self.state = grown(self.state, pages)
            self.shadow = grown(self.shadow, pages, NO_SHADOW)

    def lruvec_add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Put a page at the young end of the list that it belongs on."""
        self.state[page] &= ~ISOLATED & 255
        self.lists.list_add(NR_LRU_LISTS * memcg + (self.state[page] & ACTIVE), page)

    def lruvec_del_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Take a page off its list."""
        self.lists.list_del(NR_LRU_LISTS * memcg + (self.state[page] & ACTIVE), page)

    def folio_add_lru(self, page: cython.int, memcg: cython.int, same_memcg: cython.bint) -> None:
        """Add a page that comes into memory, active where it was away for a short time alone.

        ``same_memcg``: it belongs to the memcg that its eviction was noted by.
        """
        self.state[page] = 0
        if self.shadow[page] != NO_SHADOW:
            if same_memcg:
                self.workingset_refault(page, memcg)
            self.shadow[page] = NO_SHADOW
        self.added += 1
        self.lruvec_add_folio(page, memcg)

    def folio_rotate_reclaimable(self, page: cython.int, memcg: cython.int) -> None:
        """The write of a page that reclaim wants has ended: it is the next to go, if it is inactive still."""
        if not self.state[page] & (ACTIVE | ISOLATED):
            self.lists.list_move_tail(NR_LRU_LISTS * memcg, page)

    def workingset_age_nonresident(self, memcg: cython.int) -> None:
        """A page left the inactive list, by eviction or activation: those that left before it are older now."""
        self.nonresident_age[memcg] += 1

    def workingset_eviction(self, page: cython.int, memcg: cython.int) -> None:
        """Note when a page is evicted."""
        self.shadow[page] = self.nonresident_age[memcg]
        self.workingset_age_nonresident(memcg)

    def workingset_refault(self, page: cython.int, memcg: cython.int) -> None:
        """A page comes back: active, if it would not have left had the active list's room been the inactive's."""
        self.memcgs.count_memcg_event(memcg, WORKINGSET_REFAULT_ANON)
        distance: cython.longlong = self.nonresident_age[memcg] - self.shadow[page]
        if distance <= self.lists.size[NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON]:
            self.state[page] |= ACTIVE
            self.workingset_age_nonresident(memcg)
            self.activations[memcg] += 1
            self.memcgs.count_memcg_event(memcg, WORKINGSET_ACTIVATE_ANON)

    def inactive_is_low(self, memcg: cython.int) -> cython.bint:
        """Whether the inactive list is too short for its active one."""
        inactive: cython.longlong = self.lists.size[NR_LRU_LISTS * memcg + LRU_INACTIVE_ANON]
        active: cython.longlong = self.lists.size[NR_LRU_LISTS * memcg + LRU_ACTIVE_ANON]
        gigabytes: cython.longlong = (inactive + active) >> 18
        ratio: cython.longlong = 1
        while gigabytes and (ratio + 1) * (ratio + 1) <= 10 * gigabytes:
            ratio += 1
        return inactive * ratio < active
