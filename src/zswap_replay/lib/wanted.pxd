cimport cython
from zswap_replay.lib.splitmix cimport mix64

# constants of the .py, written by tools/constants.py
cpdef enum:
    NAMED = 0
    COME_TO = 8
    STOP = 16
    NAMES = 24
    NR_NAMES = 2048
    ANSWERS = 4120
    NR_SETS = 4096
    SET_SIZE = 4
    NR_WORDS = 36888
    TAG_SHIFT = 21
    KIND_SHIFT = 13
    LENGTH_MASK = 8191
    NR_RECENT_SETS = 4096
    MARGIN = 16

cpdef unsigned long long key_of(unsigned long long content, int job) noexcept nogil
cpdef int length_in(int answer) noexcept nogil
cpdef int kind_in(int answer) noexcept nogil

@cython.final
cdef class Wanted:
    cdef unsigned long long[::1] words, recent, numbers
    cdef readonly unsigned long long named
    cdef int head
    cdef long long looked_at
    cdef long long wanted_from(self, int head, long long tail, long long last) noexcept nogil
    cdef int recent_of(self, unsigned long long key) noexcept nogil
    cpdef void want(self, unsigned long long content, int job) noexcept nogil
    cpdef int take(self, unsigned long long content, int job) noexcept nogil

@cython.final
cdef class Answers:
    cdef unsigned long long[::1] words
    cdef int part, parts
    cdef long long next_name
    cdef readonly unsigned long long content
    cpdef bint is_stopped(self) noexcept nogil
    cpdef int next_job(self) noexcept nogil
    cpdef void skip(self) noexcept nogil
    cpdef void answer(self, int job, int length, int kind) noexcept nogil
