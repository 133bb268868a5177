cimport cython
from zswap_replay.lib.length_index cimport KIND_MASK, Lengths

@cython.final
cdef class Zcomp:
    cdef readonly str name
    cdef readonly object contents
    cdef readonly Lengths lengths, learned
    cdef readonly int header_length
    cdef int kind_of_content(self, unsigned long long content) except -1
