cimport cython
from zswap_replay.mm.page_table cimport mix64

@cython.final
cdef class Lengths:
    cdef readonly int size
    cdef readonly unsigned long long[::1] content
    cdef readonly int[::1] length, table
    cdef readonly unsigned char[::1] kind
    cdef unsigned long long mask
    cpdef add(self, unsigned long long content, int length, int kind)
    cpdef add_all(
        self, const unsigned long long[::1] content, const int[::1] length, const unsigned char[::1] kind
    )
    cdef void enter(self, int index) noexcept
    cpdef grow(self)
    cpdef int find(self, unsigned long long content) noexcept
