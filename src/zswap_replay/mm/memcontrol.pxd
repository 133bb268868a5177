cimport cython
from zswap_replay.lib.columns cimport Records, prefetch
from zswap_replay.mm.mem_cgroup cimport Memcg
from zswap_replay.mm.memcg_savings cimport MemcgSavings
from zswap_replay.mm.memcg_uses cimport MemcgUses
from zswap_replay.mm.page cimport PAGE_SHIFT, PAGE_SIZE

# constants of the .py, written by tools/constants.py
cpdef enum:
    ROOT = 0
    NO_LIMIT = -1
    NR_SWAP_PAGES = 1099511627776
    PGMAJFAULT = 0
    ZSWPIN = 1
    ZSWPOUT = 2
    PGSTEAL = 3
    WORKINGSET_REFAULT_ANON = 4
    WORKINGSET_ACTIVATE_ANON = 5
    PSWPIN = 6
    PSWPOUT = 7
    ZSWPWB = 8
    WRITTEN_BACK = 9
    MEMCG_LIMIT_REJECT = 10
    POOL_LIMIT_REJECT = 11
    COMPRESS_REJECT = 12
    OOM = 13
    SWAP_EVENTS_MAX = 14
    SWAP_EVENTS_FAIL = 15
    NR_EVENTS = 16


@cython.final
cdef class MemCgroups:
    cdef readonly int nr, nr_nodes
    cdef readonly long long tree_changes
    cdef readonly bint swap_limited, vm_swap_full
    cdef readonly long long nr_swap_pages
    cdef readonly MemcgSavings savings
    cdef readonly MemcgUses uses
    cdef bint switch_exists, switch_inherited, switch_hierarchical
    cdef readonly Records records
    cdef readonly Memcg[::1] memcg
    cdef readonly int[::1] first_child, last_child, next_sibling, prev_sibling
    cdef int[::1] first_objcg, next_objcg
    cdef readonly long long[::1] events, node_zswap
    cpdef int mem_cgroup_css_alloc(self, int parent) except -1
    cpdef void mem_cgroup_css_offline(self, int memcg) noexcept nogil
    cpdef void reparent_charges(self, int memcg, int parent, int count) noexcept nogil
    cdef void release(self, int memcg) noexcept nogil
    cpdef void mem_cgroup_get(self, int memcg) noexcept nogil
    cpdef void mem_cgroup_put(self, int memcg) noexcept nogil
    cpdef int mem_cgroup_iter(self, int root, int prev) noexcept nogil
    cpdef int mem_cgroup_id_get_online(self, int memcg) noexcept nogil
    cpdef int get_obj_cgroup_from_memcg(self, int memcg) noexcept nogil
    cpdef int obj_cgroup_memcg(self, int objcg) noexcept nogil
    cpdef bint obj_cgroup_may_zswap(self, int objcg) noexcept nogil
    cpdef void obj_cgroup_charge_zswap(self, int objcg, int nid, int size) noexcept nogil
    cpdef void obj_cgroup_uncharge_zswap(self, int objcg, int nid, int size) noexcept nogil
    cpdef long long saved(self, int memcg) noexcept nogil
    cpdef restart_savings(self)
    cpdef bint mem_cgroup_zswap_writeback_enabled(self, int memcg) noexcept nogil
    cpdef long long memory_usage(self, int memcg) noexcept nogil
    cpdef void charge(self, int memcg) noexcept nogil
    cpdef void uncharge(self, int memcg, int pages) noexcept nogil
    cpdef bint mem_cgroup_try_charge_swap(self, int memcg) noexcept nogil
    cpdef void mem_cgroup_uncharge_swap(self, int memcg) noexcept nogil
    cpdef long long mem_cgroup_get_nr_swap_pages(self, int memcg) noexcept nogil
    cpdef bint mem_cgroup_swap_full(self, int memcg) noexcept nogil
    cpdef void count_memcg_event(self, int memcg, int nid, int event) noexcept nogil
    cdef void prefetch(self, int memcg) noexcept nogil
    cpdef grow(self)
