cimport cython
from zswap_replay.lib.columns cimport Records, prefetch

cdef struct Use:
    long long accesses
    long long next_flush

@cython.final
cdef class MemcgUses:
    cdef readonly int nr_nodes
    cdef readonly Records records
    cdef readonly Use[::1] use
    cdef readonly long long[::1] node_accesses
    cdef bint count(self, int memcg, int nid) noexcept nogil
    cdef bint next_is_due(self, int memcg) noexcept nogil
    cdef bint is_due(self, int memcg) noexcept nogil
    cpdef long long accesses_of(self, int memcg, int nid) noexcept nogil
    cdef void prefetch(self, int memcg) noexcept nogil
    cpdef grow(self, int room)
