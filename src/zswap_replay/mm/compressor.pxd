from zswap_replay.lib.length_index cimport KIND_MASK, Lengths
from zswap_replay.mm.page cimport PAGE_SIZE

cdef class Compressor:
    cdef readonly object contents
    cdef readonly Lengths lengths, learned
    cdef bint was_found(self, unsigned long long content) except -1 nogil
    cdef int kind_of_content(self, unsigned long long content) except -1 nogil
    cdef int same_filled(self, unsigned long long content) except -1 with gil
    cdef int count_same_filled(self, unsigned long long content) except -1 with gil
    cdef int compress(self, int entry, unsigned long long content) except -1 with gil
    cdef int keep_raw(self, int entry, unsigned long long content) except -1 with gil
    cdef int decompress(self, int entry, unsigned long long content) except -1 with gil
    cdef int free(self, int entry) except -1 with gil
