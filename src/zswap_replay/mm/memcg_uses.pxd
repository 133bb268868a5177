cimport cython
from zswap_replay.lib.columns cimport Records, prefetch

# constants of the .py, written by tools/constants.py
cpdef enum:
    NEVER = 4611686018427387903

cdef struct Use:
    long long accesses
    long long wake_at

@cython.final
cdef class MemcgUses:
    cdef readonly int nr_nodes
    cdef readonly Records records
    cdef readonly Use[::1] use
    cdef readonly long long[::1] node_accesses
    cdef bint count(self, int memcg, int nid) noexcept nogil
    cpdef long long accesses_of(self, int memcg, int nid) noexcept nogil
    cdef void prefetch(self, int memcg) noexcept nogil
    cpdef grow(self, int room)
