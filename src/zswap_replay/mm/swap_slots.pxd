cimport cython
from zswap_replay.lib.page_table cimport PRESENT, SLOT, SWAPCACHE, ZERO, PageTable
from zswap_replay.mm.memcontrol cimport SWAP_EVENTS_FAIL, SWAP_EVENTS_MAX, MemCgroups
from zswap_replay.mm.pgtable cimport PTRS_PER_PTE
from zswap_replay.mm.swap_device cimport SwapDevice
from zswap_replay.mm.swapfile cimport SWAPFILE_CLUSTER, SwapInfo
from zswap_replay.mm.zswap cimport Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    SWAP_SLOTS_CACHE_SIZE = 64
    THRESHOLD_ACTIVATE_SWAP_SLOTS_CACHE = 320
    THRESHOLD_DEACTIVATE_SWAP_SLOTS_CACHE = 128

cdef class SwapSlots:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_slots_freed_in_batches, rule_slots_cached
    cdef readonly int[::1] returned_memcg
    cdef readonly int n_ret
    cdef bint folio_alloc_swap(self, int page) except -1 nogil
    cdef int free_swap_slot(self, int page) except -1 nogil
    cdef int swapcache_free_entries(self) except -1 nogil

@cython.final
cdef class DeviceSlots(SwapSlots):
    cdef readonly SwapDevice device
    cdef readonly SwapInfo info
    cdef readonly bint page_discard, use_swap_slot_cache
    cdef readonly long long total_swap_pages, nr_swap_pages
    cdef int[::1] slots, slots_ret
    cdef readonly int cur, nr
    cdef void set_nr_swap_pages(self, long long free) noexcept nogil
    cdef bint check_cache_active(self) except -1 nogil
    cdef int drain_slots_cache(self) except -1 nogil
    cdef int get_swap_pages(self, long long wanted) except -1 nogil
    cdef void forget_slot(self, int page) noexcept nogil
    cdef int give_up(self, int slot, int memcg, int page) except -1 nogil
    cdef int swap_entry_free(self, int slot, int memcg) except -1 nogil
    cdef int swap_pte_batch(self, int[::1] pages, int at) noexcept nogil
    cdef bint free_swap_and_cache_nr(self, int[::1] pages, int at, int count) except -1 nogil
