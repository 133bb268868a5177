cimport cython
from zswap_replay.lib.lru_ring cimport LruRings
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.swap cimport LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, NR_LRU_LISTS

@cython.final
cdef class MemcgStat:
    cdef readonly MemCgroups memcgs
    cdef readonly LruRings lists
    cdef readonly long long stat_flush
    cdef readonly int nr_memcgs, nr_changed
    cdef int[::1] changed
    cpdef new_memcg(self)
    cdef void flush_if_due(self, int memcg) noexcept nogil
    cpdef void mem_cgroup_flush_stats(self, int memcg) noexcept nogil
    cdef int take_changed(self, int at) noexcept nogil
    cdef bint stores_flush(self, int memcg) noexcept nogil
