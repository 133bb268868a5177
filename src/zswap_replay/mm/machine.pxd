cimport cython
from zswap_replay.mm.events cimport Events
from zswap_replay.mm.memcontrol cimport ACCESSES, MemCgroups
from zswap_replay.mm.memory cimport Memory
from zswap_replay.mm.page_table cimport PRESENT, SLOT, SWAPCACHE, WRITE, ZERO, PageTable
from zswap_replay.mm.swap cimport Swap
from zswap_replay.mm.swap_state cimport SWAP_CLUSTER_MAX, SwapCache
from zswap_replay.mm.vmscan cimport Vmscan
from zswap_replay.mm.zswap cimport MAX_RECLAIM_RETRIES, Zswap

cpdef enum:
    READ = 0
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
    cdef readonly bint plain_lru
    cpdef Py_ssize_t run(self, Events events, Py_ssize_t start, Py_ssize_t stop) except -1
    cdef page_event(
        self, int kind, int space, unsigned long long number, int node, unsigned long long content, bint has_content
    )
