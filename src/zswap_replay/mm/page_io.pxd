cimport cython
from zswap_replay.lib.length_index cimport ZERO_FILLED
from zswap_replay.lib.page_table cimport DIRTY, ZERO, PageTable
from zswap_replay.mm.memcontrol cimport PSWPIN, PSWPOUT, MemCgroups
from zswap_replay.mm.swap_device cimport SwapDevice
from zswap_replay.mm.zswap cimport Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    STORED = 0
    WRITTEN = 1
    KEPT = 2
    FAILED = 3

@cython.final
cdef class PageIo:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_zeromap
    cdef readonly long long pswpin, pswpout, swpin_zero, swpout_zero
    cdef int swap_writepage(self, int page) except -1 nogil
    cdef inline int kind_of_content(self, unsigned long long content) except -1 nogil
    cdef int swap_readpage(self, int page) except -1 nogil
