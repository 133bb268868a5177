cimport cython
from zswap_replay.lib.columns cimport Records, prefetch

# constants of the .py, written by tools/constants.py
cpdef enum:
    HOLE = -1
    FIRST_ROOM = 48
    SLAB_RINGS = 256
    MOVES_AHEAD = 16

cdef extern from *:
    # an item of a list, which is not touched
    void *item_of "PyList_GET_ITEM" (list items, Py_ssize_t at) noexcept

cdef struct Place:
    int at

@cython.final
@cython.no_gc
cdef class Ring:
    # the numbers first: they share a cache line with the address of the places
    cdef int room, head, used, size
    cdef int[::1] slot
    cdef inline int place_of(self, int number) noexcept
    cdef void take(self, int[::1] slot, int room) noexcept
    cdef void trim(self) noexcept

@cython.final
cdef class LruRings:
    cdef readonly Records items
    cdef readonly str field
    cdef readonly Place[:] place
    cdef readonly int nr_lists
    cdef Ring no_ring
    cdef list rings, spare
    cdef int[::1] slab
    cdef int slab_used
    cpdef detach(self)
    cpdef attach(self)
    cpdef int new_lists(self, int count) except -1
    cpdef int give_up(self, int head) except -1
    cpdef int first(self, int head) noexcept
    cpdef int last(self, int head) noexcept
    cpdef int next(self, int head, int item) noexcept
    cpdef list in_order(self, int head)
    cpdef int places(self, int head) noexcept
    cpdef int size_of(self, int head) noexcept
    cpdef int tail(self, int head, int count, int[::1] items) noexcept
    cdef void prefetch(self, int head) noexcept
    cdef inline void prefetch_item(self, int item) noexcept
    cdef void prefetch_ends(self, int head) noexcept
    cdef void prefetch_place(self, int head, int item) noexcept
    cpdef int list_add(self, int head, int item) except -1
    cpdef int list_add_all(self, int head, int count, int[::1] items) except -1
    cpdef int list_add_tail(self, int head, int item) except -1
    cpdef void list_del(self, int head, int item) noexcept
    cpdef int list_pop_tail(self, int head, int count, int[::1] items) noexcept
    cpdef void list_replace(self, int head, int old, int new) noexcept
    cpdef int list_move(self, int head, int item) except -1
    cpdef int list_move_tail(self, int head, int item) except -1
    cpdef int list_splice_init(self, int source, int head) except -1
    cpdef int list_splice_tail_init(self, int source, int head) except -1
    cdef Ring new_ring(self)
    @cython.locals(slot="int[::1]")
    cdef Ring make_room(self, int head, int size)
