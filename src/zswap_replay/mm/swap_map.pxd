cimport cython
from zswap_replay.lib.block_table cimport BLOCK_SHIFT
from zswap_replay.mm.swap_clusters cimport SwapClusters
from zswap_replay.mm.swap_slots cimport SWAP_SLOTS_CACHE_SIZE, SwapSlots
from zswap_replay.mm.swapfile cimport SWAPFILE_CLUSTER

@cython.final
cdef class SwapMap(SwapSlots):
    cdef readonly SwapClusters clusters
    cdef readonly unsigned char[::1] swap_map
    cdef readonly int[::1] page_at, slot_of
    cdef int[::1] slots, slots_ret
    cdef readonly int lowest_bit, cluster_next, cluster_nr, cur, nr
    cdef int grow_map(self, int slot) except -1 with gil
    cdef int grow_slots(self, int page, int slot) except -1 with gil
    cdef bint in_use(self, int slot) except -1 nogil
    cdef int page_in(self, int slot) noexcept nogil
    cdef int first_empty(self) except -1 nogil
    cdef int scan_swap_map_slots(self, int wanted) except -1 nogil
    cdef int cluster_alloc_swap(self, int wanted) except -1 nogil
    cdef int swap_range_free(self, int slot) except -1 nogil
