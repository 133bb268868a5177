cimport cython
from zswap_replay.lib.columns cimport Records

cdef struct ListHead:
    int next
    int prev

@cython.final
cdef class ListHeads:
    cdef readonly int[::1] first, last, size
    cdef readonly ListHead[:] link
    cdef readonly Records items
    cdef readonly int nr_lists
    cpdef resize_items(self, int size)
    cpdef int new_lists(self, int count) except -1
    cpdef void list_add(self, int head, int item) noexcept nogil
    cpdef void list_add_tail(self, int head, int item) noexcept nogil
    cpdef void list_del(self, int head, int item) noexcept nogil
    cpdef list in_order(self, int head)
