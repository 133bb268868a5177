cimport cython
from zswap_replay.lib.lru_ring cimport LruRings
from zswap_replay.lib.page_table cimport ACTIVE, PageTable
from zswap_replay.mm.memcontrol cimport WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON, MemCgroups
from zswap_replay.mm.swap cimport LRU_ACTIVE_ANON, NR_LRU_LISTS

# constants of the .py, written by tools/constants.py
cpdef enum:
    NO_SHADOW = 0
    EVICTION_MASK = 1073741823

@cython.final
cdef class Workingset:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly LruRings lists
    cdef readonly int nr_memcgs
    cdef readonly long long[::1] nonresident_age, activations, activations_seen
    cpdef new_memcg(self)
    cdef void workingset_age_nonresident(self, int memcg) noexcept
    cpdef void workingset_eviction(self, int page, int memcg) noexcept
    cdef void workingset_refault(self, int page, int memcg) noexcept
