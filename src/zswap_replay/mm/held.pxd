cimport cython

cdef extern from *:
    """
    typedef unsigned __int128 zswap_replay_sum;
    #define zswap_replay_product(pages, time) \
        ((unsigned __int128)(unsigned long long)(pages) * (unsigned long long)(time))
    """
    ctypedef unsigned long long Sum "zswap_replay_sum"
    Sum product "zswap_replay_product"(long long pages, unsigned long long time) nogil

# constants of the .py, written by tools/constants.py
cpdef enum:
    LOW_BITS = 50
    LOW_MASK = 1125899906842623

@cython.final
cdef class Held:
    cdef readonly unsigned long long began, since
    cdef public long long zero_pages
    cdef readonly Sum pool_sum, stored_sum, same_filled_sum, zero_sum, bytes_sum
    cdef readonly long long pool_peak, stored_peak, saved_peak, entries_at_peak, bytes_at_peak
    cdef void forget_peaks(self) noexcept
    cpdef void restart(
        self, unsigned long long now, long long pool_pages, long long stored, long long same_filled,
        long long compressed_bytes
    ) noexcept
    cpdef void pass_time(
        self, unsigned long long now, long long pool_pages, long long stored, long long same_filled,
        long long compressed_bytes
    ) noexcept
    cpdef void note_peaks(
        self, long long pool_pages, long long stored, long long same_filled, long long compressed_bytes
    ) noexcept
