cimport cython
from zswap_replay.lib.list_head cimport ListHeads
from zswap_replay.mm.zpool cimport ENOSPC, Zpool

# constants of the .py, written by tools/constants.py
cpdef enum:
    CHUNK_SIZE = 64
    NCHUNKS = 63
    ZBUD_MAX_SIZE = 3968
    FIRST = 0
    LAST = 1
    BUDDIED = 0
    FREED = 64
    NR_LISTS = 65

@cython.final
cdef class ZbudPool(Zpool):
    cdef readonly long long pages_nr
    cdef readonly int nr_pages
    cdef readonly int[::1] chunks
    cdef readonly ListHeads lists
    cpdef int size_to_chunks(self, int size) noexcept nogil
    cdef int list_of(self, int page) noexcept nogil
    cdef int grow(self) except -1 with gil
    cdef int alloc_page(self) except -1 nogil
    cpdef int zpool_malloc(self, int size) except -1000 nogil
    cpdef int zpool_free(self, int handle) except -1 nogil
    cpdef Py_ssize_t zpool_get_total_pages(self) except -1 nogil
