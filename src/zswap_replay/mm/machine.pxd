cimport cython
from zswap_replay.mm.memcontrol cimport ACCESSES, NR_EVENTS, ROOT, MemCgroups
from zswap_replay.mm.memory cimport Memory
from zswap_replay.mm.page_table cimport PRESENT, SLOT, SWAPCACHE, ZERO, PageTable
from zswap_replay.mm.swap cimport Swap
from zswap_replay.mm.swap_state cimport SWAP_CLUSTER_MAX, SwapCache
from zswap_replay.mm.vmscan cimport MAX_RECLAIM_RETRIES, Vmscan
from zswap_replay.mm.zswap cimport Zswap

cpdef enum:
    READ = 0
    WRITE = 1
    PAGEOUT = 2
    DISCARD = 3
    SETTLE = 4
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
    cdef int[::1] path_memcg
    cpdef int memcg_of_path(self, int path) noexcept
    cpdef Py_ssize_t run(
        self,
        const unsigned long long[::1] time_ns,
        const unsigned char[::1] event,
        const int[::1] memcg,
        const unsigned long long[::1] page,
        const unsigned int[::1] count,
        const unsigned char[::1] node,
        const unsigned long long[::1] content,
        const unsigned char[::1] has_content,
        Py_ssize_t start,
        Py_ssize_t stop,
    ) except -1
    cdef page_event(
        self, int kind, int space, unsigned long long number, int node, unsigned long long content, bint has_content
    )
