"""Reclaim in the order of an exact LRU: the simplest answer to which page goes next, and not the kernel's."""

import cython

from zswap_replay.mm.vmscan import Vmscan

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import ISOLATED
    from zswap_replay.mm.memcontrol import PGSTEAL
    from zswap_replay.mm.swap import NR_LRU_LISTS
    from zswap_replay.mm.vmscan import FREED, KEEP


class ExactLru(Vmscan):
    """One list a memcg, the page that was accessed last at its head; pages go from its tail, one at a time.

    Where a limit covers several memcgs they give a page each in turn.
    """

    def pte_mkyoung(self, page: cython.int) -> None:
        """Make a mapped page that is accessed the last to go."""
        self.lruvecs.lists.list_move(NR_LRU_LISTS * self.pages.page[page].memcg, page)

    def folio_set_active(self, page: cython.int) -> None:
        """Do nothing: there is one list, and a page that may not go is put at its head."""

    def wait_for_disk(self) -> None:
        """Do nothing: the worker keeps to the clock while a task waits for the device."""

    def shrink_oldest(self, memcg: cython.int) -> cython.int:
        """Look at the oldest page of a memcg; return whether it went."""
        page: cython.int = self.lruvecs.lists.last(NR_LRU_LISTS * memcg)
        self.lruvecs.lruvec_del_folio(page, memcg)
        self.pages.flags[page] |= ISOLATED
        self.pgscan += 1
        fate: cython.int = self.pageout(page)
        if fate == FREED:
            self.pgsteal += 1
            self.memcgs.count_memcg_event(memcg, self.pages.page[page].node, PGSTEAL)
            return True
        self.lruvecs.lruvec_add_folio(page, memcg)
        if fate == KEEP:
            # its write is over at once: the copy is the next to go
            self.lruvecs.folio_rotate_reclaimable(page, memcg)
        return False

    def try_to_free_pages(self, root: cython.int, nr_to_reclaim: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Free one page of the memcgs below ``root``; return 1, or 0 where each page was looked at twice in vain.

        Memcgs that can have no more swap slots are passed over. Swappiness 0 frees none; any other makes no difference,
        since there is nothing else to take.
        """
        if self.share == 0:
            return 0
        memcg: cython.int
        rounds: cython.int
        looks: cython.longlong = 2 * self.memcgs.memcg[root].resident
        while looks > 0:
            memcg = self.memcgs.mem_cgroup_iter(root, self.memcgs.memcg[root].reclaim_iter)
            rounds = 0
            while memcg < 0 or not (self.has_pages(memcg) and self.can_reclaim_anon_pages(memcg)):
                rounds += memcg < 0
                if rounds == 2:
                    return 0
                memcg = self.memcgs.mem_cgroup_iter(root, memcg)
            self.memcgs.memcg[root].reclaim_iter = memcg
            if self.shrink_oldest(memcg):
                return 1
            looks -= 1
        return 0
