from zswap_replay.lib.lru_ring cimport LruRings
from zswap_replay.lib.page_table cimport ACTIVE, ISOLATED, ORPHAN, PageTable
from zswap_replay.mm.memcontrol cimport ROOT

# constants of the .py, written by tools/constants.py
cpdef enum:
    LRU_INACTIVE_ANON = 0
    LRU_ACTIVE_ANON = 1
    NR_LRU_LISTS = 2
    MAX_SWAPPINESS = 200
    BUSY_SHIFT = 6
    BUSY_MASK = 63
    WORDS_SHIFT = 4
    AWAKE = 13
    ANY_SIZE = 2147483647

cdef class Lruvecs:
    cdef readonly PageTable pages
    cdef readonly LruRings lists
    cdef readonly int nr_memcgs
    cdef public long long added, drained
    cdef readonly int[::1] place, enough
    cdef readonly unsigned char[::1] busy_until
    cdef readonly unsigned long long[::1] busy, busy_blocks
    cpdef new_memcg(self)
    cdef void wake(self, int memcg) noexcept nogil
    cdef void wake_all(self) noexcept nogil
    cdef void set_busy(self, int memcg, int until) noexcept nogil
    cdef void prefetch(self, int memcg) noexcept nogil
    cdef void prefetch_heads(self, int memcg) noexcept nogil
    cpdef give_up(self, int memcg)
    cdef int forget_block(self, int block) except -1 nogil
    cdef int lruvec_add_folio(self, int page, int memcg) except -1 nogil
    cdef void lruvec_del_folio(self, int page, int memcg) noexcept nogil
    cdef int folio_add_lru(self, int page, int memcg) except -1 nogil
    cdef int folio_rotate_reclaimable(self, int page, int memcg) except -1 nogil
    cpdef int lru_reparent_memcg(self, int memcg, int parent) except -1
