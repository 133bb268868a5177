cimport cython
from zswap_replay.machine.events cimport Events
from zswap_replay.mm.memcontrol cimport ACCESSES, NR_EVENTS, MemCgroups
from zswap_replay.mm.memory cimport Memory
from zswap_replay.lib.page_table cimport PRESENT, SETTLE, SLOT, SWAPCACHE, YOUNG, ZERO, PageTable
from zswap_replay.mm.swap cimport Swap
from zswap_replay.mm.swap_state cimport SWAP_CLUSTER_MAX, SwapCache
from zswap_replay.mm.vmscan cimport Vmscan
from zswap_replay.mm.zswap cimport MAX_RECLAIM_RETRIES, Zswap

cpdef enum:
    READ = 0
    WRITE = 1
    PAGEOUT = 2
    DISCARD = 3
    CONTROL = 5

@cython.final
cdef class Machine:
    cdef readonly object release
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly Zswap zswap
    cdef readonly Swap swap
    cdef readonly Vmscan vmscan
    cdef readonly Memory memory
    cdef readonly bint exact_lru
    @cython.locals(
        time_ns="const unsigned long long[::1]",
        event="const unsigned char[::1]",
        memcg="const int[::1]",
        has_content="const unsigned char[::1]",
        ahead="int[::1]",
        flags="unsigned short[::1]",
        path_memcg="int[::1]",
        counts="long long[::1]",
    )
    cpdef Py_ssize_t run(self, Events events, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef int page_event(
        self, int kind, int space, int page, int node, unsigned long long content, bint has_content
    ) except -1
