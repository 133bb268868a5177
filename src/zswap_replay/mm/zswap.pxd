cimport cython
from zswap_replay.lib.length_index cimport Lengths
from zswap_replay.mm.list_lru cimport LRU_REMOVED_RETRY, LRU_RETRY, LRU_ROTATE, LRU_STOP, ListLru, LruWalk
from zswap_replay.mm.memcontrol cimport (
    COMPRESS_REJECT, MEMCG_LIMIT_REJECT, PAGE_SHIFT, POOL_LIMIT_REJECT, PSWPOUT, ROOT, WRITTEN_BACK, ZSWPIN, ZSWPOUT, ZSWPWB,
    MemCgroups,
)
from zswap_replay.lib.page_table cimport DIRTY, BYTES_KEPT, NR_RETURNED, SECOND_CHANCE, PageTable
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.zpool cimport ENOSPC, Zpool

cpdef enum:
    MAX_RECLAIM_RETRIES = 16
    EAGAIN = 11
    EINVAL = 22
    ENOENT = 2
    EEXIST = 17
    ENOMEM = 12
    SHRINK_STOP = -2
    ORDINARY = 0
    ZERO_FILLED = 1
    SAME_FILLED = 2
    KIND_MASK = 3
    CLASS_SHIFT = 2
    NR_CLASSES = 64
    CLASS_STORED = 0
    CLASS_SAME_FILLED = 1
    CLASS_REFUSED = 2
    CLASS_BYTES = 3
    NR_CLASS_TALLIES = 4
    MAX_POOLS = 255
    WORKER_LRU = 0
    WORKER_ITER = 1
    WORKER_ONLINE = 2
    WORKER_CANDIDATES = 3
    SHRINKER_PROTECTS_SIZE = 1
    SHRINKER_PROTECTS_SWAPINS = 2

cdef long long MAX_TIME

@cython.final
cdef class ShrinkWork:
    cdef readonly bint pending
    cdef readonly int next_shrink, failures, attempts

@cython.final
cdef class ZswapPool:
    cdef readonly int index
    cdef readonly str zpool_type, compressor
    cdef readonly object contents
    cdef readonly Lengths lengths, learned
    cdef readonly Zpool zpool
    cdef readonly ListLru lru
    cdef readonly ShrinkWork work
    cdef readonly int entries
    cdef readonly long long pages

@cython.final
cdef class Zswap(LruWalk):
    cdef readonly PageTable page_table
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly long long totalram_pages, max_pages, thr_pages
    cdef readonly int nr_nodes
    cdef bint rule_lru_per_memcg, rule_lru_per_pool, rule_memcg_limit_shrinks, rule_second_chance
    cdef bint rule_pool_full_at_limit, rule_threshold_of_limit, rule_memcg_refusal_queues, rule_writeback_switch
    cdef bint rule_cursor_released_offline, rule_always_exclusive, rule_zeromap, rule_stores_incompressible
    cdef bint rule_enospc_is_poor
    cdef int rule_worker, rule_shrinker
    cdef readonly long long pool_limit_hit, reject_reclaim_fail, reject_compress_fail, reject_compress_poor
    cdef readonly long long written_back_pages, duplicate_entry, stored_pages, stored_incompressible_pages
    cdef readonly long long same_filled_pages, zswpin, zswpout, pswpout_writeback, compressed_bytes
    cdef readonly long long memcg_limit_reject, pool_limit_reject, compress_reject, disabled_reject
    cdef readonly long long[::1] stored_at_length
    cdef readonly long long memcg_shrinks, shrink_worker_runs, shrink_worker_steps
    cdef readonly bint enabled, shrinker_enabled, exclusive_loads, same_filled_pages_enabled, non_same_filled_pages_enabled
    cdef readonly int max_pool_percent, accept_threshold_percent
    cdef readonly long long[::1] class_tally
    cdef readonly list pools, by_index
    cdef readonly ZswapPool current
    cdef readonly long long total_pages
    cdef readonly bint reached_full
    cdef readonly ListLru list_lru
    cdef readonly ShrinkWork shrink_work, running
    cdef list queue
    cdef readonly long long[::1] protected
    cdef bint in_shrinker, encountered_page_in_swapcache
    cdef public long long now
    cdef readonly long long writeback_ns, work_ns
    cdef readonly bint active
    cdef readonly long long refusals_waiting
    cpdef update_limits(self)
    cdef zswap_pool_put(self, ZswapPool pool)
    cdef int account_pool(self, ZswapPool pool) except -1
    cpdef bint zswap_can_accept(self) noexcept
    cdef bint zswap_check_limits(self) noexcept
    cpdef zswap_memcg_offline_cleanup(self, int memcg)
    cdef move_cursor_on(self, ShrinkWork work)
    cdef set_next_shrink(self, ShrinkWork work, int memcg)
    cdef int zswap_lru_add(self, ZswapPool pool, int entry) except -1
    cdef void zswap_lru_del(self, ZswapPool pool, int entry) noexcept
    cdef int protection_slot(self, int nid, int memcg) except -1
    cdef int zswap_folio_swapin(self, int page, bint from_disk) except -1
    cdef int zswap_entry_free(self, int entry) except -1
    cdef ZswapPool pool_of_entry(self, int entry)
    cdef int kind_of(self, unsigned long long content) except -1
    cdef int zswap_compress(self, ZswapPool pool, int page, unsigned long long content) except -1
    cdef void count_class(self, int kind, int event, int length) noexcept
    cdef int zswap_decompress(self, int entry) except -1
    cdef int zswap_writeback_entry(self, int entry) except -1000
    cpdef Py_ssize_t zswap_shrinker_count(self, int nid, int memcg) except -1
    cpdef Py_ssize_t zswap_shrinker_scan(self, int nid, int memcg, long long nr_to_scan) except -1
    cpdef int shrink_memcg(self, int memcg) except -1000
    cdef queue_work(self, ShrinkWork work)
    cpdef long long next_work(self) noexcept
    cpdef run_worker(self, long long until)
    cdef int shrink_worker(self, ShrinkWork work) except -1
    cdef bint shrink_worker_goes_on(self, ShrinkWork work, int error) noexcept
    cdef int zswap_reclaim_entry(self, ShrinkWork work) except -1
    cdef ZswapPool pool_of(self, ShrinkWork work)
    cdef int zswap_store(self, int page) except -1
    cdef int zswap_fill(self, int page) except -1
    cdef int zswap_load(self, int page) except -1
    cdef int zswap_orphan(self, int page, int slot) except -1
    cdef int zswap_invalidate(self, int entry) except -1
