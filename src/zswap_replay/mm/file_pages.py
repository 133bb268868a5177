"""Memory of a memcg that a trace does not have: page cache that is in use, page tables, stacks, slab.

It is a constant share of the charge: it takes room below every limit, and reclaim looks at it in vain. Models what
get_scan_count() and lru_note_cost(), mm/vmscan.c and mm/swap.c, make of file pages that are found referenced each time.
"""

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.mm.memcontrol import MemCgroups

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.page_writeback import SWAP_CLUSTER_MAX
    from zswap_replay.mm.swap import MAX_SWAPPINESS


class FilePages:
    """How much of that each memcg has, and the share of reclaim's look that is left for anonymous pages."""

    def __init__(self, memcgs: MemCgroups) -> None:
        self.memcgs = memcgs
        # by memcg, its own pages
        self.file = column(8, LONGLONG)
        # what scanning each kind has cost lately: struct lruvec
        self.anon_cost = column(8, LONGLONG)
        self.file_cost = column(8, LONGLONG)
        # the share of anonymous pages in the scan under way
        self.anon_share = 0
        self.share_of = 1

    def make_room(self, memcg: cython.int) -> None:
        """Let a memcg have file pages."""
        if memcg >= len(self.file):
            self.file = grown(self.file, 2 * memcg)
            self.anon_cost = grown(self.anon_cost, 2 * memcg)
            self.file_cost = grown(self.file_cost, 2 * memcg)

    def set_file(self, memcg: cython.int, pages: cython.longlong) -> None:
        """Charge a memcg ``pages`` pages that the trace does not have, in place of those charged before."""
        self.make_room(memcg)
        change: cython.longlong = pages - self.file[memcg]
        self.file[memcg] = pages
        above: cython.int = memcg
        while above >= 0:
            self.memcgs.memcg[above].resident += change
            above = self.memcgs.memcg[above].parent

    def file_of(self, memcg: cython.int) -> cython.longlong:
        """Return how many such pages a memcg has."""
        return self.file[memcg] if memcg < len(self.file) else 0

    def set_share(
        self, swappiness: cython.longlong, anon_cost: cython.longlong, file_cost: cython.longlong
    ) -> None:
        """Set the share of anonymous pages by what either kind has cost.

        Models get_scan_count(). With swappiness 60 and no file pages it is 89 of 508; above MAX_SWAPPINESS it is all.
        """
        total: cython.longlong = anon_cost + file_cost
        anon: cython.longlong = total + anon_cost
        file: cython.longlong = total + file_cost
        total = anon + file
        self.anon_share = swappiness * (total + 1) // (anon + 1)
        self.share_of = self.anon_share
        if swappiness < MAX_SWAPPINESS:
            self.share_of += (MAX_SWAPPINESS - swappiness) * (total + 1) // (file + 1)

    def scan(self, memcg: cython.int, priority: cython.int, swappiness: cython.int) -> None:
        """Look at a memcg's file pages in a round, half of which are inactive: all of them are in use, and stay."""
        self.set_share(swappiness, self.anon_cost[memcg], self.file_cost[memcg])
        scanned: cython.longlong = (self.file[memcg] // 2) >> priority
        if priority:
            scanned = scanned * (self.share_of - self.anon_share) // self.share_of
        self.lru_note_cost(memcg, 0, scanned)

    def note_anon_cost(self, memcg: cython.int, pageouts: cython.longlong, rotated: cython.longlong) -> None:
        """Count what the look at some anonymous pages cost: those written, and those that stayed.

        Models the end of shrink_inactive_list().
        """
        self.lru_note_cost(memcg, pageouts * SWAP_CLUSTER_MAX + rotated, 0)

    def lru_note_cost(self, memcg: cython.int, anon: cython.longlong, file: cython.longlong) -> None:
        """Add to the costs; halve both where they have grown to a quarter of the pages.

        Models lru_note_cost(), mm/swap.c.
        """
        self.anon_cost[memcg] += anon
        self.file_cost[memcg] += file
        if self.anon_cost[memcg] + self.file_cost[memcg] > self.memcgs.memcg[memcg].resident // 4:
            self.anon_cost[memcg] //= 2
            self.file_cost[memcg] //= 2
