cimport cython
from zswap_replay.lib.page_table cimport (
    ACTIVE, DIRTY, ISOLATED, ORPHAN, PRESENT, SLOT, SWAPCACHE, WRITEBACK, PageTable,
)
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.swap cimport Lruvecs
from zswap_replay.mm.workingset cimport NO_SHADOW, Workingset

@cython.final
cdef class SwapCache:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Lruvecs lruvecs
    cdef readonly Workingset workingset
    cdef readonly int free_folios
    cdef int add_folio(self, int page, int memcg) except -1 nogil
    cdef void free_folio(self, int page) noexcept nogil
    cdef void begin_batch(self, int memcg) noexcept nogil
    cdef void end_batch(self, int memcg) noexcept nogil
    cdef void mem_cgroup_uncharge_folios(self, int memcg) noexcept nogil
    cdef int get_obj_cgroup_from_folio(self, int page) noexcept nogil
    cpdef int swapin_memcg(self, int page) noexcept nogil
    cpdef int read_swap_cache_async(self, int page) except -1 nogil
