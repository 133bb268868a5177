cimport cython
from zswap_replay.lib.block_table cimport BLOCK_SHIFT
from zswap_replay.lib.page_table cimport (
    ACCESSED, DIRTY, PRESENT, REFERENCED, SLOT, SWAPCACHE, YOUNG, PageTable,
)
from zswap_replay.mm.memcg_limits cimport MemcgLimits
from zswap_replay.mm.page_io cimport PageIo
from zswap_replay.mm.pgtable cimport PTRS_PER_PTE
from zswap_replay.mm.swap_map cimport SwapMap
from zswap_replay.mm.swap_state cimport SwapCache

# constants of the .py, written by tools/constants.py
cpdef enum:
    SWAP_RA_HITS_MAX = 63
    FIRST_HITS = 4

cpdef int swapin_nr_pages(long long prev, long long at, int hits, int max_pages, int prev_win) noexcept nogil

@cython.final
cdef class SwapReadahead:
    cdef readonly PageTable pages
    cdef readonly SwapCache swap_cache
    cdef readonly PageIo page_io
    cdef readonly MemcgLimits limits
    cdef readonly int max_win, swapin_readahead_hits, last_readahead_pages
    cdef readonly SwapMap slots
    cdef readonly bint rotates
    cdef readonly long long prev_offset
    cdef readonly long long[::1] prev
    cdef readonly int[::1] win, hits
    cdef readonly unsigned char[::1] ahead
    cdef readonly long long start, end, swap_ra, swap_ra_hit
    cdef int make_room(self, int page, int space) except -1 nogil
    cdef int grow(self, int page, int space) except -1 with gil
    cdef void forget_block(self, int block) noexcept nogil
    cdef int swap_cache_get_folio(self, int page) except -1 nogil
    cdef int swapin_readahead(self, int page) except -1 nogil
    cdef int swap_cluster_readahead(self, int page) except -1 nogil
    cdef int read_one(self, int near) except -1 nogil
    cdef int swap_ra_info(self, int page) except -1 nogil
    cdef int read_ahead(self, int page, long long start, long long end) except -1 nogil
