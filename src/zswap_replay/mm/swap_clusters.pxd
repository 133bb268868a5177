cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.list_head cimport ListHeads
from zswap_replay.mm.swapfile cimport (
    CLUSTER_FLAG_FRAG, CLUSTER_FLAG_FREE, CLUSTER_FLAG_FULL, CLUSTER_FLAG_NONFULL, NR_CLUSTER_LISTS, SWAPFILE_CLUSTER,
    SwapCluster,
)

# constants of the .py, written by tools/constants.py
cpdef enum:
    FIRST_CLUSTERS = 8

@cython.final
cdef class SwapClusters:
    cdef readonly bint used_first
    cdef readonly unsigned char[::1] swap_map
    cdef readonly Records records
    cdef readonly SwapCluster[::1] cluster
    cdef readonly ListHeads lists
    cdef readonly int nr_clusters, next
    cdef int add_cluster(self) except -1 with gil
    cdef void move_cluster(self, int cluster, int flags) noexcept nogil
    cpdef int cluster_alloc_swap_entry(self) except -1 nogil
    cdef int alloc_swap_scan_cluster(self, int cluster, int offset) noexcept nogil
    cpdef void swap_range_free(self, int slot) noexcept nogil
