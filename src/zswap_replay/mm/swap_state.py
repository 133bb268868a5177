"""Pages that come into memory and leave it, and the swap cache. Models mm/swap_state.c."""

import cython

from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap import Lruvecs
from zswap_replay.mm.workingset import Workingset

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import (
        ACTIVE,
        DIRTY,
        ISOLATED,
        ORPHAN,
        PRESENT,
        SLOT,
        SWAPCACHE,
        WRITEBACK,
    )
    from zswap_replay.mm.memcontrol import ROOT
    from zswap_replay.mm.workingset import NO_SHADOW


class SwapCache:
    """The resident pages, mapped or not, with their charges and their places on the LRU lists."""

    def __init__(
        self, pages: PageTable, memcgs: MemCgroups, lruvecs: Lruvecs, workingset: Workingset
    ) -> None:
        self.pages = pages
        self.memcgs = memcgs
        self.lruvecs = lruvecs
        self.workingset = workingset
        # pages that went and are charged still, while reclaim looks at a batch of one memcg; else -1
        self.free_folios = -1

    def add_folio(self, page: cython.int, memcg: cython.int) -> None:
        """Charge a page that comes into memory to a memcg, and put it on a list of that memcg.

        It is active where it was away for a short time only; its shadow counts in the memcg that it was evicted from.
        """
        self.pages.page[page].memcg = memcg
        self.memcgs.charge(memcg)
        self.pages.flags[page] &= ~(ACTIVE | ISOLATED | WRITEBACK | ORPHAN)
        if memcg == self.pages.page[page].slot_memcg and self.pages.page[page].lru.at != NO_SHADOW:
            self.workingset.workingset_refault(page, memcg)
        self.lruvecs.folio_add_lru(page, memcg)

    def free_folio(self, page: cython.int) -> None:
        """Uncharge a page that is out of memory and off its list, or, in a batch, count it to be uncharged with it."""
        if self.free_folios >= 0:
            self.free_folios += 1
        else:
            self.memcgs.uncharge(self.pages.page[page].memcg, 1)

    def begin_batch(self, memcg: cython.int) -> None:
        """Uncharge pages of a memcg together from here on; a dead one may leave the tree with any of them."""
        if self.memcgs.memcg[memcg].online:
            self.free_folios = 0

    def end_batch(self, memcg: cython.int) -> None:
        """Uncharge what went in a batch, and each page by itself from here on."""
        self.mem_cgroup_uncharge_folios(memcg)
        self.free_folios = -1

    def mem_cgroup_uncharge_folios(self, memcg: cython.int) -> None:
        """Uncharge the pages of a memcg that went so far in a batch, if there is one.

        Models mem_cgroup_uncharge_folios(), mm/memcontrol.c.
        """
        if self.free_folios > 0:
            self.memcgs.uncharge(memcg, self.free_folios)
            self.free_folios = 0

    def get_obj_cgroup_from_folio(self, page: cython.int) -> cython.int:
        """Return the objcg that what a page takes in zswap is charged to, -1 where that is the root's own.

        A page of a top memcg that was removed is the root's from 7.1 on, by that memcg's objcg. Models
        get_obj_cgroup_from_folio(), mm/memcontrol.c.
        """
        objcg: cython.int = self.memcgs.get_obj_cgroup_from_memcg(self.pages.page[page].memcg)
        if objcg < 0 and self.pages.flags[page] & ORPHAN:
            return self.pages.space_of(page)
        return objcg

    def swapin_memcg(self, page: cython.int) -> cython.int:
        """Return the memcg that a page is charged to when it is read in: that of its slot, or, if dead, the root.

        Models mem_cgroup_swapin_charge_folio(), mm/memcontrol.c, for a task that moved to the root.
        """
        memcg: cython.int = self.pages.page[page].slot_memcg
        return memcg if self.memcgs.memcg[memcg].online else ROOT

    def read_swap_cache_async(self, page: cython.int) -> cython.int:
        """Bring a page that is to be written back into the swap cache, unmapped and clean.

        Return False where it is in memory already, or its slot is gone. Models __read_swap_cache_async().
        """
        flags: cython.int = self.pages.flags[page]
        if flags & (PRESENT | SWAPCACHE) or not flags & SLOT:
            return False
        self.pages.flags[page] = (flags | SWAPCACHE) & ~DIRTY
        self.add_folio(page, self.swapin_memcg(page))
        return True
