cimport cython
from zswap_replay.mm.list_head cimport ListHeads
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.page_table cimport DIRTY, PRESENT, SLOT, SWAPCACHE, PageTable

@cython.final
cdef class SwapCache:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly ListHeads lruvec
    cdef folio_add_lru(self, int page, int memcg)
    cdef charge_folio(self, int page, int memcg)
    cdef void free_folio(self, int page) noexcept
    cpdef int swapin_memcg(self, int page) noexcept
    cpdef bint read_swap_cache_async(self, int page) except -1
