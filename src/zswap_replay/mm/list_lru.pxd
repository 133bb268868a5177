cimport cython
from zswap_replay.lib.lru_ring cimport LruRings

# constants of the .py, written by tools/constants.py
cpdef enum:
    LRU_REMOVED = 0
    LRU_REMOVED_RETRY = 1
    LRU_ROTATE = 2
    LRU_SKIP = 3
    LRU_RETRY = 4
    LRU_STOP = 5


cdef class LruWalk:
    cdef public int nr_to_walk
    cdef int list_lru_walk_cb(self, ListLru lru, int head, int item) except -1 nogil
    cpdef int look_at(self, ListLru lru, int head, int item) except -1 with gil

@cython.final
cdef class ListLru:
    cdef readonly LruRings heads
    cdef readonly int nr_nodes
    cdef readonly bint memcg_aware
    cdef readonly int[::1] base
    cpdef int memcg_list_lru_alloc(self, int memcg) except -1 with gil
    cpdef int head_of(self, int nid, int memcg) noexcept nogil
    cdef void prefetch(self, int nid, int memcg) noexcept nogil
    cdef void prefetch_places(self, int item, int nid, int memcg) noexcept nogil
    cpdef int list_lru_add(self, int item, int nid, int memcg) except -1 nogil
    cpdef void list_lru_del(self, int item, int nid, int memcg) noexcept nogil
    cdef int list_lru_move_tail(self, int item, int nid, int memcg) except -1 nogil
    cpdef void list_lru_replace(self, int old, int new) noexcept nogil
    cpdef int list_lru_count_one(self, int nid, int memcg) noexcept nogil
    cpdef int list_lru_walk_one(self, int nid, int memcg, LruWalk walk, int nr_to_walk) except -1 nogil
    cpdef memcg_reparent_list_lrus(self, int memcg, int parent)
