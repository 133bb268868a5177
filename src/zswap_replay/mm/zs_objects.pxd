cimport cython
from zswap_replay.mm.zsmalloc cimport (
    NR_FULLNESS_GROUPS, ZS_HANDLE_SIZE, ZS_INUSE_RATIO_0, ZS_INUSE_RATIO_10, ZS_INUSE_RATIO_99, ZS_MIN_ALLOC_SIZE,
    ZS_SIZE_CLASS_DELTA, ZS_SIZE_CLASSES, ZsPool,
)

@cython.final
cdef class ZsObjects:
    cdef readonly ZsPool pool
    cdef readonly int[::1] objs_inuse, zspages, places, freeobj, object, zspage_of, place_of
    cdef list spare
    cdef readonly int nr_places, nr_handles, free_handle
    cdef readonly long long pages_compacted
    cpdef int zs_huge_class_size(self) noexcept
    cpdef int zs_lookup_class_index(self, int size) noexcept
    cpdef int zs_malloc(self, int size) except -1
    cpdef int zs_free(self, int handle) except -1
    cdef int cache_alloc_handle(self) except -1
    cdef int init_zspage(self, int zspage, int class_index) except -1
    cdef note_freed(self, int zspage, int class_index)
    cdef void obj_malloc(self, int zspage, int handle) noexcept
    cdef void obj_free(self, int zspage, int place) noexcept
    cpdef Py_ssize_t zs_compact(self) except -1
    cdef Py_ssize_t compact_class(self, int class_index) except -1
    cdef bint zs_can_compact(self, int class_index) noexcept
    cdef int isolate_src_zspage(self, int class_index) noexcept
    cdef int isolate_dst_zspage(self, int class_index) noexcept
    cdef int putback_zspage(self, int zspage) noexcept
    cdef void migrate_zspage(self, int src, int dst) noexcept
