cimport cython
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.page_writeback cimport SWAP_CLUSTER_MAX
from zswap_replay.mm.vmscan cimport Vmscan
from zswap_replay.mm.zswap cimport MAX_RECLAIM_RETRIES, Zswap

@cython.final
cdef class PageAlloc:
    cdef readonly MemCgroups memcgs
    cdef readonly Vmscan vmscan
    cdef readonly Zswap zswap
    cdef readonly long long totalram_pages
    cdef bint alloc_pages_slowpath(self) except -1 nogil
    cdef long long pages_used(self) noexcept nogil
    cdef bint should_reclaim_retry(self, int no_progress_loops) except -1 nogil
