cimport cython
from zswap_replay.mm.memcontrol cimport NO_LIMIT, OOM, ROOT, MemCgroups
from zswap_replay.mm.page_table cimport DIRTY, PRESENT, SLOT, SWAPCACHE, PageTable
from zswap_replay.mm.swap cimport KEPT, STORED, Swap
from zswap_replay.mm.swap_state cimport SwapCache

@cython.final
cdef class Vmscan:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly Swap swap
    cdef readonly bint synchronous_swap
    cdef int[::1] reclaim_iter
    cdef readonly long long clean_drops, swap_full, oom
    cdef int shrink_folio(self, int page) except -1
    cdef drop(self, int page)
    cdef reclaim_pages(self, int page)
    cdef int shrink_lruvec(self, int memcg) except -1
    cpdef Py_ssize_t try_to_free_pages(self, int root, Py_ssize_t nr_to_reclaim) except -1
    cdef try_charge(self, int memcg, long long totalram_pages)
    cpdef int keep_below(self, int memcg, long long limit, int coming) except -1
