cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.list_head cimport ListHeads
from zswap_replay.mm.page cimport PAGE_SIZE
from zswap_replay.mm.zpool cimport ENOSPC, Zpool

# constants of the .py, written by tools/constants.py
cpdef enum:
    CHUNK_SIZE = 64
    ZHDR_CHUNKS = 2
    TOTAL_CHUNKS = 64
    NCHUNKS = 62
    BIG_CHUNK_GAP = 3
    HEADLESS = 0
    FIRST = 1
    MIDDLE = 2
    LAST = 3
    BUDDIES = 4
    FREED = 63
    NR_LISTS = 64

cdef struct Z3foldHeader:
    unsigned short first_chunks
    unsigned short middle_chunks
    unsigned short last_chunks
    unsigned short start_middle
    unsigned char foreign_handles
    unsigned char unbuddied

@cython.final
cdef class Z3foldPool(Zpool):
    cdef readonly long long pages_nr
    cdef readonly int nr_pages, nr_handles
    cdef readonly Records records
    cdef readonly ListHeads lists
    cdef readonly Z3foldHeader[::1] header
    cdef readonly int[::1] handle, place
    cdef readonly unsigned char[::1] foreign
    cdef int free_handle
    cpdef int size_to_chunks(self, int size) noexcept nogil
    cdef int num_free_chunks(self, int page) noexcept nogil
    cdef int objects(self, int page) noexcept nogil
    cdef int add_to_unbuddied(self, int page) except -1 nogil
    cdef void take_off(self, int page) noexcept nogil
    cdef int find_unbuddied(self, int chunks) noexcept nogil
    cdef int get_free_buddy(self, int page, int chunks) noexcept nogil
    cdef void set_chunks(self, int page, int buddy, int chunks) noexcept nogil
    cdef void put_object(self, int page, int buddy, int handle) noexcept nogil
    cdef int alloc_page(self) except -1 nogil
    cdef int grow_pages(self) except -1 with gil
    cdef int grow_handles(self) except -1 with gil
    cdef int release_page(self, int page) except -1 nogil
    cdef int alloc_handle(self) except -1 nogil
    cdef int do_compact_page(self, int page) except -1 nogil
    cdef bint compact_single_buddy(self, int page) except -1 nogil
    cdef void z3fold_compact_page(self, int page) noexcept nogil
    cpdef int zpool_malloc(self, int size) except -1000 nogil
    cpdef int zpool_free(self, int handle) except -1 nogil
    cpdef Py_ssize_t zpool_get_total_pages(self) except -1 nogil
