cimport cython
from zswap_replay.lib.columns cimport Records
from zswap_replay.lib.event_codes cimport DISCARD, PAGEOUT
from zswap_replay.lib.rank_bitmap cimport RankBitmap
from zswap_replay.lib.splitmix cimport mix64

# constants of the .py, written by tools/constants.py
cpdef enum:
    NR_WINDOWS = 320
    FOLD = 10
    NO_PLACE = -1

cdef struct Followed:
    unsigned long long page
    int space
    int place
    int window
    unsigned int life

@cython.final
cdef class StackDistances:
    cdef readonly int most, level, size, room, live, next_place, window, nr_spaces
    cdef readonly bint started
    cdef readonly unsigned long long window_ns, start_ns, cold
    cdef readonly Records records
    cdef Followed[::1] followed
    cdef int[::1] table
    cdef RankBitmap ranks
    cdef readonly unsigned long long[::1] distance, fresh
    cdef int[::1] parent, asked
    cdef unsigned int[::1] life
    cdef readonly long long[::1] held, peak
    cpdef add_space(self, int parent, int asked)
    cpdef bint is_asked(self, int space) noexcept
    cpdef restart(self, int space)
    cpdef feed(
        self,
        const unsigned long long[::1] time_ns,
        const unsigned char[::1] event,
        const int[::1] memcg,
        const unsigned long long[::1] page,
        const unsigned int[::1] count,
        Py_ssize_t start,
        Py_ssize_t stop,
    )
    cdef void discard_run(self, int space, unsigned long long first, unsigned long long last) noexcept
    cdef touch_run(self, int space, unsigned long long first, unsigned long long last, bint discard)
    cdef unsigned long long chosen(self, int space, unsigned long long group) noexcept
    cdef bint is_chosen(self, int space, unsigned long long page) noexcept
    cdef inline unsigned long long side(self, int space, unsigned long long group, int level) noexcept
    cdef touch(self, int space, unsigned long long page, bint discard)
    cdef void charge(self, int space, long long pages) noexcept
    cdef follow(self, int at)
    cdef close_ranks(self)
    cpdef enter_window(self, unsigned long long time_ns)
    cdef fold_windows(self)
    cdef inline long long slot_of(self, int space, unsigned long long page) noexcept
    cdef int find(self, int space, unsigned long long page) noexcept
    cdef int insert(self, int space, unsigned long long page) except -2
    cdef void enter(self, int at) noexcept
    cdef grow(self)
    cdef halve(self)
