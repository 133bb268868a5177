cimport cython
from zswap_replay.mm.memcontrol cimport PSWPIN, PSWPOUT, MemCgroups
from zswap_replay.lib.page_table cimport DIRTY, SLOT, SWAPCACHE, ZERO, PageTable
from zswap_replay.mm.zswap cimport ZERO_FILLED, Zswap

cpdef enum:
    SWAP_SLOTS_CACHE_SIZE = 64
    STORED = 0
    WRITTEN = 1
    KEPT = 2

@cython.final
cdef class Swap:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_zeromap, rule_slots_freed_in_batches
    cdef int[::1] returned_memcg
    cdef readonly int n_ret
    cdef readonly long long pswpin, pswpout, swpin_zero, swpout_zero
    cdef bint folio_alloc_swap(self, int page) noexcept
    cdef int free_swap_slot(self, int page) except -1
    cdef int swapcache_free_entries(self) except -1
    cdef int swap_writepage(self, int page) except -1
    cdef int swap_readpage(self, int page) except -1
