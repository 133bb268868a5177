cimport cython
from zswap_replay.mm.zsmalloc cimport (
    NR_FULLNESS_GROUPS, ZS_HANDLE_SIZE, ZS_INUSE_RATIO_0, ZS_INUSE_RATIO_10, ZS_INUSE_RATIO_99, ZS_MIN_ALLOC_SIZE,
    ZS_SIZE_CLASS_DELTA, ZS_SIZE_CLASSES, ZsPool,
)

@cython.final
cdef class ZsObjects:
    cdef readonly ZsPool pool
    cdef readonly int[::1] objs_inuse, zspages, places, freeobj, object, zspage_of, place_of
    cdef int[::1] spare
    cdef readonly int nr_places, nr_handles, free_handle
    cdef readonly long long pages_compacted
    cpdef int zs_huge_class_size(self) noexcept nogil
    cpdef int zs_lookup_class_index(self, int size) noexcept nogil
    cpdef int zs_malloc(self, int size) except -1 nogil
    cpdef int zs_free(self, int handle) except -1 nogil
    cdef int cache_alloc_handle(self) except -1 nogil
    cdef int grow_handles(self) except -1 with gil
    cdef int grow_zspages(self, int zspage) except -1 with gil
    cdef int grow_places(self) except -1 with gil
    cdef int init_zspage(self, int zspage, int class_index) except -1 nogil
    cdef int note_freed(self, int zspage, int class_index) except -1 nogil
    cdef void obj_malloc(self, int zspage, int handle) noexcept nogil
    cdef void obj_free(self, int zspage, int place) noexcept nogil
    cpdef Py_ssize_t zs_compact(self) except -1 nogil
    cdef Py_ssize_t compact_class(self, int class_index) except -1 nogil
    cdef bint zs_can_compact(self, int class_index) noexcept nogil
    cdef int isolate_src_zspage(self, int class_index) noexcept nogil
    cdef int isolate_dst_zspage(self, int class_index) noexcept nogil
    cdef int putback_zspage(self, int zspage) noexcept nogil
    cdef void migrate_zspage(self, int src, int dst) noexcept nogil
