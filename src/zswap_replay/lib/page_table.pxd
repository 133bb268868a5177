cimport cython
from zswap_replay.lib.block_table cimport BLOCK_MASK, BLOCK_SHIFT, BlockTable
from zswap_replay.lib.columns cimport Records, prefetch
from zswap_replay.lib.lru_ring cimport HOLE, LruRings, Place
from zswap_replay.lib.splitmix cimport mix64

# constants of the .py, written by tools/constants.py
cpdef enum:
    PRESENT = 1
    SWAPCACHE = 2
    SLOT = 4
    DIRTY = 8
    ZERO = 16
    EXPLICIT = 32
    YOUNG = 64
    REFERENCED = 128
    ACTIVE = 256
    ISOLATED = 512
    WRITEBACK = 1024
    SECOND_CHANCE = 2048
    BYTES_KEPT = 4096
    ACCESSED = 16384
    ORPHAN = 8192
    NR_RETURNED = 64
    LINE_PLACES = 16

cdef unsigned long long MAX_INDEX, MASK32, DERIVED

cdef struct Page:
    unsigned long long content
    unsigned int version
    int memcg
    int slot_memcg
    Place lru
    Place entry_lru
    int objcg
    int handle
    unsigned short length
    unsigned char pool
    unsigned char node

cdef struct Block:
    unsigned long long key
    int space
    int next

@cython.final
cdef class PageTable:
    cdef readonly int room, nr_blocks, free_block
    cdef readonly BlockTable table
    cdef readonly Records records, blocks
    cdef readonly Block[::1] block
    cdef readonly LruRings lru, entry_lru
    cdef readonly Page[::1] page
    cdef readonly unsigned short[::1] flags
    cdef readonly unsigned long long[::1] space_seed, space_group
    cdef readonly int[::1] space_block
    cpdef int find(self, int space, unsigned long long page) noexcept nogil
    cdef inline int index_from(self, unsigned long long place, int space, unsigned long long page) noexcept nogil
    cpdef blocks_between(self, int space, unsigned long long first, unsigned long long last)
    cpdef int insert(self, int space, unsigned long long page) except -1 nogil
    cdef bint is_absent(self, int block) noexcept nogil
    cpdef int give_back(self, int space) noexcept nogil
    cpdef unsigned long long page_of(self, int index) noexcept nogil
    cpdef int space_of(self, int index) noexcept nogil
    cpdef new_space(self, int space, unsigned long long seed, unsigned long long group)
    cdef void prefetch(self, int index) noexcept nogil
    cdef void prefetch_flags(self, int index) noexcept nogil
    cdef void prefetch_version(self, int index) noexcept nogil
    cdef void prefetch_block(self, int index) noexcept nogil
    cdef void prefetch_tail(self, int head, int count) noexcept nogil
    cpdef unsigned long long content_of(self, int index) noexcept nogil
    cpdef void set_content(self, int index, bint write, unsigned long long content, bint has_content) noexcept nogil
    cpdef int grow(self) except -1 with gil
