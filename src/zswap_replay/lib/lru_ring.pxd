cimport cython
from zswap_replay.lib.columns cimport Records, prefetch

# constants of the .py, written by tools/constants.py
cpdef enum:
    HOLE = -1
    FIRST_ROOM = 32
    MAX_PLACES = 2147483647
    NR_ROOMS = 27
    LARGE_ROOM = 1048576
    MOVES_AHEAD = 16

cdef struct Place:
    int at

cdef struct Ring:
    long long head
    long long tail
    int start
    int room
    int size

@cython.final
cdef class LruRings:
    cdef readonly Records items, rings, places
    cdef readonly str field
    cdef readonly Place[:] place
    cdef readonly Ring[::1] ring
    cdef readonly int[::1] slot
    cdef readonly int nr_lists, nr_places
    cdef int[::1] free
    cpdef detach(self)
    cpdef attach(self)
    cpdef int new_lists(self, int count) except -1
    cpdef int give_up(self, int head) except -1 nogil
    cdef inline int place_of(self, int head, long long number) noexcept nogil
    cpdef int first(self, int head) noexcept nogil
    cpdef int last(self, int head) noexcept nogil
    cpdef int next(self, int head, int item) noexcept nogil
    cpdef list in_order(self, int head)
    cpdef int room_of(self, int head) noexcept nogil
    cpdef int size_of(self, int head) noexcept nogil
    cpdef int tail(self, int head, int count, int[::1] items, int at) noexcept nogil
    cdef void prefetch(self, int head) noexcept nogil
    cdef inline void prefetch_item(self, int item) noexcept nogil
    cdef void prefetch_head(self, int head) noexcept nogil
    cdef void prefetch_ends(self, int head) noexcept nogil
    cdef void prefetch_place(self, int item) noexcept nogil
    cdef inline void put(self, int item, int at) noexcept nogil
    cdef void trim(self, int head) noexcept nogil
    cpdef int list_add(self, int head, int item) except -1 nogil
    cpdef int list_add_all(self, int head, int count, int[::1] items) except -1 nogil
    cpdef int list_add_tail(self, int head, int item) except -1 nogil
    cpdef void list_del(self, int head, int item) noexcept nogil
    cpdef int list_pop_tail(self, int head, int count, int[::1] items) noexcept nogil
    cpdef void list_replace(self, int old, int new) noexcept nogil
    cpdef int list_move(self, int head, int item) except -1 nogil
    cpdef int list_move_tail(self, int head, int item) except -1 nogil
    cpdef int list_splice_init(self, int source, int head) except -1 nogil
    cpdef int list_splice_tail_init(self, int source, int head) except -1 nogil
    cdef int make_room(self, int head, int size) except -1 nogil
    cdef int size_of_room(self, long long room) noexcept nogil
    cdef int take(self, long long room) except -1 nogil
    cdef int give_back(self, int start, long long room) except -1 nogil
    cdef int forget(self, int start, long long room) except -1 with gil
    cdef int grow(self) except -1 with gil
    cdef int refuse(self) except -1 with gil
