cimport cython
from zswap_replay.lib.length_index cimport NORMAL
from zswap_replay.lib.page_table cimport BYTES_KEPT, DIRTY, NR_RETURNED, SECOND_CHANCE, PageTable
from zswap_replay.mm.class_counts cimport CLASS_REFUSED, CLASS_SAME_FILLED, CLASS_STORED, ClassCounts
from zswap_replay.mm.compressor cimport Compressor
from zswap_replay.mm.held cimport Held, Stock
from zswap_replay.mm.list_lru cimport LRU_REMOVED_RETRY, LRU_RETRY, LRU_ROTATE, LRU_STOP, ListLru, LruWalk
from zswap_replay.mm.memcontrol cimport (
    COMPRESS_REJECT, MEMCG_LIMIT_REJECT, POOL_LIMIT_REJECT, PSWPOUT, ROOT, WRITTEN_BACK, ZSWPIN, ZSWPOUT, ZSWPWB,
    MemCgroups,
)
from zswap_replay.mm.page cimport PAGE_SHIFT, PAGE_SIZE
from zswap_replay.mm.page_writeback cimport Writeback
from zswap_replay.mm.swap_device cimport SwapDevice
from zswap_replay.mm.swap_state cimport SwapCache
from zswap_replay.mm.zpool cimport ENOSPC, Zpool

# constants of the .py, written by tools/constants.py
cpdef enum:
    MAX_RECLAIM_RETRIES = 16
    NR_ZSWAP_WB_BATCH = 64
    EAGAIN = 11
    EINVAL = 22
    ENOENT = 2
    EEXIST = 17
    ENOMEM = 12
    SHRINK_STOP = -2
    MAX_POOLS = 255
    WORKER_LRU = 0
    WORKER_ITER = 1
    WORKER_ONLINE = 2
    WORKER_CANDIDATES = 3
    SHRINKER_NONE = 0
    SHRINKER_PROTECTS_SIZE = 1
    SHRINKER_PROTECTS_SWAPINS = 2

cdef unsigned long long MAX_TIME

cdef class Zswap

@cython.final
cdef class ShrinkWork:
    cdef readonly bint pending
    cdef readonly int next_shrink, failures, attempts

@cython.final
cdef class ZswapPool(Compressor):
    cdef readonly int index
    cdef readonly str zpool_type, compressor
    cdef readonly Zpool zpool
    cdef readonly ListLru lru
    cdef readonly ShrinkWork work
    cdef readonly bint own_work, is_842
    cdef readonly int entries
    cdef readonly long long pages

@cython.final
cdef class ZswapShrinker:
    cdef readonly PageTable page_table
    cdef readonly MemCgroups memcgs
    cdef readonly int nr_nodes, rule_shrinker
    cdef readonly long long[::1] protected
    cdef bint in_shrinker, encountered_page_in_swapcache
    cpdef bint exists(self) noexcept nogil
    cdef int grow(self, int slot) except -1 with gil
    cdef int protection_slot(self, int nid, int memcg) except -1 nogil
    cpdef int protect(self, int nid, int memcg) except -1 nogil
    cpdef int entry_added(self, ListLru lru, int nid, int memcg) except -1 nogil
    cdef int zswap_folio_swapin(self, int page, bint from_disk) except -1 nogil
    cdef int writeback_failed(self, int entry, int error) except -1 nogil
    cpdef Py_ssize_t zswap_shrinker_count(self, Zswap zswap, int nid, int memcg) except -1 nogil
    cpdef Py_ssize_t zswap_shrinker_scan(self, Zswap zswap, int nid, int memcg, long long nr_to_scan) except -1 nogil

@cython.final
cdef class ShrinkWorker:
    cdef readonly MemCgroups memcgs
    cdef int rule_worker
    cdef bint rule_cursor_released_offline, rule_batch_writeback
    cdef public unsigned long long now
    cdef readonly unsigned long long writeback_ns, work_ns
    cdef readonly long long refusals_waiting, thr_pages
    cdef list queue
    cdef readonly ShrinkWork running
    cdef readonly bint active, observed, awaited
    cdef readonly long long owed
    cdef readonly long long shrink_worker_runs, shrink_worker_steps
    cdef int release_cursor(self, ShrinkWork work, int memcg, bint only_online) except -1 nogil
    cdef int set_next_shrink(self, ShrinkWork work, int memcg) except -1 nogil
    cdef int queue_work(self, ShrinkWork work) except -1 nogil
    cdef int enqueue(self, ShrinkWork work) except -1 with gil
    cdef unsigned long long time_written(self, unsigned long long time, unsigned long long pages) noexcept nogil
    cpdef unsigned long long next_work(self) noexcept nogil
    cpdef int finish(self, Zswap zswap) except -1 nogil
    cpdef int run_worker(self, Zswap zswap, unsigned long long until) except -1 nogil
    cdef bint is_down(self, ZswapPools pools) noexcept nogil
    cdef bint is_queued(self) except? 1 with gil
    cdef int begin_run(self, Zswap zswap) except -1 with gil
    cdef int take_turn(self, Zswap zswap) except -1 nogil
    cdef int end_run(self, Zswap zswap) except -1 with gil
    cpdef observe(self)
    cpdef observed_begin(self, Zswap zswap)
    cpdef observed_turns(self, Zswap zswap, long long turns)
    cpdef observed_end(self, Zswap zswap)
    cdef bint next_turn_calls(self, ShrinkWork work) except -1 nogil
    cdef int shrink_worker(self, Zswap zswap, ShrinkWork work) except -1 nogil
    cdef int error_of_disabled(self) noexcept nogil
    cdef int error_of_empty(self) noexcept nogil
    cdef bint goes_on(self, ShrinkWork work, int error) noexcept nogil
    cdef int shrink_for_store(self, Zswap zswap, int memcg) except -1000 nogil
    cdef int shrink_memcg_batch(self, Zswap zswap, int memcg, int nr_to_scan) except -1000 nogil
    cdef int zswap_reclaim_entry(self, Zswap zswap, ShrinkWork work) except -1 with gil

@cython.final
cdef class ZswapPools:
    cdef readonly PageTable page_table
    cdef readonly ShrinkWorker worker
    cdef readonly Stock stock
    cdef readonly long long totalram_pages, max_pages, thr_pages
    cdef readonly int nr_nodes
    cdef bint rule_lru_per_memcg, rule_lru_per_pool, rule_pool_full_at_limit, rule_threshold_of_limit, rule_memcg_refusal_queues
    cdef readonly list zswap_pools, by_index
    cdef readonly ZswapPool current, last
    cdef readonly ListLru list_lru
    cdef readonly ShrinkWork shrink_work
    cdef readonly bint reached_full
    cdef readonly long long pool_limit_hit
    cdef readonly long long most_pages
    cdef readonly ClassCounts class_counts
    cdef int zswap_pool_put(self, ZswapPool pool) except -1 with gil
    cdef int queue_last(self) except -1 nogil
    cdef int queue_if_full(self) except -1 nogil
    cdef int drop_bytes(self, int entry) except -1 with gil
    cdef bint is_in_current(self, int entry) noexcept nogil
    cdef ZswapPool pool_of_entry(self, int entry)
    cdef int work_done(self, ShrinkWork work) except -1 with gil
    cdef ZswapPool pool_of_work(self, ShrinkWork work)
    cpdef zswap_memcg_offline_cleanup(self, int memcg)
    cdef int zswap_update_total_size(self, ZswapPool pool) except -1 nogil
    cpdef bint zswap_can_accept(self) noexcept nogil
    cdef bint zswap_check_limits(self) noexcept nogil

@cython.final
cdef class Zswap(LruWalk):
    cdef readonly PageTable page_table
    cdef readonly MemCgroups memcgs
    cdef readonly SwapCache swap_cache
    cdef readonly Writeback writeback
    cdef readonly ZswapPools pools
    cdef readonly ZswapShrinker shrinker
    cdef readonly ShrinkWorker worker
    cdef readonly Held held
    cdef readonly Stock stock
    cdef readonly SwapDevice device
    cdef readonly int nr_nodes
    cdef bint rule_memcg_limit_shrinks, rule_second_chance
    cdef bint rule_always_exclusive, rule_zeromap, rule_stores_incompressible, rule_enospc_is_poor, rule_root_has_objcg
    cdef readonly long long reject_reclaim_fail, reject_compress_fail, reject_compress_poor
    cdef readonly long long written_back_pages, duplicate_entry, stored_incompressible_pages
    cdef readonly long long zswpin, zswpout, pswpout_writeback
    cdef readonly long long memcg_limit_reject, pool_limit_reject, compress_reject, disabled_reject, memcg_shrinks
    cdef readonly long long[::1] stored_at_length
    cdef readonly bint enabled, shrinker_enabled, exclusive_loads, same_filled_pages_enabled, non_same_filled_pages_enabled
    cdef readonly int max_pool_percent, accept_threshold_percent
    cdef int zswap_lru_add(self, ZswapPool pool, int entry) except -1 nogil
    cdef void zswap_lru_del(self, ZswapPool pool, int entry) noexcept nogil
    cdef int zswap_lru_rotate(self, ZswapPool pool, int entry) except -1 nogil
    cdef int zswap_entry_free(self, int entry) except -1 nogil
    cdef int free_memory(self, ZswapPool pool, int entry) except -1 nogil
    cdef int free_old_memory(self, int entry) except -1 with gil
    cdef int zswap_compress(self, ZswapPool pool, int page, unsigned long long content) except -1 nogil
    cdef int zswap_decompress(self, int entry) except -1 with gil
    cdef int zswap_writeback_entry(self, int entry) except -1000 nogil
    cdef int shrink_memcg_cb(self, ListLru lru, int head, int item) except -1 nogil
    cpdef int shrink_memcg(self, int memcg) except -1000 nogil
    cdef int zswap_store(self, int page, unsigned long long content) except -1 nogil
    cdef int store_content(self, int page, unsigned long long content) except -1 nogil
    cdef int zswap_load(self, int page) except -1 nogil
    cdef int rotate_old(self, int entry) except -1 with gil
    cdef int zswap_orphan(self, int page, int slot) except -1 nogil
    cdef int zswap_invalidate(self, int entry) except -1 nogil
