cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.list_head cimport ListHeads

# constants of the .py, written by tools/constants.py
cpdef enum:
    SWAPFILE_CLUSTER = 256
    SWAP_CLUSTER_COLS = 64
    CLUSTER_FLAG_FREE = 0
    CLUSTER_FLAG_NONFULL = 1
    CLUSTER_FLAG_FRAG = 2
    CLUSTER_FLAG_FULL = 3
    NR_CLUSTER_LISTS = 4

cdef struct SwapCluster:
    unsigned short count
    unsigned char flags

@cython.final
cdef class SwapInfo:
    cdef readonly int pages, nr_clusters, next, frag_cluster_nr
    cdef readonly unsigned char[::1] swap_map
    cdef readonly Records records
    cdef readonly SwapCluster[::1] cluster
    cdef readonly ListHeads lists
    cdef void mark_used(self, int slot) noexcept nogil
    cdef void add_to_list(self, int cluster, int flags) noexcept nogil
    cdef void move_cluster(self, int cluster, int flags) noexcept nogil
    cpdef int cluster_alloc_swap_entry(self) noexcept nogil
    cdef int alloc_swap_scan_cluster(self, int offset) noexcept nogil
    cdef void cluster_alloc_range(self, int cluster, int slot) noexcept nogil
    cpdef bint dec_cluster_info_page(self, int slot) noexcept nogil
