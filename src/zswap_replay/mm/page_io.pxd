cimport cython
from zswap_replay.lib.length_index cimport ZERO_FILLED
from zswap_replay.lib.lru_ring cimport HOLE
from zswap_replay.lib.page_table cimport DIRTY, PRESENT, SLOT, YOUNG, ZERO, PageTable
from zswap_replay.mm.memcontrol cimport PSWPIN, PSWPOUT, MemCgroups
from zswap_replay.mm.swap_device cimport SwapDevice
from zswap_replay.mm.zswap cimport Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    STORED = 0
    WRITTEN = 1
    KEPT = 2
    FAILED = 3
    WANTED = 512

@cython.final
cdef class PageIo:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_zeromap
    cdef readonly long long pswpin, pswpout, swpin_zero, swpout_zero
    cdef int swap_writepage(self, int page) except -1 nogil
    cdef bint has_lengths_found(self) noexcept nogil
    cdef void want_length(self, unsigned long long content) noexcept nogil
    cdef long long wanted_from(self, int head, long long tail, long long last) noexcept nogil
    cdef void look_ahead(self, int page) noexcept nogil
    cdef void look_ahead_at_tail(self, int head) noexcept nogil
    cdef void look_ahead_at_pageout(self, int page, unsigned long long content, bint has_content) noexcept nogil
    cdef inline int kind_of_content(self, unsigned long long content) except -1 nogil
    cdef int swap_readpage(self, int page) except -1 nogil
