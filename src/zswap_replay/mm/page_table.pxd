cimport cython

cpdef enum:
    PRESENT = 1
    SWAPCACHE = 2
    SLOT = 4
    DIRTY = 8
    ZERO = 16
    EXPLICIT = 32
    YOUNG = 64
    REFERENCED = 128

cdef unsigned long long MASK64, GOLDEN, DERIVED, MIX1, MIX2

cpdef unsigned long long mix64(unsigned long long x) noexcept

@cython.final
cdef class PageTable:
    cdef readonly int size
    cdef readonly unsigned long long[::1] page, content, space_seed, space_group
    cdef readonly int[::1] space, memcg, slot_memcg, entry, table
    cdef readonly unsigned int[::1] version
    cdef readonly unsigned char[::1] flags, node
    cdef readonly unsigned long long mask
    cdef inline unsigned long long slot_of(self, int space, unsigned long long page) noexcept
    cpdef int find(self, int space, unsigned long long page) noexcept
    cpdef int insert(self, int space, unsigned long long page) except -1
    cdef void enter(self, int index) noexcept
    cpdef new_space(self, int space, unsigned long long seed, unsigned long long group)
    cpdef unsigned long long content_of(self, int index) noexcept
    cpdef grow(self)
