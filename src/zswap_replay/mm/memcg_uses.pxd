cimport cython
from zswap_replay.lib.columns cimport prefetch

@cython.final
cdef class MemcgUses:
    cdef readonly int nr_nodes
    cdef readonly long long[::1] left, next_flush, node_accesses
    cdef bint count(self, int memcg, int nid) noexcept nogil
    cdef bint next_is_due(self, int memcg) noexcept nogil
    cdef bint is_due(self, int memcg) noexcept nogil
    cdef void flush_every(self, int memcg, long long accesses) noexcept nogil
    cpdef long long accesses_of(self, int memcg, int nid) noexcept nogil
    cdef void prefetch(self, int memcg) noexcept nogil
    cpdef grow(self, int room)
