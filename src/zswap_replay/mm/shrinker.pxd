cimport cython
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.zswap cimport SHRINK_STOP, Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    SHRINK_BATCH = 128
    DEFAULT_SEEKS = 2

cpdef long long scan_share(long long freeable, int priority) noexcept nogil
cpdef long long scan_target(long long deferred, long long freeable, int priority) noexcept nogil

@cython.final
cdef class Shrinker:
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef readonly long long[::1] nr_deferred
    cpdef Py_ssize_t shrink_slab(self, int nid, int memcg, int priority) except -1 nogil
    cdef int grow(self, int slot) except -1 with gil
    cdef Py_ssize_t do_shrink_slab(self, int nid, int memcg, int priority) except -1 nogil
