from zswap_replay.lib.block_table cimport BLOCK_SHIFT
from zswap_replay.lib.page_table cimport DIRTY, PageTable
from zswap_replay.mm.held cimport Held, Stock

cdef class SwapDevice:
    cdef readonly PageTable pages
    cdef readonly int[::1] slot_of
    cdef readonly Held held
    cdef readonly Stock stock
    cdef int set_slot(self, int page, int slot) except -1 nogil
    cdef int grow_slots(self) except -1 with gil
    cdef int kind_of_content(self, unsigned long long content) except -1 nogil
    cdef bint has_lengths_found(self) noexcept nogil
    cdef long long wanted_from(self, int head, long long tail, long long last) noexcept nogil
    cdef void want_length(self, unsigned long long content) noexcept nogil
    cdef bint write_page(self, int page, unsigned long long now) except -1 nogil
    cdef bint swap_writepage_bdev_sync(self, int page, unsigned long long now) except -1 nogil
    cdef int read_page(self, int page, unsigned long long now) except -1 nogil
    cdef int slot_free_notify(self, int slot, unsigned long long now) except -1 nogil
    cdef int discard(self, int slots) except -1 nogil
