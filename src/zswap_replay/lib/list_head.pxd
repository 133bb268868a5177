cimport cython
from zswap_replay.lib.columns cimport Records

cdef struct ListHead:
    int next
    int prev

@cython.final
cdef class ListHeads:
    cdef readonly int nr_lists
    cdef readonly Records records
    cdef readonly ListHead[::1] link
    cpdef resize_items(self, int nr_items)
    cpdef int list_first_entry_or_null(self, int head) noexcept nogil
    cdef inline void list_insert(self, int item, int before, int behind) noexcept nogil
    cpdef void list_add(self, int head, int item) noexcept nogil
    cpdef void list_add_tail(self, int head, int item) noexcept nogil
    cpdef void list_del(self, int item) noexcept nogil
    cpdef int list_pop(self, int head) noexcept nogil
    cpdef list in_order(self, int head)
