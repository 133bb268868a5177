cimport cython
from zswap_replay.mm.memcontrol cimport PGMAJFAULT, ROOT, MemCgroups
from zswap_replay.mm.mmzone cimport NO_SHADOW
from zswap_replay.lib.page_table cimport DIRTY, EXPLICIT, PRESENT, REFERENCED, SLOT, SWAPCACHE, YOUNG, PageTable
from zswap_replay.mm.swap cimport Swap
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.vmscan cimport Vmscan

@cython.final
cdef class Memory:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly Swap swap
    cdef readonly Vmscan vmscan
    cdef readonly long long totalram_pages, first_touches
    cdef int handle_mm_fault(
        self, int page, int node, bint write, unsigned long long content, bint has_content
    ) except -1
    cdef int do_anonymous_page(self, int page, int node) except -1
    cdef int do_swap_page(self, int page, bint write) except -1
    cdef int zap_pte(self, int page) except -1
