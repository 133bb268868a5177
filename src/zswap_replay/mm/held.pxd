cimport cython
from zswap_replay.mm.memcg_savings cimport MemcgSavings

cdef extern from *:
    """
    typedef unsigned __int128 zswap_replay_sum;
    #define zswap_replay_product(pages, time) \
        ((unsigned __int128)(unsigned long long)(pages) * (unsigned long long)(time))
    """
    ctypedef unsigned long long Sum "zswap_replay_sum"
    Sum product "zswap_replay_product"(long long pages, unsigned long long time) nogil

@cython.final
cdef class Stock:
    cdef readonly long long pool_pages, stored_pages, same_filled_pages, compressed_bytes

@cython.final
cdef class Held:
    cdef readonly MemcgSavings savings
    cdef readonly Stock zswap, device
    cdef readonly long long zero_pages
    cdef readonly unsigned long long began, since
    cdef readonly Sum pool_sum, stored_sum, same_filled_sum, zero_sum, bytes_sum
    cdef readonly long long pool_peak, stored_peak, saved_peak, entries_at_peak, bytes_at_peak
    cdef void forget(self) noexcept nogil
    cdef inline long long pool_pages(self) noexcept nogil
    cdef inline long long stored_pages(self) noexcept nogil
    cdef inline long long same_filled_pages(self) noexcept nogil
    cdef inline long long compressed_bytes(self) noexcept nogil
    cpdef void restart(self, unsigned long long now) noexcept nogil
    cpdef void pass_time(self, unsigned long long now) noexcept nogil
    cpdef void note_peaks(self) noexcept nogil
    cpdef void count_zero_pages(self, unsigned long long now, int change) noexcept nogil
