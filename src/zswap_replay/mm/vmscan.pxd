cimport cython
from zswap_replay.mm.file_pages cimport FilePages
from zswap_replay.mm.memcg_stat cimport MemcgStat
from zswap_replay.mm.memcontrol cimport NO_LIMIT, PGSTEAL, ROOT, MemCgroups
from zswap_replay.lib.page_table cimport (
    ACTIVE, DIRTY, ISOLATED, PRESENT, REFERENCED, SLOT, SWAPCACHE, WRITEBACK, YOUNG, PageTable,
)
from zswap_replay.mm.page cimport PAGE_SHIFT
from zswap_replay.mm.page_io cimport FAILED, KEPT, STORED, PageIo
from zswap_replay.mm.page_writeback cimport SWAP_CLUSTER_MAX, Writeback
from zswap_replay.mm.reclaim_order cimport ReclaimOrder
from zswap_replay.mm.shrinker cimport Shrinker
from zswap_replay.mm.swap cimport (
    ANY_SIZE, AWAKE, LRU_ACTIVE_ANON, LRU_INACTIVE_ANON, MAX_SWAPPINESS, NR_LRU_LISTS, Lruvecs,
)
from zswap_replay.mm.swap_slots cimport SwapSlots
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.workingset cimport Workingset
from zswap_replay.mm.zswap cimport Zswap

# constants of the .py, written by tools/constants.py
cpdef enum:
    DEF_PRIORITY = 12
    VM_SWAPPINESS = 60
    SWAPPINESS_ANON_ONLY = 201
    STEPS = 16
    MANY_MEMCGS = 32
    STORE_UNITS = 3
    FREED = 0
    KEEP = 1
    ACTIVATE = 2
    KEEP_DIRTY = 3

cpdef int anon_share(int swappiness) noexcept nogil
cpdef int file_share(int swappiness) noexcept nogil
cpdef long long scan_count(
    long long size, int priority, bint online, long long share, long long whole
) noexcept nogil
cpdef long long inactive_ratio(long long pages) noexcept nogil

cdef class PageReclaim:
    cdef readonly PageTable pages
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly Lruvecs lruvecs
    cdef readonly Workingset workingset
    cdef readonly MemcgStat stat
    cdef readonly FilePages file_pages
    cdef readonly Writeback writeback
    cdef readonly SwapSlots swap_slots
    cdef readonly PageIo page_io
    cdef readonly Zswap zswap
    cdef readonly Shrinker shrinker
    cdef readonly bint synchronous_swap, worker_waited
    cdef readonly ReclaimOrder order
    cdef public bint skips_idle
    cdef readonly int shrink_delay, swap_full_memcg, swappiness
    cdef readonly long long share, whole
    cdef bint in_turns
    cdef int[::1] coming, next_pages, isolated, fates, deactivated
    cdef readonly object shortages
    cdef readonly long long clean_drops, swap_full, pageouts, pgscan, pgsteal
    cdef void set_swappiness(self, int swappiness) noexcept nogil
    cdef void note_enough(self) noexcept nogil
    cdef int pte_mkyoung(self, int page) except -1 nogil
    cdef void folio_set_active(self, int page) noexcept nogil
    cdef void count_access(self, int memcg, int nid) noexcept nogil
    cdef int wait_for_disk(self) except -1 nogil
    cdef int pageout(self, int page) except -1 nogil
    cdef int note_swap_full(self, int memcg) except -1 nogil
    cdef void remove_mapping(self, int page, int memcg) noexcept nogil
    cdef void drop_swap_cache(self, int page) noexcept nogil
    cdef int note_shortage(self, int above, int memcg) except -1 with gil
    cdef int reclaim_pages(self, int page) except -1 nogil
    cdef int folio_check_references(self, int page) noexcept nogil
    cdef int shrink_folio(self, int page, int memcg) except -1 nogil
    cdef int shrink_inactive_list(self, int memcg, int nr_to_scan) except -1 nogil
    cdef int shrink_active_list(self, int memcg, int nr_to_scan) except -1 nogil
    cdef bint can_reclaim_anon_pages(self, int memcg) noexcept nogil
    cdef bint can_progress(self, int root) noexcept nogil
    cdef bint has_pages(self, int memcg) noexcept nogil
    cdef void count_swap_full(self, int root) noexcept nogil
    cdef long long get_scan_count(self, int memcg, int head, int priority) noexcept nogil
    cdef Py_ssize_t shrink_lruvec(self, int memcg, int priority, long long nr_to_reclaim) except -1 nogil
    cdef bint inactive_is_low(self, int memcg) noexcept nogil
    cdef bint may_deactivate(self, int memcg) noexcept nogil

cdef class Vmscan(PageReclaim):
    cdef Py_ssize_t shrink_node_memcgs(self, int root, int priority, long long nr_to_reclaim) except -1 nogil
    cdef Py_ssize_t shrink_busy_memcgs(self, int root, int start, int priority, long long nr_to_reclaim) except -1 nogil
    cdef int look_ahead(self, int at, int stop, int priority) noexcept nogil
    cdef int look_at_tail(self, int memcg, int priority, int at) noexcept nogil
    cdef int find_busy_until(self, int memcg) noexcept nogil
    cdef void see_activations(self, int root) noexcept nogil
    cdef int shrink_slab(self, int memcg, int priority) except -1 nogil
    cdef Py_ssize_t try_to_free_pages(self, int root, Py_ssize_t nr_to_reclaim) except -1 nogil
