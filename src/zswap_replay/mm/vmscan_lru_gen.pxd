cimport cython
from zswap_replay.lib.page_table cimport ACCESSED, ISOLATED, PRESENT, REFERENCED, WRITEBACK, YOUNG
from zswap_replay.mm.lru_gen cimport ACTIVATED, MAX_NR_GENS, MIN_NR_GENS, WORKINGSET, LruGenLists
from zswap_replay.mm.memcontrol cimport PGSTEAL, ROOT
from zswap_replay.mm.pgtable cimport PteTables
from zswap_replay.mm.vmscan cimport ACTIVATE, DEF_PRIORITY, FREED, KEEP, Vmscan

# constants of the .py, written by tools/constants.py
cpdef enum:
    MIN_LRU_BATCH = 64
    MAX_LRU_BATCH = 4096

cdef bint suitable_to_scan(int total, int young) noexcept nogil

@cython.final
cdef class LruGen(Vmscan):
    cdef readonly LruGenLists gens
    cdef readonly PteTables tables
    cdef int[::1] batch, batch_fates, moved
    cdef int nr_isolated
    cdef readonly long long reclaim
    cdef bint root_reclaim
    cdef long long nr_reclaimed
    cdef long long[::1] walked
    cdef unsigned char[::1] filter_made
    cdef int grow(self, int memcg) except -1 with gil
    cdef int try_to_inc_max_seq(self, int memcg) except -1 nogil
    cdef void walk_mm(self, int memcg, bint force_scan) noexcept nogil
    cdef bint walk_pte_range(self, int memcg, int table) noexcept nogil
    cdef bint is_young(self, int page, int memcg) noexcept nogil
    cdef int lru_gen_look_around(self, int page, int memcg) except -1 nogil
    cdef bint sort_folio(self, int page, int memcg, int gen) except? 1 nogil
    cdef int scan_folios(self, int memcg) except -1 nogil
    cdef bint try_to_inc_min_seq(self, int memcg) noexcept nogil
    cdef int evict_folio(self, int page, int memcg) except -1 nogil
    cdef int evict_folios(self, int memcg) except -1 nogil
    cdef bint should_run_aging(self, int memcg, long long total) noexcept nogil
    cdef Py_ssize_t get_nr_to_scan(self, int memcg, int priority) except -1 nogil
