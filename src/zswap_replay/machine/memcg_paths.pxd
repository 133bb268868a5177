cimport cython
from zswap_replay.mm.memcontrol cimport ROOT

@cython.final
cdef class MemcgPaths:
    cdef readonly int[::1] memcg
    cpdef int memcg_of(self, int path) noexcept nogil
    cpdef set_memcg(self, int path, int memcg)
