"""The one place where memory.max and memory.high are enforced. Models the part of mm/memcontrol.c that reclaims.

MemCgroups (memcontrol.py) has the limits and the charges; here reclaim is called where a charge meets a limit, where a
limit is lowered below the use, and where somebody asks for it.
"""

import cython

from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_alloc import PageAlloc
from zswap_replay.mm.releases import Release
from zswap_replay.mm.vmscan import Vmscan

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.memcontrol import NO_LIMIT, NR_EVENTS, OOM, ROOT
    from zswap_replay.mm.page_writeback import SWAP_CLUSTER_MAX
    from zswap_replay.mm.vmscan import VM_SWAPPINESS
    from zswap_replay.mm.zswap import MAX_RECLAIM_RETRIES


class MemcgLimits:
    """The memory limits of one machine: those of its memcgs, and its RAM."""

    def __init__(self, release: Release, memcgs: MemCgroups, vmscan: Vmscan, page_alloc: PageAlloc) -> None:
        self.memcgs = memcgs
        self.vmscan = vmscan
        self.page_alloc = page_alloc
        self.rule_quarters_of_memory_reclaim = release.quarters_of_memory_reclaim
        # pages that were charged over a limit, for want of anything to reclaim
        self.oom = 0

    def try_charge_memcg(self, memcg: cython.int) -> None:
        """Make room for one more page of a memcg under every limit up the tree, and in RAM.

        Where nothing more can be reclaimed the kernel would kill; here the page is charged all the same, and counted.
        At memory.high nothing is counted. Models try_charge_memcg().
        """
        limit: cython.longlong
        above: cython.int = memcg
        while above > ROOT:
            if self.memcgs.memcg[above].memory_high != NO_LIMIT:
                self.reclaim_below(above, self.memcgs.memcg[above].memory_high, 1)
            limit = self.memcgs.memcg[above].memory_max
            if (
                limit != NO_LIMIT
                and self.memcgs.memory_usage(above) >= limit
                and not self.reclaim_below(above, limit, 1)
            ):
                self.note_oom("memory.max", above, memcg, self.memcgs.memory_usage(above) + 1, 1)
                self.mem_cgroup_oom(memcg, 1)
            above = self.memcgs.memcg[above].parent
        if not self.page_alloc.alloc_pages_slowpath():
            pages: cython.longlong = self.page_alloc.pages_used() + 1
            self.note_oom("totalram", ROOT, memcg, pages, 1)
            self.vmscan.count_swap_full(ROOT)
            self.mem_cgroup_oom(memcg, 1)

    def mem_cgroup_oom(self, memcg: cython.int, over: cython.longlong) -> None:
        """Count pages of a memcg that are charged over a limit.

        Models mem_cgroup_oom(), without the killing.
        """
        self.oom += over
        self.memcgs.events[memcg * self.memcgs.nr_nodes * NR_EVENTS + OOM] += over

    def note_oom(
        self, limit: str, above: cython.int, memcg: cython.int, pages: cython.longlong, over: cython.longlong
    ) -> None:
        """Note that a limit of the memcg ``above`` has no room for ``over`` pages of ``memcg``.

        ``pages`` are those that it holds with them. A limit that also fits all that is swapped out, as it is when
        it is not compressed, and what is on its way there needs no reclaim.
        """
        swapped: cython.longlong = self.memcgs.memcg[above].swap
        wanted: cython.longlong = pages
        if swapped:
            wanted = max(pages, self.memcgs.memcg[above].resident + 1 + swapped + SWAP_CLUSTER_MAX)
        self.vmscan.shortages.note(limit, above, memcg, self.vmscan.zswap.worker.now, wanted, over)

    def reclaim_below(self, memcg: cython.int, limit: cython.longlong, coming: cython.int) -> cython.bint:
        """Reclaim until a memcg has room for ``coming`` pages under ``limit`` pages.

        A round takes SWAP_CLUSTER_MAX. Return False where MAX_RECLAIM_RETRIES of them freed nothing, or fewer where
        none could. A use of exactly the limit is within it.

        What zswap takes and a full device sends back is as much as before, and a kernel would go round for ever. From
        the first page that was sent back on, a round has freed something here if the use was never as low.
        """
        retries: cython.int = MAX_RECLAIM_RETRIES
        least: cython.longlong = self.memcgs.memory_usage(memcg)
        use: cython.longlong = least
        refused: cython.longlong = self.vmscan.writeback.refused_entries
        freed: cython.longlong
        while use + coming > limit:
            freed = self.vmscan.try_to_free_pages(memcg, SWAP_CLUSTER_MAX)
            use = self.memcgs.memory_usage(memcg)
            if use >= least and self.vmscan.writeback.refused_entries > refused:
                freed = 0
            least = min(least, use)
            if freed == 0:
                retries -= 1
                if retries == 0 or not self.vmscan.can_progress(memcg):
                    self.vmscan.count_swap_full(memcg)
                    return False
        return True

    def reclaim_excess(self, memcg: cython.int) -> None:
        """Reclaim what memcgs up the tree are charged above a memory.max, as something else was charged."""
        above: cython.int = memcg
        while above > ROOT:
            if self.memcgs.memcg[above].memory_max != NO_LIMIT:
                self.reclaim_below(above, self.memcgs.memcg[above].memory_max, 0)
            above = self.memcgs.memcg[above].parent

    def memory_max_write(self, memcg: cython.int, value: int) -> None:
        """Set memory.max to ``value`` bytes, NO_LIMIT for max, and reclaim down to it.

        Where that cannot be the kernel kills; here the pages above it are counted. Models memory_max_write().
        """
        self.memcgs.set_limit(memcg, "memory.max", value)
        limit: cython.longlong = self.memcgs.memcg[memcg].memory_max
        if value != NO_LIMIT and not self.reclaim_below(memcg, limit, 0):
            pages: cython.longlong = self.memcgs.memory_usage(memcg)
            # all at once: pages that the trace does not have may be more than anybody could count one by one
            self.note_oom("memory.max", memcg, memcg, pages, pages - limit)
            self.mem_cgroup_oom(memcg, pages - limit)

    def memory_high_write(self, memcg: cython.int, value: int) -> None:
        """Set memory.high to ``value`` bytes, NO_LIMIT for max, and reclaim down to it.

        Models memory_high_write().
        """
        self.memcgs.set_limit(memcg, "memory.high", value)
        if value != NO_LIMIT:
            self.reclaim_below(memcg, self.memcgs.memcg[memcg].memory_high, 0)

    def memory_reclaim(
        self, memcg: cython.int, nr_to_reclaim: cython.Py_ssize_t, swappiness: cython.int
    ) -> cython.Py_ssize_t:
        """Reclaim ``nr_to_reclaim`` pages of a memcg with a swappiness; return how many were freed.

        Models memory_reclaim().
        """
        self.vmscan.set_swappiness(swappiness)
        freed: cython.Py_ssize_t = 0
        retries: cython.int = MAX_RECLAIM_RETRIES
        while freed < nr_to_reclaim and retries:
            batch: cython.Py_ssize_t = min(nr_to_reclaim - freed, SWAP_CLUSTER_MAX)
            if self.rule_quarters_of_memory_reclaim:
                batch = max((nr_to_reclaim - freed) // 4, SWAP_CLUSTER_MAX)
            got: cython.Py_ssize_t = self.vmscan.try_to_free_pages(memcg, batch)
            retries -= got == 0
            freed += got
            if got == 0 and not self.vmscan.can_progress(memcg):
                break
        if freed < nr_to_reclaim:
            self.vmscan.count_swap_full(memcg)
        self.vmscan.set_swappiness(VM_SWAPPINESS)
        return freed
