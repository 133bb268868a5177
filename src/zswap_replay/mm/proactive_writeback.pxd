cimport cython
from zswap_replay.mm.memcontrol cimport ROOT, MemCgroups
from zswap_replay.mm.zswap cimport ENOENT, MAX_RECLAIM_RETRIES, NR_ZSWAP_WB_BATCH, ShrinkWork, Zswap

@cython.final
cdef class ProactiveWriteback:
    cdef readonly MemCgroups memcgs
    cdef readonly Zswap zswap
    cdef bint rule_cursor_per_memcg
    cdef readonly int[::1] cursors
    cpdef Py_ssize_t zswap_proactive_writeback(self, int memcg, long long bytes_to_writeback) except -1
    cdef void count(self, int memcg, long long size) noexcept
    cdef int next_online(self, int root, int prev) except -2
    cdef int cursor(self, int memcg) except -2
    cdef set_cursor(self, int memcg, int visited)
    cdef ShrinkWork work(self)
    cpdef zswap_memcg_offline_cleanup(self, int memcg)
