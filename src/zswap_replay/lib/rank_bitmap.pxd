cimport cython

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define zswap_replay_popcount(word) __builtin_popcountll(word)
    #else
    static int zswap_replay_popcount(unsigned long long word) {
        int bits = 0;
        for (; word; word &= word - 1) bits++;
        return bits;
    }
    #endif
    """
    int popcount "zswap_replay_popcount" (unsigned long long word) noexcept nogil

# constants of the .py, written by tools/constants.py
cpdef enum:
    WORD_SHIFT = 6
    WORD_MASK = 63

@cython.final
cdef class RankBitmap:
    cdef readonly int room
    cdef unsigned long long[::1] word
    cdef int[::1] tree
    cpdef void take(self, int place) noexcept nogil
    cpdef void give(self, int place) noexcept nogil
    cdef inline void add(self, int place, int change) noexcept nogil
    cpdef int before(self, int place) noexcept nogil
