cimport cython
from zswap_replay.mm.page_table cimport mix64

@cython.final
cdef class Lengths:
    cdef readonly unsigned long long[::1] content
    cdef readonly int[::1] length, table
    cdef readonly unsigned char[::1] kind
    cdef unsigned long long mask
    cpdef int find(self, unsigned long long content) noexcept
