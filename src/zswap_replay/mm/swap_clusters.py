"""The slots of a rotating swap device in clusters, from 6.14 on, and the order in which they are given out.

Models cluster_alloc_swap_entry(), mm/swapfile.c, for such a device, which has one cluster in use for all processors
(struct swap_info_struct.global_cluster). It has no size here: there is always a free cluster. Read, not compared with a
run.
"""

import cython

from zswap_replay.lib.columns import UCHAR, Records, column, grown
from zswap_replay.lib.list_head import ListHeads
from zswap_replay.mm.swapfile import CLUSTER

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.mm.swapfile import (
        CLUSTER_FLAG_FRAG,
        CLUSTER_FLAG_FREE,
        CLUSTER_FLAG_FULL,
        CLUSTER_FLAG_NONFULL,
        NR_CLUSTER_LISTS,
        SWAPFILE_CLUSTER,
    )

    FIRST_CLUSTERS = 8


class SwapClusters:
    """Which slots of a rotating device are in use; slot 0 is the swap header's."""

    def __init__(self, used_first: bool) -> None:
        """Take ``used_first``: whether a cluster that is partly used comes before a free one, as from 6.18 on."""
        self.used_first = used_first
        self.swap_map = column(FIRST_CLUSTERS * SWAPFILE_CLUSTER, UCHAR)
        self.records = Records(FIRST_CLUSTERS, CLUSTER)
        self.cluster = self.records.array
        self.lists = ListHeads(NR_CLUSTER_LISTS, FIRST_CLUSTERS)
        self.nr_clusters = 0
        # where the cluster in use is scanned from, 0 for nowhere: si->global_cluster->next
        self.next = 0
        self.add_cluster()
        self.swap_map[0] = 1
        self.cluster[0].count = 1
        self.move_cluster(0, CLUSTER_FLAG_NONFULL)

    def add_cluster(self) -> None:
        """Let the device have a cluster more, which is free."""
        cluster: cython.int = self.nr_clusters
        if cluster == self.records.size:
            self.swap_map = grown(self.swap_map, 2 * cluster * SWAPFILE_CLUSTER)
            self.cluster = None
            self.records.resize(2 * cluster)
            self.cluster = self.records.array
            self.lists.resize_items(2 * cluster)
        self.nr_clusters += 1
        self.cluster[cluster].flags = CLUSTER_FLAG_FREE
        self.lists.list_add_tail(CLUSTER_FLAG_FREE, cluster)

    def move_cluster(self, cluster: cython.int, flags: cython.int) -> None:
        """Move a cluster to the tail of a list."""
        self.lists.list_del(cluster)
        self.cluster[cluster].flags = flags
        self.lists.list_add_tail(flags, cluster)

    def cluster_alloc_swap_entry(self) -> cython.int:
        """Give out a slot: of the cluster in use, then of another, which is in use from there on.

        Up to 6.17 that is a free one. From 6.18 on it is the one that is partly used and was so first, a free one where
        there is none. Models cluster_alloc_swap_entry() for a single page.
        """
        slot: cython.int = 0
        cluster: cython.int
        if self.next:
            cluster = self.next // SWAPFILE_CLUSTER
            if self.cluster[cluster].count == 0:
                self.next = cluster * SWAPFILE_CLUSTER
            slot = self.alloc_swap_scan_cluster(cluster, self.next)
        while slot == 0 and self.used_first:
            cluster = self.lists.list_first_entry_or_null(CLUSTER_FLAG_NONFULL)
            if cluster < 0:
                break
            slot = self.alloc_swap_scan_cluster(cluster, cluster * SWAPFILE_CLUSTER)
        if slot == 0:
            cluster = self.lists.list_first_entry_or_null(CLUSTER_FLAG_FREE)
            if cluster < 0:
                cluster = self.nr_clusters
                self.add_cluster()
            slot = self.alloc_swap_scan_cluster(cluster, cluster * SWAPFILE_CLUSTER)
        return slot

    def alloc_swap_scan_cluster(self, cluster: cython.int, offset: cython.int) -> cython.int:
        """Give out the first free slot of a cluster from ``offset`` on; 0 where there is none.

        Models alloc_swap_scan_cluster() and relocate_cluster(): a cluster in use is with those that have no room for
        large pages until one of its slots is freed.
        """
        slot: cython.int = 0
        end: cython.int = (cluster + 1) * SWAPFILE_CLUSTER
        flags: cython.int
        self.next = 0
        while offset < end and self.swap_map[offset]:
            offset += 1
        if offset < end:
            slot = offset
            self.swap_map[slot] = 1
            self.cluster[cluster].count += 1
            if self.cluster[cluster].count < SWAPFILE_CLUSTER and slot + 1 < end:
                self.next = slot + 1
        flags = CLUSTER_FLAG_FULL if self.cluster[cluster].count == SWAPFILE_CLUSTER else CLUSTER_FLAG_FRAG
        if self.cluster[cluster].flags != flags:
            self.move_cluster(cluster, flags)
        return slot

    def swap_range_free(self, slot: cython.int) -> None:
        """Give a slot back: its cluster is partly used or free from here on.

        Models dec_cluster_info_page(), free_cluster() and partial_free_cluster().
        """
        cluster: cython.int = slot // SWAPFILE_CLUSTER
        self.swap_map[slot] = 0
        self.cluster[cluster].count -= 1
        if self.cluster[cluster].count == 0:
            self.move_cluster(cluster, CLUSTER_FLAG_FREE)
        elif self.cluster[cluster].flags != CLUSTER_FLAG_NONFULL:
            self.move_cluster(cluster, CLUSTER_FLAG_NONFULL)
