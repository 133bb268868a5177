"""The slots of a swap device that has a size: clusters, and the order in which slots are given out.

Models mm/swapfile.c, v6.12, for a device that does not rotate. The functions that take several slots at a time stand
with the cache of slots, in swap_slots.py.
"""

import cython

from zswap_replay.lib.columns import UCHAR, USHORT, Fields, Records, column
from zswap_replay.lib.list_head import ListHeads

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    SWAPFILE_CLUSTER = 256
    """Slots of a cluster."""
    SWAP_CLUSTER_COLS = 64
    """Clusters of one address space of the swap cache: those that are free are given out a column at a time."""
    # the lists of clusters, by what is in them
    CLUSTER_FLAG_FREE = 0
    CLUSTER_FLAG_NONFULL = 1
    CLUSTER_FLAG_FRAG = 2
    CLUSTER_FLAG_FULL = 3
    NR_CLUSTER_LISTS = 4

CLUSTER: Fields = {"count": USHORT, "flags": UCHAR}
"""struct swap_cluster_info: its slots in use, and the list that it is on."""


class SwapInfo:
    """One swap device: which slots are in use. Models struct swap_info_struct."""

    def __init__(self, pages: int) -> None:
        """Take ``pages``, the slots with the one of the swap header, which is in use for good. Models setup_clusters().

        The slots behind the last one, up to the end of its cluster, count as used.
        """
        slot: cython.int
        column_of: cython.int
        index: cython.int
        nr_clusters: cython.int = (pages + SWAPFILE_CLUSTER - 1) // SWAPFILE_CLUSTER
        self.pages = pages
        self.nr_clusters = nr_clusters
        self.swap_map = column(nr_clusters * SWAPFILE_CLUSTER, UCHAR)
        self.records = Records(max(nr_clusters, 1), CLUSTER)
        self.cluster = self.records.array
        self.lists = ListHeads(NR_CLUSTER_LISTS, nr_clusters)
        self.frag_cluster_nr = 0
        # where the cluster in use is scanned from, 0 for nowhere: struct percpu_cluster, of one CPU
        self.next = 0
        if pages:
            self.mark_used(0)
        for slot in range(pages, nr_clusters * SWAPFILE_CLUSTER):
            self.mark_used(slot)
        for column_of in range(min(SWAP_CLUSTER_COLS, nr_clusters)):
            for index in range(column_of, nr_clusters, SWAP_CLUSTER_COLS):
                self.add_to_list(
                    index, CLUSTER_FLAG_NONFULL if self.cluster[index].count else CLUSTER_FLAG_FREE
                )

    def mark_used(self, slot: cython.int) -> None:
        """Count a slot as used that is never given out. Models inc_cluster_info_page()."""
        self.swap_map[slot] = 1
        self.cluster[slot // SWAPFILE_CLUSTER].count += 1

    def add_to_list(self, cluster: cython.int, flags: cython.int) -> None:
        """Put a cluster that is on no list at the tail of one."""
        self.cluster[cluster].flags = flags
        self.lists.list_add_tail(flags, cluster)
        self.frag_cluster_nr += flags == CLUSTER_FLAG_FRAG

    def move_cluster(self, cluster: cython.int, flags: cython.int) -> None:
        """Move a cluster to the tail of a list."""
        self.lists.list_del(cluster)
        self.frag_cluster_nr -= self.cluster[cluster].flags == CLUSTER_FLAG_FRAG
        self.add_to_list(cluster, flags)

    def cluster_alloc_swap_entry(self) -> cython.int:
        """Give out a slot; -1 where there is none.

        From the cluster in use, then from a free one, then from those that are partly used, the one that was so first.
        Models cluster_alloc_swap_entry() for a single page.
        """
        slot: cython.int = -1
        cluster: cython.int
        frags: cython.int = 0
        if self.next:
            slot = self.alloc_swap_scan_cluster(self.next)
            if slot >= 0:
                return slot
        cluster = self.lists.list_first_entry_or_null(CLUSTER_FLAG_FREE)
        if cluster >= 0:
            return self.alloc_swap_scan_cluster(cluster * SWAPFILE_CLUSTER)
        while slot < 0:
            cluster = self.lists.list_first_entry_or_null(CLUSTER_FLAG_NONFULL)
            if cluster < 0:
                break
            self.move_cluster(cluster, CLUSTER_FLAG_FRAG)
            slot = self.alloc_swap_scan_cluster(cluster * SWAPFILE_CLUSTER)
            frags += 1
        while slot < 0 and frags < self.frag_cluster_nr:
            cluster = self.lists.list_first_entry_or_null(CLUSTER_FLAG_FRAG)
            self.move_cluster(cluster, CLUSTER_FLAG_FRAG)
            slot = self.alloc_swap_scan_cluster(cluster * SWAPFILE_CLUSTER)
            frags += 1
        return slot

    def alloc_swap_scan_cluster(self, offset: cython.int) -> cython.int:
        """Give out the first free slot of a cluster from ``offset`` on; -1 where there is none.

        Models alloc_swap_scan_cluster().
        """
        cluster: cython.int = offset // SWAPFILE_CLUSTER
        last: cython.int = cluster * SWAPFILE_CLUSTER + SWAPFILE_CLUSTER - 1
        self.next = 0
        if self.cluster[cluster].count == SWAPFILE_CLUSTER:
            return -1
        while offset <= last and self.swap_map[offset]:
            offset += 1
        if offset > last:
            return -1
        self.cluster_alloc_range(cluster, offset)
        if self.cluster[cluster].count < SWAPFILE_CLUSTER and offset < last:
            self.next = offset + 1
        return offset

    def cluster_alloc_range(self, cluster: cython.int, slot: cython.int) -> None:
        """Take a slot of a cluster into use.

        Models cluster_alloc_range().
        """
        if self.cluster[cluster].flags == CLUSTER_FLAG_FREE:
            self.move_cluster(cluster, CLUSTER_FLAG_NONFULL)
        self.swap_map[slot] = 1
        self.cluster[cluster].count += 1
        if self.cluster[cluster].count == SWAPFILE_CLUSTER:
            self.move_cluster(cluster, CLUSTER_FLAG_FULL)

    def dec_cluster_info_page(self, slot: cython.int) -> cython.bint:
        """Take a slot out of use; return whether its cluster is free now.

        Models dec_cluster_info_page() and free_cluster().
        """
        cluster: cython.int = slot // SWAPFILE_CLUSTER
        self.swap_map[slot] = 0
        self.cluster[cluster].count -= 1
        if self.cluster[cluster].count == 0:
            self.move_cluster(cluster, CLUSTER_FLAG_FREE)
            return True
        if self.cluster[cluster].flags != CLUSTER_FLAG_NONFULL:
            self.move_cluster(cluster, CLUSTER_FLAG_NONFULL)
        return False
