cimport cython

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define zswap_replay_prefetch(address) __builtin_prefetch(address)
    #else
    #define zswap_replay_prefetch(address) ((void)(address))
    #endif
    """
    void prefetch "zswap_replay_prefetch" (const void *address) noexcept nogil

cdef class Records:
    cdef readonly Py_ssize_t size
    cdef readonly object fields, array, dtype, memory, make
