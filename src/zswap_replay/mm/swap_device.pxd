from zswap_replay.lib.page_table cimport BLOCK_SHIFT, PageTable

cdef class SwapDevice:
    cdef readonly PageTable pages
    cdef readonly int[::1] slot_of
    cdef readonly long long pool_pages, stored_pages, same_filled_pages, compressed_bytes
    cdef int set_slot(self, int page, int slot) except -1
    cdef int kind_of_content(self, unsigned long long content) except -1
    cdef bint write_page(self, int page, unsigned long long now) except -1
    cdef int read_page(self, int page, unsigned long long now) except -1
    cdef int slot_free_notify(self, int slot) except -1
    cdef int discard(self, int slots) except -1
