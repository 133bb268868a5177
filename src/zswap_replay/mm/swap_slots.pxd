cimport cython
from zswap_replay.lib.page_table cimport SLOT, SWAPCACHE, ZERO, PageTable
from zswap_replay.mm.memcontrol cimport MemCgroups
from zswap_replay.mm.zswap cimport Zswap, count_zero_pages

# constants of the .py, written by tools/constants.py
cpdef enum:
    SWAP_SLOTS_CACHE_SIZE = 64

@cython.final
cdef class SwapSlots:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_slots_freed_in_batches, rule_slots_cached
    cdef readonly int[::1] returned_memcg
    cdef readonly int n_ret
    cdef bint folio_alloc_swap(self, int page) noexcept
    cdef int free_swap_slot(self, int page) except -1
    cdef int swapcache_free_entries(self) except -1
