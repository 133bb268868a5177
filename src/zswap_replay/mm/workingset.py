"""Refault distance: how soon a page comes back decides whether it starts out active. Models mm/workingset.c."""

import cython

from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.lru_gen import LruGenLists
from zswap_replay.mm.memcg_stat import MemcgStat
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import ACTIVE, YOUNG
    from zswap_replay.mm.memcontrol import WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON

    NO_SHADOW = 0
    EVICTION_MASK = (1 << 30) - 1
    """A shadow is the age of its memcg at the eviction in these bits, plus one."""


class Workingset:
    """The age of each memcg, in pages that left its inactive list, and the shadows of evicted pages.

    A page has its shadow where it has its place on a list while it is in memory: in ``lru.at``.
    """

    def __init__(self, pages: PageTable, memcgs: MemCgroups, stat: MemcgStat) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.stat = stat

    def workingset_age_nonresident(self, memcg: cython.int) -> None:
        """Count a page that left the inactive list, by eviction or activation.

        Models workingset_age_nonresident().
        """
        self.memcgs.memcg[memcg].nonresident_age += 1

    def workingset_eviction(self, page: cython.int, memcg: cython.int) -> None:
        """Leave the shadow of a page that is evicted.

        A page whose slot is charged to another memcg leaves none: its own is dead, and it will come back to another.
        Models workingset_eviction().
        """
        self.pages.page[page].lru.at = NO_SHADOW
        if self.pages.page[page].slot_memcg == memcg:
            self.pages.page[page].lru.at = (self.memcgs.memcg[memcg].nonresident_age & EVICTION_MASK) + 1
        self.workingset_age_nonresident(memcg)

    def workingset_refault(self, page: cython.int, memcg: cython.int) -> None:
        """Mark a page that comes back active if it would have stayed in memory with the active list's room.

        That is where no more pages left the inactive list since its eviction than the active list has, by the
        statistics. Models workingset_refault(). The page must have a shadow.
        """
        self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_REFAULT_ANON)
        distance: cython.longlong = self.memcgs.memcg[memcg].nonresident_age - (
            self.pages.page[page].lru.at - 1
        )
        distance &= EVICTION_MASK
        self.stat.flush_if_due(memcg)
        if distance <= self.memcgs.memcg[memcg].stat_active:
            self.pages.flags[page] |= ACTIVE
            self.workingset_age_nonresident(memcg)
            self.memcgs.memcg[memcg].activations += 1
            self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_ACTIVATE_ANON)


class LruGenWorkingset(Workingset):
    """The shadows where reclaim goes by generations: each has the number of the generation that was the oldest."""

    def __init__(self, pages: PageTable, memcgs: MemCgroups, stat: MemcgStat, gens: LruGenLists) -> None:
        super().__init__(pages, memcgs, stat)
        self.gens = gens

    def workingset_eviction(self, page: cython.int, memcg: cython.int) -> None:
        """Leave the shadow of a page that is evicted, as above. Models lru_gen_eviction()."""
        self.pages.page[page].lru.at = NO_SHADOW
        if self.pages.page[page].slot_memcg == memcg:
            self.pages.page[page].lru.at = (self.gens.min_seq[memcg] & EVICTION_MASK) + 1

    def workingset_refault(self, page: cython.int, memcg: cython.int) -> None:
        """Let a page that is read in to be written back have another round, if its generation is still the oldest.

        A page that is faulted in goes to the youngest generation in any case. Models lru_gen_refault(). The page must
        have a shadow.
        """
        self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_REFAULT_ANON)
        if self.pages.page[page].lru.at - 1 == self.gens.min_seq[memcg] & EVICTION_MASK:
            self.memcgs.count_memcg_event(memcg, 0, WORKINGSET_ACTIVATE_ANON)
            if not self.pages.flags[page] & YOUNG:
                self.gens.folio_set_workingset(page)
