cimport cython
from zswap_replay.lib.block_table cimport BLOCK_MASK, BLOCK_SHIFT
from zswap_replay.lib.page_table cimport ACCESSED, PageTable

# constants of the .py, written by tools/constants.py
cpdef enum:
    PTRS_PER_PTE = 512
    FIRST_OFFSET = 256
    BLOCKS_PER_PTE = 64

@cython.final
cdef class PteTables:
    cdef readonly PageTable pages
    cdef readonly int nr_tables
    cdef dict found
    cdef readonly int[::1] table_of_block, newest, older, first, last, block
    cdef readonly unsigned char[::1] filters
    cdef int offset_of(self, int page) noexcept nogil
    cpdef int map_page(self, int page) except -1 nogil
    cdef void forget_block(self, int block) noexcept nogil
    cdef int grow(self) except -1 with gil
    cdef int table_at(self, int space, unsigned long long number, int offset) except -1 with gil
    cdef int newest_of(self, int space) noexcept nogil
    cdef int table_of(self, int page) noexcept nogil
    cdef int page_at(self, int table, int offset) noexcept nogil
    cdef int pages_of(self, int table) noexcept nogil
    @cython.locals(flags="unsigned short[::1]")
    cdef bint pmdp_test_and_clear_young(self, int table) noexcept nogil
    cdef void update_bloom_filter(self, int table, int which) noexcept nogil
    cdef bint test_bloom_filter(self, int table, int which) noexcept nogil
    cdef void reset_bloom_filter(self, int space, int which) noexcept nogil
