cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.columns cimport prefetch
from zswap_replay.lib.splitmix cimport mix64
from zswap_replay.lib.wanted cimport Wanted, kind_in, length_in

# constants of the .py, written by tools/constants.py
cpdef enum:
    AHEAD = 16
    LINE_SLOTS = 4
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
    cdef long long last_slot
    cdef public Wanted wanted
    cdef public int job
    cpdef int add(self, unsigned long long content, int length, int kind) except -1 nogil
    cpdef add_all(
        self, const unsigned long long[::1] content, const int[::1] length, const unsigned char[::1] kind
    )
    @cython.locals(marks="unsigned char[::1]")
    cpdef unknown(self, const unsigned long long[::1] content)
    cdef inline long long slot_of(self, unsigned long long content) noexcept nogil
    cdef void enter(self, unsigned long long content, int length, int kind) noexcept nogil
    @cython.locals(old=Known[::1])
    cdef int grow(self, long long room) except -1 with gil
    cpdef long long find(self, unsigned long long content) noexcept nogil
    cpdef void look_ahead(self, unsigned long long content) noexcept nogil
    cpdef void want(self, unsigned long long content) noexcept nogil
    cpdef long long wanted_from(self, int head, long long tail, long long last) noexcept nogil
    cpdef bint take(self, unsigned long long content) except -1 nogil
    cpdef int length_at(self, long long at) noexcept nogil
    cpdef int kind_at(self, long long at) noexcept nogil
    @cython.locals(rows='unsigned long long[:, ::1]')
    cpdef tuple columns(self)
