cimport cython
from zswap_replay.lib.page_table cimport ACTIVE, YOUNG, PageTable
from zswap_replay.mm.lru_gen cimport LruGenLists
from zswap_replay.mm.memcg_stat cimport MemcgStat
from zswap_replay.mm.memcontrol cimport WORKINGSET_ACTIVATE_ANON, WORKINGSET_REFAULT_ANON, MemCgroups

# constants of the .py, written by tools/constants.py
cpdef enum:
    NO_SHADOW = 0
    EVICTION_MASK = 1073741823

cdef class Workingset:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly MemcgStat stat
    cdef void workingset_age_nonresident(self, int memcg) noexcept nogil
    cdef void workingset_eviction(self, int page, int memcg) noexcept nogil
    cdef int workingset_refault(self, int page, int memcg) except -1 nogil

@cython.final
cdef class LruGenWorkingset(Workingset):
    cdef readonly LruGenLists gens
