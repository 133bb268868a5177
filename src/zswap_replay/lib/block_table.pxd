cimport cython
from zswap_replay.lib.columns cimport Records, prefetch

# constants of the .py, written by tools/constants.py
cpdef enum:
    BLOCK_SHIFT = 3
    BLOCK_MASK = 7
    GROUP_SHIFT = 2
    GROUP_MASK = 3

cdef unsigned long long MASK64, GOLDEN, MIX1

cdef struct Group:
    unsigned long long key
    int space
    int nr_blocks
    int block[4]

@cython.final
cdef class BlockTable:
    cdef readonly Records groups
    cdef readonly Group[::1] group
    cdef readonly int nr_groups
    cdef readonly unsigned long long mask
    cdef int shift
    cdef inline unsigned long long first_place(self, int space, unsigned long long group) noexcept nogil
    cdef inline unsigned long long place_of(self, int space, unsigned long long group) noexcept nogil
    cdef inline unsigned long long search(
        self, unsigned long long place, int space, unsigned long long group
    ) noexcept nogil
    cdef int find(self, int space, unsigned long long key) noexcept nogil
    cdef inline int find_from(self, unsigned long long place, int space, unsigned long long key) noexcept nogil
    cdef inline unsigned long long begin(self, int space, unsigned long long key) noexcept nogil
    cdef int enter(self, int space, unsigned long long key, int block) except -1 nogil
    cdef void leave(self, int space, unsigned long long key) noexcept nogil
    cdef void move(self, unsigned long long place, unsigned long long to) noexcept nogil
    @cython.locals(old=Group[::1])
    cdef int grow(self) except -1 with gil
