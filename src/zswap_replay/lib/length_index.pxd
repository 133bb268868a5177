cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.columns cimport prefetch
from zswap_replay.lib.splitmix cimport mix64

# constants of the .py, written by tools/constants.py
cpdef enum:
    AHEAD = 16
    NORMAL = 0
    ZERO_FILLED = 1
    SAME_FILLED = 2
    KIND_MASK = 3
    CLASS_SHIFT = 2
    NR_CLASSES = 64

cdef struct Known:
    unsigned long long content
    int length
    int kind

@cython.final
cdef class Lengths:
    cdef readonly long long size, room
    cdef readonly Records records
    cdef readonly Known[::1] slot
    cdef unsigned long long last_content
    cdef long long last_slot
    cpdef add(self, unsigned long long content, int length, int kind)
    cpdef add_all(
        self, const unsigned long long[::1] content, const int[::1] length, const unsigned char[::1] kind
    )
    @cython.locals(marks="unsigned char[::1]")
    cpdef unknown(self, const unsigned long long[::1] content)
    cdef inline long long slot_of(self, unsigned long long content) noexcept
    cdef void enter(self, unsigned long long content, int length, int kind) noexcept
    @cython.locals(old=Known[::1])
    cdef grow(self, long long room)
    cpdef long long find(self, unsigned long long content) noexcept
    cpdef void look_ahead(self, unsigned long long content) noexcept
    cpdef int length_at(self, long long at) noexcept
    cpdef int kind_at(self, long long at) noexcept
    @cython.locals(rows='unsigned long long[:, ::1]')
    cpdef tuple columns(self)
