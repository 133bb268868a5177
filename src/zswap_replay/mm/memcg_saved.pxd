cimport cython
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.page cimport PAGE_SHIFT, PAGE_SIZE

# constants of the .py, written by tools/constants.py
cpdef enum:
    LOW_BITS = 50
    LOW_MASK = 1125899906842623

@cython.final
cdef class MemcgSaved:
    cdef readonly MemCgroups memcgs
    cdef readonly long long[::1] peak, changes
    cpdef int entry_stored(self, int memcg, int length, unsigned long long time) except -1
    cpdef void entry_freed(self, int memcg, int length, unsigned long long time) noexcept
    cdef void add(self, int memcg, long long change, unsigned long long time) noexcept
    cpdef long long saved(self, int memcg) noexcept
    cdef void note_peaks(self, int memcg) noexcept
    cpdef void restart(self) noexcept
