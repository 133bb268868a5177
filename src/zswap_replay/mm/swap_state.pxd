cimport cython
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.mmzone cimport Lruvecs
from zswap_replay.lib.page_table cimport DIRTY, PRESENT, SLOT, SWAPCACHE, WRITEBACK, PageTable

cpdef enum:
    SWAP_CLUSTER_MAX = 32
    WRITE_UNITS = 32
    FOLIO_BATCH = 31

@cython.final
cdef class SwapCache:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Lruvecs lruvecs
    cdef readonly bint batches, reclaiming
    cdef public long long units
    cdef readonly int plugged, submitted, ended
    cdef int[::1] write_page
    cdef long long[::1] write_end, write_added
    cdef int add_folio(self, int page, int memcg) except -1
    cdef void free_folio(self, int page) noexcept
    cpdef int swapin_memcg(self, int page) noexcept
    cpdef int read_swap_cache_async(self, int page) except -1
    cdef start_writeback(self, int page, bint fresh)
    cdef void blk_finish_plug(self) noexcept
    cdef int end_writes(self, long long until) except -1
    cdef int folio_end_writeback(self, int write) except -1
    cdef bint begin_reclaim(self) noexcept
    cdef int end_reclaim(self) except -1
