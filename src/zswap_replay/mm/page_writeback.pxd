cimport cython
from zswap_replay.lib.page_table cimport WRITEBACK, PageTable
from zswap_replay.mm.swap cimport Lruvecs

# constants of the .py, written by tools/constants.py
cpdef enum:
    SWAP_CLUSTER_MAX = 32
    WRITE_UNITS = 32
    FOLIO_BATCH = 31

@cython.final
cdef class Writeback:
    cdef readonly PageTable pages
    cdef readonly Lruvecs lruvecs
    cdef readonly bint batches, reclaiming
    cdef public long long units
    cdef readonly int plugged, submitted, ended
    cdef int[::1] write_page
    cdef long long[::1] write_end, write_added
    cdef readonly long long refused_entries
    cdef int write_entry(self, int page, bint taken) except -1 nogil
    cpdef int folio_start_writeback(self, int page, bint fresh) except -1 nogil
    cdef int grow(self) except -1 with gil
    cdef int add_to_plug(self, int page, bint fresh) except -1 nogil
    cpdef void blk_finish_plug(self) noexcept nogil
    cpdef int end_writes(self, long long until) except -1 nogil
    cdef int folio_end_writeback(self, int write) except -1 nogil
    cpdef bint begin_reclaim(self) noexcept nogil
    cpdef int end_reclaim(self) except -1 nogil
