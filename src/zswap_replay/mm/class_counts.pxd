cimport cython
from zswap_replay.lib.length_index cimport CLASS_SHIFT, NR_CLASSES

# constants of the .py, written by tools/constants.py
cpdef enum:
    CLASS_STORED = 0
    CLASS_SAME_FILLED = 1
    CLASS_REFUSED = 2
    CLASS_BYTES = 3
    NR_CLASS_COUNTS = 4

@cython.final
cdef class ClassCounts:
    cdef readonly long long[::1] counts
    cdef void count(self, int kind, int event, int length) noexcept nogil
