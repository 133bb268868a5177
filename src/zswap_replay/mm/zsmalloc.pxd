cimport cython
from zswap_replay.lib.bits cimport lowest_bit
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.list_head cimport ListHeads
from zswap_replay.mm.page cimport PAGE_SIZE
from zswap_replay.mm.zpool cimport ENOSPC, Zpool

# constants of the .py, written by tools/constants.py
cpdef enum:
    ZS_MIN_ALLOC_SIZE = 32
    ZS_MAX_ALLOC_SIZE = 4096
    ZS_SIZE_CLASS_DELTA = 16
    ZS_SIZE_CLASSES = 255
    ZS_HANDLE_SIZE = 8
    ZS_MAX_PAGES_PER_ZSPAGE = 8
    ZS_INUSE_RATIO_0 = 0
    ZS_INUSE_RATIO_10 = 1
    ZS_INUSE_RATIO_99 = 10
    ZS_INUSE_RATIO_100 = 11
    NR_FULLNESS_GROUPS = 12
    FREED = 3060

cpdef int calculate_zspage_chain_size(int class_size) noexcept nogil
cpdef unsigned int group_bit(int group) noexcept nogil

cdef struct ZsPage:
    unsigned short size_class
    unsigned short inuse
    unsigned char group

@cython.final
cdef class ZsPool(Zpool):
    cdef readonly long long pages_allocated
    cdef readonly int nr_zspages
    cdef readonly int[::1] size_class, pages_per_zspage, objs_per_zspage
    cdef int[::1] first_group, group
    cdef readonly unsigned int[::1] filled
    cdef readonly Records records
    cdef readonly ZsPage[::1] zspage
    cdef readonly ListHeads lists
    cdef zs_create_pool(self)
    cpdef int get_size_class_index(self, int size) noexcept nogil
    cdef int calculate_fullness_group(self, int class_index, int inuse) noexcept nogil
    cdef inline int get_fullness_group(self, int zspage) noexcept nogil
    cdef int find_get_zspage(self, int class_index) noexcept nogil
    cdef int grow(self) except -1 with gil
    cdef int alloc_zspage(self, int class_index) except -1 nogil
    cdef void insert_zspage(self, int zspage, int group) noexcept nogil
    cdef void remove_zspage(self, int zspage) noexcept nogil
    cdef int fix_fullness_group(self, int zspage) noexcept nogil
    cdef int free_zspage(self, int zspage) except -1 nogil
    cpdef int zpool_malloc(self, int size) except -1000 nogil
    cpdef int zpool_free(self, int handle) except -1 nogil
    cpdef Py_ssize_t zpool_get_total_pages(self) except -1 nogil
