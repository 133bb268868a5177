cimport cython
from zswap_replay.mm.memcontrol cimport NO_LIMIT, NR_EVENTS, OOM, ROOT, MemCgroups
from zswap_replay.mm.page_alloc cimport PageAlloc
from zswap_replay.mm.page_writeback cimport SWAP_CLUSTER_MAX
from zswap_replay.mm.vmscan cimport VM_SWAPPINESS, Vmscan
from zswap_replay.mm.zswap cimport MAX_RECLAIM_RETRIES

@cython.final
cdef class MemcgLimits:
    cdef readonly MemCgroups memcgs
    cdef readonly Vmscan vmscan
    cdef readonly PageAlloc page_alloc
    cdef readonly long long oom
    cdef bint rule_quarters_of_memory_reclaim
    cdef int try_charge_memcg(self, int memcg) except -1 nogil
    cdef int mem_cgroup_oom(self, int memcg, long long over) except -1 nogil
    cdef int note_oom(self, str limit, int above, int memcg, long long pages, long long over) except -1 with gil
    cpdef bint reclaim_below(self, int memcg, long long limit, int coming) except -1 nogil
    cpdef Py_ssize_t memory_reclaim(self, int memcg, Py_ssize_t nr_to_reclaim, int swappiness) except -1 nogil
