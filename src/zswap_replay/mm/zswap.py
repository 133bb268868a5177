"""The compressed cache in front of swap. Models mm/zswap.c.

The sections stand in the order of the kernel's file; where releases differ, a flag of releases.py is tested here, in
the function that differs.

A page has one entry at most, so that struct zswap_entry is a part of its struct, and an entry is numbered as its page:
``pool`` is one more than the index of the pool that it is in (0: there is no entry), ``entry_lru`` its place on the
LRU, ``objcg`` whom it is charged to (-1: nobody), ``length`` its compressed length (0: same-filled), ``handle`` where
the allocator has it, and ``node`` the page's. The entries of slots that are about to be given back are those below
NR_RETURNED.
"""

from typing import Protocol

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.list_lru import ListLru, LruWalk
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.zbud import ZbudPool
from zswap_replay.mm.zsmalloc import ZsPool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import BYTES_KEPT, DIRTY, NR_RETURNED, SECOND_CHANCE
    from zswap_replay.mm.list_lru import LRU_REMOVED_RETRY, LRU_RETRY, LRU_ROTATE, LRU_STOP
    from zswap_replay.mm.memcontrol import (
        COMPRESS_REJECT,
        MEMCG_LIMIT_REJECT,
        PAGE_SHIFT,
        POOL_LIMIT_REJECT,
        PSWPOUT,
        ROOT,
        WRITTEN_BACK,
        ZSWPIN,
        ZSWPOUT,
        ZSWPWB,
    )
    from zswap_replay.mm.zpool import ENOSPC

    MAX_RECLAIM_RETRIES = 16
    EAGAIN = 11
    EINVAL = 22
    ENOENT = 2
    EEXIST = 17
    ENOMEM = 12
    SHRINK_STOP = -2
    """A shrinker that has no more to give, where others return what they freed."""
    # what a page is, as Contents and Lengths tell
    ORDINARY = 0
    ZERO_FILLED = 1
    SAME_FILLED = 2
    KIND_MASK = 3
    CLASS_SHIFT = 2
    """The kind that Lengths hold has the payload class above these bits; class 0 is unknown."""
    NR_CLASSES = 64
    # what became of the pages of known length of a class, in the order of Zswap.class_tally
    CLASS_STORED = 0
    CLASS_SAME_FILLED = 1
    CLASS_REFUSED = 2
    CLASS_BYTES = 3
    NR_CLASS_TALLIES = 4
    MAX_POOLS = 255
    """Pools at a time: an entry has the number of its own in a byte."""
    # how the worker picks
    WORKER_LRU = 0
    WORKER_ITER = 1
    WORKER_ONLINE = 2
    WORKER_CANDIDATES = 3
    # what the dynamic shrinker spares
    SHRINKER_PROTECTS_SIZE = 1
    SHRINKER_PROTECTS_SWAPINS = 2

MAX_TIME = cython.declare(cython.longlong, 0x7FFFFFFFFFFFFFFF)

ZPOOLS = {"zsmalloc": ZsPool, "zbud": ZbudPool}
WORKERS = {"lru": 0, "iter": 1, "online": 2, "candidates": 3}
SHRINKERS = {"none": 0, "protected size": 1, "disk swapins": 2}


class Contents(Protocol):
    """What the model asks of the world outside: the compressed length of a content, and to keep the bytes."""

    def same_filled(self, content: int) -> int:
        """ORDINARY, ZERO_FILLED or SAME_FILLED."""

    def kind_and_class(self, content: int) -> int:
        """The kind, with the number of the payload class above it."""

    def count_same_filled(self, content: int) -> None:
        """A same-filled page was stored without a compressor."""

    def zswap_compress(self, entry: int, content: int) -> int:
        """Length in bytes, 1 to 4096, of the page that is now kept under ``entry``; 0 where it was refused."""

    def keep_raw(self, entry: int, content: int) -> None:
        """Keep the page under ``entry`` as it is."""

    def zswap_decompress(self, entry: int, content: int) -> None:
        """Decompress what is kept under ``entry``, and compare it with the page."""

    def free(self, entry: int) -> None:
        """Drop what is kept under ``entry``."""


class ShrinkWork:
    """A work item of the shrink worker with its cursor. Up to 6.8 each pool has one; from 6.9 there is one in all."""

    def __init__(self) -> None:
        self.pending = False
        self.next_shrink = -1
        self.failures = 0
        self.attempts = 0


class ZswapPool:
    """A compressor and an allocator, with the LRU of what they hold."""

    def __init__(
        self,
        index: int,
        zpool_type: str,
        compressor: str,
        contents: Contents,
        lengths: Lengths,
        learned: Lengths | None,
        lru: ListLru,
        work: ShrinkWork,
    ) -> None:
        self.index = index
        self.zpool_type = zpool_type
        self.compressor = compressor
        self.contents = contents
        # lengths known from the start, for which no codec is called; and, if wanted, those found on the way
        self.lengths = lengths
        self.learned = learned
        self.zpool = ZPOOLS[zpool_type]()
        self.lru = lru
        self.work = work
        self.entries = 0
        self.pages = 0


class Zswap(LruWalk):
    """zswap of one machine: pools, entries, limits, and the worker that shrinks on the virtual clock."""

    def __init__(
        self,
        release: Release,
        pages: PageTable,
        memcgs: MemCgroups,
        swap_cache: SwapCache,
        totalram_pages: int,
        nr_nodes: int,
        writeback_ns: int,
    ) -> None:
        super().__init__()
        self.page_table = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.totalram_pages = totalram_pages
        self.nr_nodes = nr_nodes

        # the release's rules
        self.rule_lru_per_memcg = release.lru_per_memcg
        self.rule_lru_per_pool = release.lru_per_pool
        self.rule_memcg_limit_shrinks = release.memcg_limit_shrinks
        self.rule_second_chance = release.second_chance
        self.rule_pool_full_at_limit = release.pool_full_at_limit
        self.rule_threshold_of_limit = release.threshold_of_limit
        self.rule_memcg_refusal_queues = release.memcg_refusal_queues_worker
        self.rule_writeback_switch = release.writeback_switch != "none"
        self.rule_cursor_released_offline = release.cursor_released_offline
        self.rule_always_exclusive = release.exclusive_loads == "always"
        self.rule_zeromap = release.zeromap
        self.rule_stores_incompressible = release.stores_incompressible
        self.rule_enospc_is_poor = release.enospc_is_poor
        self.rule_worker = WORKERS[release.worker]
        self.rule_shrinker = SHRINKERS[release.shrinker]

        # statistics; debugfs has the first group, the second is ours
        self.pool_limit_hit = 0
        self.reject_reclaim_fail = 0
        self.reject_compress_fail = 0
        self.reject_compress_poor = 0
        self.written_back_pages = 0
        self.duplicate_entry = 0
        self.stored_pages = 0
        self.stored_incompressible_pages = 0
        self.same_filled_pages = 0
        self.zswpin = 0
        self.zswpout = 0
        self.pswpout_writeback = 0
        self.compressed_bytes = 0
        self.memcg_limit_reject = 0
        self.pool_limit_reject = 0
        self.compress_reject = 0
        self.disabled_reject = 0
        self.memcg_shrinks = 0
        self.shrink_worker_runs = 0
        self.shrink_worker_steps = 0
        # stores by compressed length, up to a whole page; those of same-filled pages at 0
        self.stored_at_length = column(4097, LONGLONG)

        # tunables
        self.enabled = True
        self.shrinker_enabled = False
        self.exclusive_loads = False
        self.same_filled_pages_enabled = True
        self.non_same_filled_pages_enabled = True
        self.max_pool_percent = 20
        self.accept_threshold_percent = 90
        self.update_limits()

        # [payload class * NR_CLASS_TALLIES + what], of pages whose length was known
        self.class_tally = column(NR_CLASSES * NR_CLASS_TALLIES, LONGLONG)

        # pools, the current one first, and by index, where one that is gone stays until another takes its place
        self.pools: list[ZswapPool] = []
        self.by_index: list[ZswapPool] = []
        self.total_pages = 0
        self.reached_full = False
        self.list_lru = ListLru(pages.entry_lru, nr_nodes, self.rule_lru_per_memcg)
        self.shrink_work = ShrinkWork()

        # by memcg and node: entries that the dynamic shrinker spares, nr_zswap_protected or nr_disk_swapins
        self.protected = column(8 * nr_nodes, LONGLONG)
        self.in_shrinker = False
        self.encountered_page_in_swapcache = False

        # the worker: what is queued, what runs, and when its next page is on the device
        self.now = 0
        self.writeback_ns = writeback_ns
        self.queue: list[ShrinkWork] = []
        self.running: ShrinkWork | None = None
        self.active = False
        self.work_ns = 0
        # refusals since the worker was queued; reclaim, during which the clock stands, lets it run after some
        self.refusals_waiting = 0

    # ---- tunables ----

    def update_limits(self) -> None:
        """Work out the limit of the pool and its threshold, in pages, in the release's own rounding."""
        total: cython.longlong = self.totalram_pages
        self.max_pages = total * self.max_pool_percent // 100
        if self.rule_threshold_of_limit:
            self.thr_pages = self.max_pages * self.accept_threshold_percent // 100
        else:
            self.thr_pages = total * self.accept_threshold_percent // 100 * self.max_pool_percent // 100

    def set_param(self, key: str, value: int) -> None:
        """Write a module parameter other than ``compressor`` and ``zpool``."""
        if key == "enabled":
            self.enabled = bool(value)
        elif key == "shrinker_enabled":
            self.shrinker_enabled = bool(value) and self.rule_shrinker != 0
        elif key == "exclusive_loads":
            self.exclusive_loads = bool(value)
        elif key == "same_filled_pages_enabled":
            self.same_filled_pages_enabled = bool(value)
        elif key == "non_same_filled_pages_enabled":
            self.non_same_filled_pages_enabled = bool(value)
        elif key == "max_pool_percent":
            self.max_pool_percent = value
        elif key == "accept_threshold_percent":
            self.accept_threshold_percent = value
        else:
            raise KeyError(key)
        self.update_limits()

    # ---- pools ----

    def zswap_pool_create(
        self,
        zpool_type: str,
        compressor: str,
        contents: Contents,
        lengths: Lengths,
        learned: Lengths | None,
    ) -> None:
        """Make the pool of this allocator and compressor the current one, a new one where there is none yet.

        Models __zswap_param_set(). The pool that was current stays until its last entry is freed.
        """
        for pool in self.pools:
            if pool.zpool_type == zpool_type and pool.compressor == compressor:
                self.pools.remove(pool)
                self.pools.insert(0, pool)
                break
        else:
            lru = self.list_lru
            work = self.shrink_work
            if self.rule_lru_per_pool:
                lru = ListLru(self.page_table.entry_lru, self.nr_nodes, self.rule_lru_per_memcg)
                work = ShrinkWork()
            index = self.free_index()
            pool = ZswapPool(index, zpool_type, compressor, contents, lengths, learned, lru, work)
            self.pools.insert(0, pool)
            self.by_index[index : index + 1] = [pool]
        self.current = self.pools[0]
        for old in self.pools[1:]:
            self.zswap_pool_put(old)

    def free_index(self) -> int:
        """The index of a pool that is gone, or the next one. Raises OverflowError: there are too many pools."""
        for index, pool in enumerate(self.by_index):
            if pool not in self.pools and not (self.rule_lru_per_pool and pool.work is self.running):
                return index
        if len(self.by_index) == MAX_POOLS:
            raise OverflowError(f"{MAX_POOLS} pools are in use still; expected no other compressor or zpool")
        return len(self.by_index)

    def zswap_pool_put(self, pool: ZswapPool) -> None:
        """Drop a pool that is not the current one and that holds nothing."""
        if pool.entries or pool is self.current or (self.rule_lru_per_pool and pool.work.pending):
            return
        self.pools.remove(pool)
        if self.rule_lru_per_pool and pool.work is not self.running:
            self.set_next_shrink(pool.work, -1)

    def account_pool(self, pool: ZswapPool) -> None:
        """Bring the pool's share of zswap_total_pages up to date."""
        pages: cython.longlong = pool.zpool.zpool_get_total_pages()
        self.total_pages += pages - pool.pages
        pool.pages = pages

    def zswap_can_accept(self) -> cython.bint:
        """Whether a pool that was full has come down to its threshold."""
        if self.rule_pool_full_at_limit:
            return self.total_pages <= self.thr_pages
        return self.thr_pages > self.total_pages

    def zswap_check_limits(self) -> cython.bint:
        """Whether the pool is full: from the moment it reaches its limit until it is down to the threshold."""
        if self.total_pages > self.max_pages or (
            self.rule_pool_full_at_limit and self.total_pages == self.max_pages
        ):
            self.pool_limit_hit += 1
            self.reached_full = True
        elif self.reached_full and self.zswap_can_accept():
            self.reached_full = False
        return self.reached_full

    # ---- memcgs ----

    def zswap_memcg_offline_cleanup(self, memcg: cython.int) -> None:
        """A memcg dies: its entries go to the old end of its parent's LRUs, and no cursor may stay on it."""
        parent: cython.int = self.memcgs.parent[memcg]
        self.list_lru.memcg_reparent_list_lrus(memcg, parent)
        if self.rule_lru_per_pool:
            for pool in self.pools:
                pool.lru.memcg_reparent_list_lrus(memcg, parent)
        if self.rule_cursor_released_offline:
            for work in {pool.work for pool in self.pools}:
                if work.next_shrink == memcg:
                    self.move_cursor_on(work)

    def move_cursor_on(self, work: ShrinkWork) -> None:
        """Move a cursor on to the next memcg; where the cursor is the only one (6.9 on), to the next online one."""
        behind: cython.int = self.memcgs.mem_cgroup_iter(ROOT, work.next_shrink)
        while not self.rule_lru_per_pool and behind >= 0 and not self.memcgs.online[behind]:
            behind = self.memcgs.mem_cgroup_iter(ROOT, behind)
        self.set_next_shrink(work, behind)

    def set_next_shrink(self, work: ShrinkWork, memcg: cython.int) -> None:
        """Set the cursor, which holds a reference to its memcg."""
        old: cython.int = work.next_shrink
        if memcg >= 0:
            self.memcgs.mem_cgroup_get(memcg)
        work.next_shrink = memcg
        if old >= 0:
            self.memcgs.mem_cgroup_put(old)

    # ---- LRU ----

    def zswap_lru_add(self, pool: ZswapPool, entry: cython.int) -> None:
        """Put an entry at the young end of the LRU of its memcg and node."""
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg)
        nid: cython.int = self.page_table.page[entry].node
        pool.lru.list_lru_add(entry, nid, memcg)
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            # each entry is spared when it comes; the number decays where it is more than a quarter of the list
            slot: cython.int = self.protection_slot(nid, memcg)
            self.protected[slot] += 1
            if self.protected[slot] > pool.lru.list_lru_count_one(nid, memcg) // 4:
                self.protected[slot] //= 2

    def zswap_lru_del(self, pool: ZswapPool, entry: cython.int) -> None:
        """Take an entry off its LRU."""
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg)
        pool.lru.list_lru_del(entry, self.page_table.page[entry].node, memcg)

    def protection_slot(self, nid: cython.int, memcg: cython.int) -> cython.int:
        """Where ``protected`` has the number of a memcg and node."""
        slot: cython.int = memcg * self.nr_nodes + nid
        if slot >= len(self.protected):
            self.protected = grown(self.protected, 2 * (slot + 1))
        return slot

    def zswap_folio_swapin(self, page: cython.int, from_disk: cython.bint) -> None:
        """A page was swapped in: the shrinker spares one entry more, from 6.9 on only for a read from the device."""
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE or (
            from_disk and self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS
        ):
            self.protected[
                self.protection_slot(self.page_table.page[page].node, self.page_table.page[page].memcg)
            ] += 1

    # ---- entries ----

    def zswap_entry_free(self, entry: cython.int) -> None:
        """Free an entry with all that it holds: its place on the LRU, its memory, its charge."""
        pages: PageTable = self.page_table
        length: cython.int = pages.page[entry].length
        if length == 0:
            self.same_filled_pages -= 1
        else:
            pool: ZswapPool = self.pool_of_entry(entry)
            self.zswap_lru_del(pool, entry)
            pool.zpool.zpool_free(pages.page[entry].handle)
            self.account_pool(pool)
            self.compressed_bytes -= length
            if pages.flags[entry] & BYTES_KEPT:
                pool.contents.free(entry)
                pages.flags[entry] &= ~BYTES_KEPT
            if length == 4096 and self.rule_stores_incompressible:
                self.stored_incompressible_pages -= 1
            pool.entries -= 1
            if pool is not self.current:
                self.zswap_pool_put(pool)
        self.memcgs.obj_cgroup_uncharge_zswap(pages.page[entry].objcg, pages.page[entry].node, length)
        self.stored_pages -= 1
        pages.page[entry].pool = 0

    def pool_of_entry(self, entry: cython.int) -> ZswapPool:
        """The pool that an entry is in."""
        index: cython.int = self.page_table.page[entry].pool
        return self.by_index[index - 1]

    # ---- compression ----

    def kind_of(self, content: cython.ulonglong) -> cython.int:
        """Whether one word fills the page, and whether it is zero."""
        lengths: Lengths = self.current.lengths
        known: cython.longlong = lengths.find(content)
        if known >= 0:
            return lengths.kind_at(known) & KIND_MASK
        return self.current.contents.same_filled(content)

    def zswap_compress(self, pool: ZswapPool, page: cython.int, content: cython.ulonglong) -> cython.int:
        """Compress a page and allocate for it; False where the compressor or the allocator refused, counted."""
        pages: PageTable = self.page_table
        length: cython.int
        known: cython.longlong = pool.lengths.find(content)
        kept: cython.bint = known < 0 or pool.lengths.length_at(known) < 0
        raw: cython.bint = False
        if kept:
            length = pool.contents.zswap_compress(page, content)
            if pool.learned is not None and pool.learned.find(content) < 0:
                pool.learned.add(content, length, pool.contents.kind_and_class(content))
        else:
            length = pool.lengths.length_at(known)
            self.count_class(pool.lengths.kind_at(known), CLASS_STORED if length else CLASS_REFUSED, length)
        if self.rule_stores_incompressible and (length == 0 or length == 4096):
            if kept and length:
                pool.contents.free(page)
            raw = self.memcgs.mem_cgroup_zswap_writeback_enabled(pages.page[page].memcg)
            length = 4096 if raw else 0
            if kept and raw:
                pool.contents.keep_raw(page, content)
            elif raw:
                self.count_class(pool.lengths.kind_at(known), CLASS_STORED, length)
        if length == 0:
            if self.rule_enospc_is_poor and pool.compressor == "842":
                self.reject_compress_poor += 1
            else:
                self.reject_compress_fail += 1
            return False
        handle: cython.int = pool.zpool.zpool_malloc(length)
        if handle == -ENOSPC:
            self.reject_compress_poor += 1
            if kept:
                pool.contents.free(page)
            return False
        self.account_pool(pool)
        pages.page[page].handle = handle
        pages.page[page].length = length
        if kept:
            pages.flags[page] |= BYTES_KEPT
        self.compressed_bytes += length
        self.stored_incompressible_pages += raw
        pool.entries += 1
        return True

    def count_class(self, kind: cython.int, event: cython.int, length: cython.int) -> None:
        """Count a page of known length for its payload class; Contents counts those that it compresses itself."""
        at: cython.int = (kind >> CLASS_SHIFT) * NR_CLASS_TALLIES
        self.class_tally[at + event] += 1
        self.class_tally[at + CLASS_BYTES] += length

    def zswap_decompress(self, entry: cython.int) -> None:
        """Bring a page back from what is kept of it."""
        if self.page_table.page[entry].length and self.page_table.flags[entry] & BYTES_KEPT:
            pool: ZswapPool = self.pool_of_entry(entry)
            pool.contents.zswap_decompress(entry, self.page_table.content_of(entry))

    # ---- writeback ----

    def zswap_writeback_entry(self, entry: cython.int) -> cython.int:
        """Write an entry to the swap device and free it; an error where its page is in memory or its slot is gone."""
        if entry < NR_RETURNED:
            return -ENOMEM
        if not self.swap_cache.read_swap_cache_async(entry):
            return -EEXIST
        self.zswap_decompress(entry)
        objcg: cython.int = self.page_table.page[entry].objcg
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(objcg)
        nid: cython.int = self.page_table.page[entry].node
        if objcg >= 0:
            self.memcgs.count_memcg_event(memcg, nid, ZSWPWB)
        self.memcgs.count_memcg_event(memcg, nid, WRITTEN_BACK)
        self.memcgs.count_memcg_event(self.page_table.page[entry].memcg, nid, PSWPOUT)
        self.pswpout_writeback += 1
        self.written_back_pages += 1
        self.zswap_entry_free(entry)
        self.swap_cache.start_writeback(entry, True)
        return 0

    # ---- shrinking ----

    def isolate(self, lru: ListLru, head: cython.int, item: cython.int) -> cython.int:
        """Models shrink_memcg_cb(): write an entry back, unless it has its second chance still."""
        if self.rule_second_chance and self.page_table.flags[item] & SECOND_CHANCE:
            self.page_table.flags[item] &= ~SECOND_CHANCE
            return LRU_ROTATE
        # young from here on, if it stays: put back on failure, or rotated before the write begins
        lru.heads.list_move_tail(head, item)
        error: cython.int = self.zswap_writeback_entry(item)
        if error == 0:
            return LRU_REMOVED_RETRY
        self.reject_reclaim_fail += 1
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            self.protected[
                self.protection_slot(
                    self.page_table.page[item].node,
                    self.memcgs.obj_cgroup_memcg(self.page_table.page[item].objcg),
                )
            ] += 1
        if error == -EEXIST and self.in_shrinker:
            # warm pages from here on: the shrinker stops, from 6.9 on in the middle of its walk
            self.encountered_page_in_swapcache = True
            return LRU_STOP if self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS else LRU_RETRY
        return LRU_RETRY

    def zswap_shrinker_count(self, nid: cython.int, memcg: cython.int) -> cython.Py_ssize_t:
        """Entries that the dynamic shrinker may write back: those it does not spare, fewer the better they compress."""
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg) or not self.memcgs.zswapped[memcg]:
            return 0
        freeable: cython.longlong = self.current.lru.list_lru_count_one(nid, memcg)
        slot: cython.int = self.protection_slot(nid, memcg)
        spared: cython.longlong = min(freeable, self.protected[slot])
        freeable -= spared
        if self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS:
            self.protected[slot] -= spared
        backing: cython.longlong = self.memcgs.zswap_bytes[memcg] >> PAGE_SHIFT
        return freeable * backing // self.memcgs.zswapped[memcg]

    def zswap_shrinker_scan(
        self, nid: cython.int, memcg: cython.int, nr_to_scan: cython.longlong
    ) -> cython.Py_ssize_t:
        """Look at so many entries from the old end; how many were written back, SHRINK_STOP for no more."""
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            size: cython.longlong = self.current.lru.list_lru_count_one(nid, memcg)
            # unsigned in the kernel: a scan of more than the list holds passes
            if size >= nr_to_scan and self.protected[self.protection_slot(nid, memcg)] >= size - nr_to_scan:
                return SHRINK_STOP
        self.in_shrinker = True
        self.encountered_page_in_swapcache = False
        shrunk: cython.int = self.current.lru.list_lru_walk_one(nid, memcg, self, nr_to_scan)
        self.in_shrinker = False
        if self.encountered_page_in_swapcache or shrunk == 0:
            return SHRINK_STOP
        return shrunk

    def shrink_memcg(self, memcg: cython.int) -> cython.int:
        """Look at one entry a node of a memcg's LRUs; 0 where any was written back, else a negative error.

        A memcg that is dead or may not write back has none to give; which error says so differs, and with it what
        the worker makes of it.
        """
        if self.rule_writeback_switch and not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg):
            return -ENOENT if self.rule_worker == WORKER_CANDIDATES else -EINVAL
        if not self.memcgs.online[memcg]:
            return -ENOENT
        shrunk: cython.int = 0
        scanned: cython.int = 0
        nid: cython.int
        for nid in range(self.nr_nodes):
            shrunk += self.current.lru.list_lru_walk_one(nid, memcg, self, 1)
            scanned += 1 - self.nr_to_walk
        if scanned == 0 and self.rule_worker == WORKER_CANDIDATES:
            return -ENOENT
        return 0 if shrunk else -EAGAIN

    def queue_work(self, work: ShrinkWork) -> None:
        """Queue the worker, unless it is queued already; a run that goes on is followed by another."""
        self.refusals_waiting += 1
        if work.pending:
            return
        work.pending = True
        self.queue.append(work)
        if not self.active:
            self.active = True
            self.work_ns = max(self.work_ns, self.now + self.writeback_ns)

    def next_work(self) -> cython.longlong:
        """When the worker has something to do next; the end of time where it has nothing."""
        return self.work_ns if self.active else MAX_TIME

    def run_worker(self, until: cython.longlong) -> None:
        """Let the worker do what it gets done up to a time; -1 lets it finish."""
        while self.active and (until < 0 or self.work_ns <= until):
            if self.running is None:
                self.running = self.queue.pop(0)
                self.running.pending = False
                self.refusals_waiting = 0
                self.running.failures = 0
                self.running.attempts = 0
                self.shrink_worker_runs += 1
            written: cython.longlong = self.written_back_pages
            self.shrink_worker_steps += 1
            if not self.shrink_worker(self.running) or self.zswap_can_accept():
                self.running = None
                self.active = len(self.queue) > 0
            self.work_ns += (self.written_back_pages - written) * self.writeback_ns

    def shrink_worker(self, work: ShrinkWork) -> cython.int:
        """One turn of the worker's loop; False where it gives up."""
        memcg: cython.int
        error: cython.int
        if self.rule_worker == WORKER_LRU:
            return self.zswap_reclaim_entry(work)

        memcg = self.memcgs.mem_cgroup_iter(ROOT, work.next_shrink)
        if self.rule_worker == WORKER_CANDIDATES:
            while memcg >= 0 and not self.memcgs.online[memcg]:
                memcg = self.memcgs.mem_cgroup_iter(ROOT, memcg)
        self.set_next_shrink(work, memcg)

        if self.rule_worker == WORKER_ITER:
            # the end of a round is the NULL memcg, and its list is the root's
            return self.shrink_worker_goes_on(work, self.shrink_memcg(memcg if memcg >= 0 else ROOT))

        if self.rule_worker == WORKER_ONLINE:
            if memcg < 0:
                return self.shrink_worker_goes_on(work, -EAGAIN)
            if not self.memcgs.online[memcg]:
                self.set_next_shrink(work, -1)
                return self.shrink_worker_goes_on(work, -EAGAIN)
            return self.shrink_worker_goes_on(work, self.shrink_memcg(memcg))

        if memcg < 0:
            # a round without a candidate is a failure, and only that
            error = 0 if work.attempts else -EAGAIN
            work.attempts = 0
            return self.shrink_worker_goes_on(work, error)
        error = self.shrink_memcg(memcg)
        if error == -ENOENT:
            return True
        work.attempts += 1
        return self.shrink_worker_goes_on(work, error)

    def shrink_worker_goes_on(self, work: ShrinkWork, error: cython.int) -> cython.bint:
        """Whether a run goes on after a step: one that may not write back ends it, and so do 16 failures."""
        if error == -EINVAL:
            return False
        if error:
            work.failures += 1
        return work.failures < MAX_RECLAIM_RETRIES

    def zswap_reclaim_entry(self, work: ShrinkWork) -> cython.int:
        """A step of the worker of 6.6: write back the oldest entry of the oldest pool; False ends the run."""
        pool: ZswapPool = self.pool_of(work)
        failed: cython.longlong = self.reject_reclaim_fail
        pool.lru.list_lru_walk_one(0, ROOT, self, 1)
        if self.nr_to_walk:  # there was none
            self.reject_reclaim_fail += 1
            return False
        return self.shrink_worker_goes_on(work, -EAGAIN if self.reject_reclaim_fail > failed else 0)

    def pool_of(self, work: ShrinkWork) -> ZswapPool:
        """The pool that a work item belongs to."""
        for pool in self.by_index:
            if pool.work is work:
                return pool
        return self.current

    # ---- main API ----

    def zswap_store(self, page: cython.int) -> cython.int:
        """Take a page that is on its way to the swap device; False where the device has to take it.

        Models zswap_store(): older copy, memcg limit, pool limit, same-filled page, compression, insertion.
        """
        pages: PageTable = self.page_table
        if pages.page[page].pool:
            # a copy of what the page held before: it goes, whatever comes of this store
            self.duplicate_entry += 1
            self.zswap_entry_free(page)
        if not self.enabled:
            self.disabled_reject += 1
            return False

        objcg: cython.int = self.memcgs.get_obj_cgroup_from_memcg(pages.page[page].memcg)
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(objcg)
        if objcg >= 0 and not self.memcgs.obj_cgroup_may_zswap(objcg):
            refused: cython.bint = True
            if self.rule_memcg_limit_shrinks:
                self.memcg_shrinks += 1
                refused = self.shrink_memcg(memcg) != 0
            if refused:
                self.memcg_limit_reject += 1
                self.memcgs.count_memcg_event(memcg, pages.page[page].node, MEMCG_LIMIT_REJECT)
                if self.rule_memcg_refusal_queues and self.reached_full:
                    self.queue_work(self.shrink_work)
                return False

        if self.zswap_check_limits():
            self.pool_limit_reject += 1
            self.memcgs.count_memcg_event(memcg, pages.page[page].node, POOL_LIMIT_REJECT)
            self.queue_work(self.pools[len(self.pools) - 1].work)
            return False

        if not self.zswap_fill(page):
            self.compress_reject += 1
            self.memcgs.count_memcg_event(memcg, pages.page[page].node, COMPRESS_REJECT)
            if self.rule_memcg_refusal_queues and self.reached_full:
                self.queue_work(self.shrink_work)
            return False

        length: cython.int = pages.page[page].length
        pages.page[page].pool = self.current.index + 1
        pages.page[page].objcg = objcg
        pages.flags[page] |= SECOND_CHANCE
        self.memcgs.obj_cgroup_charge_zswap(objcg, pages.page[page].node, length)
        if objcg >= 0:
            self.memcgs.count_memcg_event(memcg, pages.page[page].node, ZSWPOUT)
        if length:
            self.zswap_lru_add(self.current, page)
        self.stored_pages += 1
        self.stored_at_length[length] += 1
        self.zswpout += 1
        return True

    def zswap_fill(self, page: cython.int) -> cython.int:
        """Give a page's entry what it holds: nothing for a same-filled page, else compressed memory. False: refused."""
        content: cython.ulonglong = self.page_table.content_of(page)
        if not self.rule_zeromap and self.same_filled_pages_enabled and self.kind_of(content) != ORDINARY:
            self.page_table.page[page].length = 0
            self.same_filled_pages += 1
            known: cython.longlong = self.current.lengths.find(content)
            if known >= 0:
                self.count_class(self.current.lengths.kind_at(known), CLASS_SAME_FILLED, 0)
            else:
                self.current.contents.count_same_filled(content)
            return True
        if not self.rule_zeromap and not self.non_same_filled_pages_enabled:
            return False
        return self.zswap_compress(self.current, page, content)

    def zswap_load(self, page: cython.int) -> cython.int:
        """Read a page back; False where zswap does not have it. The page is dirty if the entry is freed."""
        pages: PageTable = self.page_table
        if not pages.page[page].pool:
            return False
        self.zswap_decompress(page)
        self.zswpin += 1
        objcg: cython.int = pages.page[page].objcg
        if objcg >= 0:
            self.memcgs.count_memcg_event(self.memcgs.obj_cgroup_memcg(objcg), pages.page[page].node, ZSWPIN)
        if self.rule_always_exclusive or self.exclusive_loads:
            self.zswap_entry_free(page)
            pages.flags[page] |= DIRTY
        elif pages.page[page].length:
            pool: ZswapPool = self.pool_of_entry(page)
            self.zswap_lru_del(pool, page)
            self.zswap_lru_add(pool, page)
        return True

    def zswap_orphan(self, page: cython.int, slot: cython.int) -> None:
        """Part a page, whose slot is given up, from its entry, which stays until the slot is: as that of ``slot``."""
        pages: PageTable = self.page_table
        pool: ZswapPool = self.pool_of_entry(page)
        if pages.flags[page] & BYTES_KEPT:
            # nobody will read it any more
            pool.contents.free(page)
            pages.flags[page] &= ~BYTES_KEPT
        pages.flags[slot] = pages.flags[page] & SECOND_CHANCE
        pages.page[slot].objcg = pages.page[page].objcg
        pages.page[slot].handle = pages.page[page].handle
        pages.page[slot].length = pages.page[page].length
        pages.page[slot].pool = pages.page[page].pool
        pages.page[slot].node = pages.page[page].node
        if pages.page[page].length:
            memcg: cython.int = self.memcgs.obj_cgroup_memcg(pages.page[page].objcg)
            pool.lru.list_lru_replace(page, slot, pages.page[page].node, memcg)
        pages.page[page].pool = 0

    def zswap_invalidate(self, entry: cython.int) -> None:
        """Its slot is given back: free the entry."""
        self.zswap_entry_free(entry)
