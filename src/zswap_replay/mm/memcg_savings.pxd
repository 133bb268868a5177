cimport cython

# constants of the .py, written by tools/constants.py
cpdef enum:
    LOW_BITS = 50
    LOW_MASK = 1125899906842623

@cython.final
cdef class MemcgSavings:
    cdef public unsigned long long passed
    cdef readonly long long[::1] peak, changes
    cpdef grow(self, int room)
    cdef void add(self, int memcg, long long change) noexcept
    cdef void restart(self, int memcg, long long saved) noexcept
