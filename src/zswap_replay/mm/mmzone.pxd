cimport cython
from zswap_replay.lib.lru_ring cimport LruRings
from zswap_replay.mm.memcontrol cimport WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON, MemCgroups
from zswap_replay.lib.page_table cimport ACTIVE, ISOLATED, WRITEBACK, PageTable

cpdef enum:
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    NO_SHADOW = 0
    EVICTION_MASK = 1073741823

@cython.final
cdef class Lruvecs:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly LruRings lists
    cdef readonly int nr_memcgs
    cdef readonly long long[::1] nonresident_age, activations, activations_seen
    cdef public long long added, drained
    cpdef new_memcg(self)
    cpdef int lruvec_add_folio(self, int page, int memcg) except -1
    cpdef void lruvec_del_folio(self, int page, int memcg) noexcept
    cpdef int folio_add_lru(self, int page, int memcg, bint same_memcg) except -1
    cpdef int folio_rotate_reclaimable(self, int page, int memcg) except -1
    cdef void workingset_age_nonresident(self, int memcg) noexcept
    cpdef void workingset_eviction(self, int page, int memcg) noexcept
    cdef void workingset_refault(self, int page, int memcg) noexcept
    cpdef bint inactive_is_low(self, int memcg) noexcept
