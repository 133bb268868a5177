cimport cython
from zswap_replay.mm.memcontrol cimport PGMAJFAULT, ROOT, MemCgroups
from zswap_replay.lib.page_table cimport DIRTY, EXPLICIT, PRESENT, REFERENCED, SLOT, SWAPCACHE, YOUNG, PageTable
from zswap_replay.mm.memcg_limits cimport MemcgLimits
from zswap_replay.mm.page_io cimport PageIo
from zswap_replay.mm.swap_readahead cimport SwapReadahead
from zswap_replay.mm.swap_slots cimport DeviceSlots, SwapSlots
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.vmscan cimport Vmscan
from zswap_replay.mm.workingset cimport NO_SHADOW

@cython.final
cdef class Memory:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly SwapSlots swap_slots
    cdef readonly PageIo page_io
    cdef readonly Vmscan vmscan
    cdef readonly MemcgLimits limits
    cdef bint rule_cached_slots_kept
    cdef readonly SwapReadahead readahead
    cdef bint reads_ahead
    cdef readonly bint seen_reads
    cdef readonly long long first_touches
    cdef int handle_mm_fault(
        self, int page, int node, bint write, unsigned long long content, bint has_content
    ) except -1 nogil
    cdef int do_anonymous_page(self, int page, int node) except -1 nogil
    cpdef see_reads(self, bint seen)
    cdef int do_swap_page(self, int page, bint write) except -1 nogil
    cdef int zap_pte_range(self, DeviceSlots slots, int[::1] pages) except -1 nogil
    cdef int zap_pte(self, int page) except -1 nogil
    cpdef int forget_pages(self, int memcg) except -1 nogil
