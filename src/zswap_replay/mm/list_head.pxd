cimport cython

@cython.final
cdef class ListHeads:
    cdef readonly int[::1] first, last, size, next, prev
    cdef readonly int nr_lists
    cpdef reserve(self, int items)
    cpdef int new_lists(self, int count) except -1
    cpdef void list_add(self, int head, int item) noexcept
    cpdef void list_add_tail(self, int head, int item) noexcept
    cpdef void list_del(self, int head, int item) noexcept
    cpdef void list_move(self, int head, int item) noexcept
    cpdef void list_move_tail(self, int head, int item) noexcept
    cpdef void list_splice_init(self, int source, int head) noexcept
    cpdef list items(self, int head)
