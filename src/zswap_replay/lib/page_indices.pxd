cimport cython
from zswap_replay.lib.block_table cimport BLOCK_MASK, BLOCK_SHIFT, BlockTable
from zswap_replay.lib.event_codes cimport SETTLE, WRITE

# constants of the .py, written by tools/constants.py
cpdef enum:
    ROWS_AHEAD = 16

@cython.final
cdef class PageIndices:
    cdef readonly BlockTable table
    cdef readonly int nr_blocks, most_groups
    cpdef bint find_all(
        self,
        const unsigned char[::1] event,
        const int[::1] memcg,
        const unsigned long long[::1] page,
        const unsigned int[::1] count,
        int[::1] out,
    ) except -1
    cdef int number_blocks(self, int memcg, unsigned long long first, unsigned long long last) except -1 nogil
    cdef int block_of(self, int memcg, unsigned long long key) except -1 nogil
