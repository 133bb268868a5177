cimport cython
from zswap_replay.lib.length_index cimport KIND_MASK
from zswap_replay.lib.wanted cimport Answers

# constants of the .py, written by tools/constants.py
cpdef enum:
    MISMATCH = -2

@cython.final
cdef class Measure:
    cdef object _page, _class_of, _fill, _compress, _decompress, _verify
    cdef bint _compares_all
    cdef long long _payload_ns, _compress_ns, _decompress_ns, _compress_calls, _decompress_calls
    cpdef int length_of(self, unsigned long long content) except -1
    cpdef answer(self, Answers answers, int job, int wanted)
    cpdef fill(
        self, const unsigned long long[::1] contents, int[::1] lengths, unsigned char[::1] kinds, int wanted
    )
