cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.mm.mem_cgroup cimport Memcg

# constants of the .py, written by tools/constants.py
cpdef enum:
    LOW_BITS = 50
    LOW_MASK = 1125899906842623

@cython.final
cdef class MemcgSavings:
    cdef public unsigned long long passed
    cdef readonly Records memcgs
    cdef readonly Memcg[::1] memcg
    cpdef detach(self)
    cpdef attach(self)
    cdef void add(self, int memcg, long long change) noexcept nogil
    cdef void restart(self, int memcg, long long saved) noexcept nogil
