"""The compressed cache in front of swap. Models mm/zswap.c.

A function that has the name of one of the kernel's models it; where releases differ, a flag of releases.py is tested
here, in the function that differs. The sections of Zswap stand in the order of the kernel's file. Before it stand the
classes that it is put together from: the dynamic shrinker, the shrink worker, the pools with their limit. Shrinker and
worker are handed the Zswap that they work for: if they held it, each would keep the other alive.

What is held now is kept in a Stock, which Held sums up over time (held.py): it is told before a Stock changes, by
pass_time(), and afterwards, by note_peaks().

A page has one entry at most, so that struct zswap_entry is a part of its struct, and an entry is numbered as its page:
``pool`` is one more than the index of the pool that it is in (0: there is no entry), ``entry_lru`` its place on the
LRU, ``objcg`` whom it is charged to (-1: nobody), ``length`` its compressed length (0: same-filled), ``handle`` where
the allocator has it, and ``node`` the page's. The entries of slots that are about to be given back are those below
NR_RETURNED.
"""

import cython

from zswap_replay.lib.columns import LONGLONG, column, grown
from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.class_counts import ClassCounts
from zswap_replay.mm.compressor import Compressor
from zswap_replay.mm.contents import Contents
from zswap_replay.mm.held import Held, Stock
from zswap_replay.mm.list_lru import ListLru, LruWalk
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.page_writeback import Writeback
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap_device import SwapDevice
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.z3fold import Z3foldPool
from zswap_replay.mm.zbud import ZbudPool
from zswap_replay.mm.zsmalloc import ZsPool

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import NORMAL
    from zswap_replay.lib.page_table import BYTES_KEPT, DIRTY, NR_RETURNED, SECOND_CHANCE
    from zswap_replay.mm.class_counts import CLASS_REFUSED, CLASS_SAME_FILLED, CLASS_STORED
    from zswap_replay.mm.list_lru import LRU_REMOVED_RETRY, LRU_RETRY, LRU_ROTATE, LRU_STOP
    from zswap_replay.mm.memcontrol import (
        COMPRESS_REJECT,
        MEMCG_LIMIT_REJECT,
        POOL_LIMIT_REJECT,
        PSWPOUT,
        ROOT,
        WRITTEN_BACK,
        ZSWPIN,
        ZSWPOUT,
        ZSWPWB,
    )
    from zswap_replay.mm.page import PAGE_SHIFT, PAGE_SIZE
    from zswap_replay.mm.zpool import ENOSPC

    MAX_RECLAIM_RETRIES = 16
    NR_ZSWAP_WB_BATCH = 64
    """Entries that the worker of batch_writeback looks at a visit."""
    EAGAIN = 11
    EINVAL = 22
    ENOENT = 2
    EEXIST = 17
    ENOMEM = 12
    SHRINK_STOP = -2
    """A shrinker that has no more to give, where others return what they freed."""
    MAX_POOLS = 255
    """Pools at a time: an entry has the number of its own in a byte."""
    # how the worker picks
    WORKER_LRU = 0
    WORKER_ITER = 1
    WORKER_ONLINE = 2
    WORKER_CANDIDATES = 3
    # what the dynamic shrinker spares
    SHRINKER_NONE = 0
    SHRINKER_PROTECTS_SIZE = 1
    SHRINKER_PROTECTS_SWAPINS = 2

MAX_TIME = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)

ZPOOLS = {"zsmalloc": ZsPool, "zbud": ZbudPool, "z3fold": Z3foldPool}
WORKERS = {
    "lru": WORKER_LRU,
    "iter": WORKER_ITER,
    "online": WORKER_ONLINE,
    "candidates": WORKER_CANDIDATES,
}
SHRINKERS = {
    "none": SHRINKER_NONE,
    "protected size": SHRINKER_PROTECTS_SIZE,
    "disk swapins": SHRINKER_PROTECTS_SWAPINS,
}


# ---- data structures ----


class ShrinkWork:
    """A work item of the shrink worker with its cursor. Up to 6.8 each pool has one; later there is one in all."""

    def __init__(self) -> None:
        self.pending = False
        # the memcg that the worker visited last, to which it holds a reference; -1 before the first
        self.next_shrink = -1
        # of the run under way: failures so far, and memcgs of this round that had entries to look at
        self.failures = 0
        self.attempts = 0


class ZswapPool(Compressor):
    """A compressor with an allocator, and the LRU of what they hold. Models struct zswap_pool."""

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
        own_work: bool,
    ) -> None:
        super().__init__(contents, lengths, learned)
        self.index = index
        self.zpool_type = zpool_type
        self.compressor = compressor
        self.is_842 = compressor == "842"
        self.zpool = ZPOOLS[zpool_type]()
        self.lru = lru
        self.work = work
        # whether LRU and work item are this pool's alone
        self.own_work = own_work
        # entries with memory in the pool
        self.entries = 0
        # pages of the allocator, as zswap_update_total_size() found them last
        self.pages = 0


# ---- the dynamic shrinker ----


class ZswapShrinker:
    """How many entries memory reclaim may write back, by memcg and node: the others are spared.

    6.8 spares a number that grows with stores and swap-ins and decays (struct zswap_lruvec_state.nr_zswap_protected);
    6.12 as many as pages were read from the device since reclaim looked last (nr_disk_swapins). Releases before have no
    such shrinker, and count nothing.
    """

    def __init__(self, release: Release, pages: PageTable, memcgs: MemCgroups, nr_nodes: int) -> None:
        self.page_table = pages
        self.memcgs = memcgs
        self.nr_nodes = nr_nodes
        self.rule_shrinker = SHRINKERS[release.shrinker]
        # [memcg * nr_nodes + nid]: entries that are spared
        self.protected = column(8 * nr_nodes, LONGLONG)
        # whether the walk under way is the shrinker's, and whether it met a page that is in memory
        self.in_shrinker = False
        self.encountered_page_in_swapcache = False

    def exists(self) -> cython.bint:
        """Tell whether the release has the parameter shrinker_enabled."""
        return self.rule_shrinker != SHRINKER_NONE

    def protection_slot(self, nid: cython.int, memcg: cython.int) -> cython.int:
        """Return where ``protected`` has the number of a memcg and node, which it has room for from here on.

        It may replace the column, so that it must be called before the column is taken hold of.
        """
        slot: cython.int = memcg * self.nr_nodes + nid
        if slot >= len(self.protected):
            self.grow(slot)
        return slot

    def grow(self, slot: cython.int) -> None:
        """Make room for the number of a memcg and node, and for as many more."""
        self.protected = grown(self.protected, 2 * (slot + 1))

    def protect(self, nid: cython.int, memcg: cython.int) -> None:
        """Count one entry more of a memcg and node that is spared."""
        slot: cython.int = self.protection_slot(nid, memcg)
        self.protected[slot] += 1

    def entry_added(self, lru: ListLru, nid: cython.int, memcg: cython.int) -> None:
        """Count an entry that came onto an LRU as spared; where more than a quarter of the list is, halve that number.

        Models the end of zswap_lru_add() of 6.8.
        """
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            slot: cython.int = self.protection_slot(nid, memcg)
            self.protected[slot] += 1
            if self.protected[slot] > lru.list_lru_count_one(nid, memcg) // 4:
                self.protected[slot] //= 2

    def zswap_folio_swapin(self, page: cython.int, from_disk: cython.bint) -> None:
        """Count one entry more as spared for a page that was swapped in; from 6.9 on only where the device was read.

        Models zswap_folio_swapin().
        """
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE or (
            from_disk and self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS
        ):
            self.protect(self.page_table.page[page].node, self.page_table.page[page].memcg)

    def writeback_failed(self, entry: cython.int, error: cython.int) -> cython.int:
        """Take note of an entry that could not be written back; return how the walk goes on, an LRU_ value.

        Models the end of shrink_memcg_cb(): a page that is in memory says that the shrinker has come to warm pages. It
        stops then, from 6.9 on in the middle of its walk.
        """
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            self.protect(
                self.page_table.page[entry].node,
                self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg),
            )
        if error == -EEXIST and self.in_shrinker:
            self.encountered_page_in_swapcache = True
            if self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS:
                return LRU_STOP
        return LRU_RETRY

    def zswap_shrinker_count(self, zswap: "Zswap", nid: cython.int, memcg: cython.int) -> cython.Py_ssize_t:
        """Return how many entries of a memcg and node may be written back: fewer the better they compress.

        Models zswap_shrinker_count().
        """
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg) or not self.memcgs.memcg[memcg].zswapped:
            return 0
        freeable: cython.longlong = zswap.pools.current.lru.list_lru_count_one(nid, memcg)
        slot: cython.int = self.protection_slot(nid, memcg)
        spared: cython.longlong = min(freeable, self.protected[slot])
        freeable -= spared
        if self.rule_shrinker == SHRINKER_PROTECTS_SWAPINS:
            self.protected[slot] -= spared
        backing: cython.longlong = self.memcgs.memcg[memcg].zswap_bytes >> PAGE_SHIFT
        entries: cython.longlong = self.memcgs.memcg[memcg].zswapped
        return freeable * backing // entries

    def zswap_shrinker_scan(
        self, zswap: "Zswap", nid: cython.int, memcg: cython.int, nr_to_scan: cython.longlong
    ) -> cython.Py_ssize_t:
        """Look at ``nr_to_scan`` entries from the head of an LRU; return how many were written back.

        SHRINK_STOP: there is no more to get. Models zswap_shrinker_scan().
        """
        if self.rule_shrinker == SHRINKER_PROTECTS_SIZE:
            size: cython.longlong = zswap.pools.current.lru.list_lru_count_one(nid, memcg)
            slot: cython.int = self.protection_slot(nid, memcg)
            # unsigned in the kernel: a scan of more than the list holds passes
            if size >= nr_to_scan and self.protected[slot] >= size - nr_to_scan:
                return SHRINK_STOP
        self.in_shrinker = True
        self.encountered_page_in_swapcache = False
        shrunk: cython.int = zswap.pools.current.lru.list_lru_walk_one(nid, memcg, zswap, nr_to_scan)
        self.in_shrinker = False
        if self.encountered_page_in_swapcache or shrunk == 0:
            return SHRINK_STOP
        return shrunk


# ---- the shrink worker ----


class ShrinkWorker:
    """The asynchronous shrinker of a full pool, on the virtual clock: what is queued, and what runs.

    A page that it writes back takes ``writeback_ns``. Models shrink_worker() and its work queue.
    """

    def __init__(self, release: Release, memcgs: MemCgroups, writeback_ns: int) -> None:
        self.memcgs = memcgs
        self.rule_worker = WORKERS[release.worker]
        self.rule_cursor_released_offline = release.cursor_released_offline
        self.rule_batch_writeback = release.batch_writeback
        # the time of the event under way, and of a turn of the worker between events
        self.now = 0
        self.writeback_ns = writeback_ns
        # work that is queued, and whose run is under way
        self.queue: list[ShrinkWork] = []
        self.running: ShrinkWork | None = None
        # whether the trace says what the worker did, and the clock has no part in it
        self.observed = False
        # whether a run was seen to begin before the store that queued it was seen to end, and its turns until then
        self.awaited = False
        self.owed = 0
        # whether there is any that the clock lets run, and when its next turn is done
        self.active = False
        self.work_ns = 0
        # refusals since the worker was queued; reclaim, during which the clock stands, lets it run after some
        self.refusals_waiting = 0
        # the threshold when the run under way began, in pages
        self.thr_pages = 0
        # runs: times that a queued work item began
        self.shrink_worker_runs = 0
        # steps: turns of the loop of all runs, each a memcg that was visited
        self.shrink_worker_steps = 0

    # the cursor

    def release_cursor(self, work: ShrinkWork, memcg: cython.int, only_online: cython.bint) -> None:
        """Move a cursor on from a memcg that goes offline, in releases that do.

        With ``only_online``, where the cursor is the only one (6.9 on), it goes to the next online memcg.
        """
        if self.rule_cursor_released_offline and work.next_shrink == memcg:
            behind: cython.int = self.memcgs.mem_cgroup_iter(ROOT, memcg)
            while only_online and behind >= 0 and not self.memcgs.memcg[behind].online:
                behind = self.memcgs.mem_cgroup_iter(ROOT, behind)
            self.set_next_shrink(work, behind)

    def set_next_shrink(self, work: ShrinkWork, memcg: cython.int) -> None:
        """Set the cursor, which holds a reference to its memcg; -1 for none."""
        old: cython.int = work.next_shrink
        if memcg >= 0:
            self.memcgs.mem_cgroup_get(memcg)
        work.next_shrink = memcg
        if old >= 0:
            self.memcgs.mem_cgroup_put(old)

    # the queue and the clock

    def queue_work(self, work: ShrinkWork) -> None:
        """Queue work for a store that was refused, unless it is queued already. Work that is running runs again."""
        self.refusals_waiting += 1
        if not work.pending:
            self.enqueue(work)
            if not self.active and not self.observed:
                self.active = True
                self.work_ns = max(self.work_ns, self.time_written(self.now, 1))

    def enqueue(self, work: ShrinkWork) -> None:
        """Put work at the end of the queue."""
        work.pending = True
        self.queue.append(work)

    def time_written(self, time: cython.ulonglong, pages: cython.ulonglong) -> cython.ulonglong:
        """Return the time when ``pages`` are written that are begun at ``time``; the end of time if it comes first."""
        if self.writeback_ns > 0 and pages > (MAX_TIME - time) // self.writeback_ns:
            return MAX_TIME
        return time + pages * self.writeback_ns

    def next_work(self) -> cython.ulonglong:
        """Return when the worker has something to do next, in ns; the end of time where it has nothing."""
        return self.work_ns if self.active else MAX_TIME

    def finish(self, zswap: "Zswap") -> None:
        """Let the worker finish, however long it takes."""
        self.run_worker(zswap, MAX_TIME)

    def run_worker(self, zswap: "Zswap", until: cython.ulonglong) -> None:
        """Let the worker do what it gets done up to a time, in ns."""
        now: cython.ulonglong = self.now
        while self.active and self.work_ns <= until:
            if self.running is None:
                self.begin_run(zswap)
            # what changes, changes then: not when somebody looks, nor later than now where the worker is to finish
            self.now = min(self.work_ns, now)
            written: cython.longlong = zswap.written_back_pages
            self.take_turn(zswap)
            self.active = self.running is not None or self.is_queued()
            self.work_ns = self.time_written(self.work_ns, zswap.written_back_pages - written)
        self.now = now

    def is_queued(self) -> cython.bint:
        """Tell whether any work is queued."""
        return len(self.queue) > 0

    def begin_run(self, zswap: "Zswap") -> None:
        """Take the oldest work from the queue, which may be queued again from here on."""
        self.running = self.queue.pop(0)
        self.running.pending = False
        self.refusals_waiting = 0
        self.running.failures = 0
        self.running.attempts = 0
        self.thr_pages = zswap.pools.thr_pages
        self.shrink_worker_runs += 1

    def take_turn(self, zswap: "Zswap") -> None:
        """Take one turn of the loop of the run that is under way, which may be its last."""
        assert self.running is not None
        self.shrink_worker_steps += 1
        if not self.shrink_worker(zswap, self.running) or self.is_down(zswap.pools):
            self.end_run(zswap)

    def end_run(self, zswap: "Zswap") -> None:
        """End the run that is under way, and let go of what it holds."""
        assert self.running is not None
        work: ShrinkWork = self.running
        self.running = None
        zswap.pools.work_done(work)

    def is_down(self, pools: "ZswapPools") -> cython.bint:
        """Tell whether the pool is down to the threshold; from 6.9 on, to that which held when the run began.

        Models the condition of the loop of shrink_worker().
        """
        if self.rule_worker == WORKER_CANDIDATES:
            return pools.stock.pool_pages <= self.thr_pages
        return pools.zswap_can_accept()

    # what was observed

    def observe(self) -> None:
        """Leave the worker to what the trace says of it, from here on: the clock does not let it run any more."""
        self.observed = True
        self.active = False

    def observed_begin(self, zswap: "Zswap") -> None:
        """Take the run that is queued; where none is yet, the one that will be.

        A store is told of when it ends, and on another processor the worker may be at work by then.
        """
        if self.running is not None:
            self.end_run(zswap)
        self.owed = 0
        self.awaited = not self.queue
        if self.queue:
            self.begin_run(zswap)

    def observed_turns(self, zswap: "Zswap", turns: cython.longlong) -> None:
        """Take so many turns that call shrink_memcg(), and those between them that do not, as long as the run lasts."""
        if self.awaited and self.queue:
            self.awaited = False
            self.begin_run(zswap)
        self.owed += turns
        while self.owed > 0 and self.running is not None:
            if self.next_turn_calls(self.running):
                self.owed -= 1
            self.take_turn(zswap)
        if not self.awaited:
            self.owed = 0

    def observed_end(self, zswap: "Zswap") -> None:
        """End the run, after the turns that call no shrink_memcg() and so were not seen."""
        self.observed_turns(zswap, 0)
        self.awaited = False
        while self.running is not None and not self.next_turn_calls(self.running):
            self.take_turn(zswap)
        if self.running is not None:
            self.end_run(zswap)

    def next_turn_calls(self, work: ShrinkWork) -> cython.bint:
        """Tell whether the next turn of a run comes to a memcg, and so calls shrink_memcg()."""
        memcg: cython.int
        if self.rule_worker == WORKER_LRU or self.rule_worker == WORKER_ITER:
            return True
        memcg = self.memcgs.mem_cgroup_iter(ROOT, work.next_shrink)
        if self.rule_worker == WORKER_ONLINE:
            return memcg >= 0 and self.memcgs.memcg[memcg].online != 0
        while memcg >= 0 and not self.memcgs.memcg[memcg].online:
            memcg = self.memcgs.mem_cgroup_iter(ROOT, memcg)
        return memcg >= 0

    # a turn

    def shrink_worker(self, zswap: "Zswap", work: ShrinkWork) -> cython.int:
        """Take one turn of the worker's loop; return False where it gives up.

        Models the loop of shrink_worker().
        """
        memcg: cython.int
        error: cython.int
        if self.rule_worker == WORKER_LRU:
            return self.zswap_reclaim_entry(zswap, work)

        memcg = self.memcgs.mem_cgroup_iter(ROOT, work.next_shrink)
        if self.rule_worker == WORKER_CANDIDATES:
            while memcg >= 0 and not self.memcgs.memcg[memcg].online:
                memcg = self.memcgs.mem_cgroup_iter(ROOT, memcg)
        self.set_next_shrink(work, memcg)

        if self.rule_worker == WORKER_ITER:
            # the end of a round is the NULL memcg, and its list is the root's
            return self.goes_on(work, zswap.shrink_memcg(memcg if memcg >= 0 else ROOT))

        if self.rule_worker == WORKER_ONLINE:
            if memcg < 0:
                return self.goes_on(work, -EAGAIN)
            if not self.memcgs.memcg[memcg].online:
                self.set_next_shrink(work, -1)
                return self.goes_on(work, -EAGAIN)
            return self.goes_on(work, zswap.shrink_memcg(memcg))

        if memcg < 0:
            # a round without a candidate is a failure, and only that
            error = 0 if work.attempts else -EAGAIN
            work.attempts = 0
            return self.goes_on(work, error)
        if self.rule_batch_writeback:
            error = self.shrink_memcg_batch(zswap, memcg, NR_ZSWAP_WB_BATCH)
        else:
            error = zswap.shrink_memcg(memcg)
        if error == -ENOENT:
            return True
        work.attempts += 1
        return self.goes_on(work, error)

    def shrink_for_store(self, zswap: "Zswap", memcg: cython.int) -> cython.int:
        """Shrink a memcg for a store at its limit; return as shrink_memcg() does."""
        if self.rule_batch_writeback:
            return self.shrink_memcg_batch(zswap, memcg, zswap.nr_nodes)
        return zswap.shrink_memcg(memcg)

    def shrink_memcg_batch(self, zswap: "Zswap", memcg: cython.int, nr_to_scan: cython.int) -> cython.int:
        """Look at up to so many entries of a memcg, each at most once; return as shrink_memcg() does.

        Models shrink_memcg() of "mm/zswap: Support batch writeback in shrink_memcg()", version 5, a proposal.
        """
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg) or not self.memcgs.memcg[memcg].online:
            return -ENOENT
        shrunk: cython.int = 0
        left: cython.int = nr_to_scan
        nr_to_walk: cython.int
        nid: cython.int
        for nid in range(zswap.nr_nodes):
            nr_to_walk = min(left, zswap.pools.current.lru.list_lru_count_one(nid, memcg))
            if nr_to_walk:
                shrunk += zswap.pools.current.lru.list_lru_walk_one(nid, memcg, zswap, nr_to_walk)
                left -= nr_to_walk - zswap.nr_to_walk
        if left == nr_to_scan:
            return -ENOENT
        return 0 if shrunk else -EAGAIN

    def error_of_disabled(self) -> cython.int:
        """Return the error of a memcg that may not write back: 6.8's worker ends on it, later ones pass over it."""
        return -ENOENT if self.rule_worker == WORKER_CANDIDATES else -EINVAL

    def error_of_empty(self) -> cython.int:
        """Return the error of a memcg without entries: a failure up to 6.8, later workers pass over it."""
        return -ENOENT if self.rule_worker == WORKER_CANDIDATES else -EAGAIN

    def goes_on(self, work: ShrinkWork, error: cython.int) -> cython.bint:
        """Tell whether a run goes on after a turn: a memcg that may not write back ends it, and so do 16 failures."""
        if error == -EINVAL:
            return False
        if error:
            work.failures += 1
        return work.failures < MAX_RECLAIM_RETRIES

    def zswap_reclaim_entry(self, zswap: "Zswap", work: ShrinkWork) -> cython.int:
        """Write back the oldest entry of the oldest pool; return False where the run ends.

        Models zswap_reclaim_entry() and the loop around it, v6.6.
        """
        pool: ZswapPool = zswap.pools.pool_of_work(work)
        failed: cython.longlong = zswap.reject_reclaim_fail
        pool.lru.list_lru_walk_one(0, ROOT, zswap, 1)
        if zswap.nr_to_walk:  # there was none
            zswap.reject_reclaim_fail += 1
            return False
        return self.goes_on(work, -EAGAIN if zswap.reject_reclaim_fail > failed else 0)


# ---- pools ----


class ZswapPools:
    """The pools, and the limit of them all."""

    def __init__(
        self,
        release: Release,
        pages: PageTable,
        worker: ShrinkWorker,
        stock: Stock,
        totalram_pages: int,
        nr_nodes: int,
    ) -> None:
        self.page_table = pages
        self.worker = worker
        # what is held now; zswap_total_pages() is its ``pool_pages``
        self.stock = stock
        self.totalram_pages = totalram_pages
        self.nr_nodes = nr_nodes
        self.rule_lru_per_memcg = release.lru_per_memcg
        self.rule_lru_per_pool = release.lru_per_pool
        self.rule_pool_full_at_limit = release.pool_full_at_limit
        self.rule_threshold_of_limit = release.threshold_of_limit
        self.rule_memcg_refusal_queues = release.memcg_refusal_queues_worker
        # the current pool first, and by index, where one that is gone stays until another takes its place
        self.zswap_pools: list[ZswapPool] = []
        self.by_index: list[ZswapPool] = []
        # the LRU and the work item that pools share, where they do not have their own
        self.list_lru = ListLru(pages.entry_lru, nr_nodes, self.rule_lru_per_memcg)
        self.shrink_work = ShrinkWork()
        # whether the pools reached the limit, and have not come down to the threshold since
        self.reached_full = False
        # stores that found the pool at its limit, not those refused while it is above the threshold only
        self.pool_limit_hit = 0
        # the most pages that a store found the pools to have
        self.most_pages = 0
        self.class_counts = ClassCounts()

    def set_limits(self, max_pool_percent: int, accept_threshold_percent: int) -> None:
        """Set the limit of all pools and its threshold, in pages, in the release's own rounding.

        Models zswap_max_pages() and zswap_accept_thr_pages(), and zswap_is_full() and zswap_can_accept() before.
        """
        total: cython.longlong = self.totalram_pages
        self.max_pages = total * max_pool_percent // 100
        if self.rule_threshold_of_limit:
            self.thr_pages = self.max_pages * accept_threshold_percent // 100
        else:
            self.thr_pages = total * accept_threshold_percent // 100 * max_pool_percent // 100

    def zswap_param_set(
        self,
        zpool_type: str,
        compressor: str,
        contents: Contents,
        lengths: Lengths,
        learned: Lengths | None,
    ) -> None:
        """Make the pool of this allocator and compressor the current one, a new one where there is none yet.

        The pool that was current stays until its last entry is freed. Raises OverflowError: there are MAX_POOLS.
        Models __zswap_param_set().
        """
        for pool in self.zswap_pools:
            if pool.zpool_type == zpool_type and pool.compressor == compressor:
                self.zswap_pools.remove(pool)
                self.zswap_pools.insert(0, pool)
                break
        else:
            own_work = self.rule_lru_per_pool
            lru = self.list_lru
            work = self.shrink_work
            if own_work:
                lru = ListLru(self.page_table.entry_lru, self.nr_nodes, self.rule_lru_per_memcg)
                work = ShrinkWork()
            index = self.free_index()
            pool = ZswapPool(index, zpool_type, compressor, contents, lengths, learned, lru, work, own_work)
            self.zswap_pools.insert(0, pool)
            self.by_index[index : index + 1] = [pool]
        self.current, self.last = self.zswap_pools[0], self.zswap_pools[len(self.zswap_pools) - 1]
        for old in self.zswap_pools[1:]:
            self.zswap_pool_put(old)

    def free_index(self) -> int:
        """Return the index of a pool that is gone, or the next one. Raises OverflowError: there are MAX_POOLS."""
        for index, pool in enumerate(self.by_index):
            if pool not in self.zswap_pools:
                return index
        if len(self.by_index) == MAX_POOLS:
            raise OverflowError(f"{MAX_POOLS} pools are in use still; expected no other compressor or zpool")
        return len(self.by_index)

    def zswap_pool_put(self, pool: ZswapPool) -> None:
        """Drop a pool that is not the current one and that holds nothing.

        Models zswap_pool_put().
        """
        # until its run is over, work has a reference to its pool
        busy: cython.bint = pool.own_work and (pool.work.pending or pool.work is self.worker.running)
        if not (pool.entries or pool is self.current or busy):
            if pool.own_work:
                self.worker.set_next_shrink(pool.work, -1)
            self.zswap_pools.remove(pool)
            self.last = self.zswap_pools[len(self.zswap_pools) - 1]

    def queue_last(self) -> None:
        """Queue the work of the oldest pool, which the worker of a full pool shrinks. Models zswap_pool_last_get()."""
        self.worker.queue_work(self.last.work)

    def queue_if_full(self) -> None:
        """Queue the worker for a store that was refused for another reason, while the pool is full, from 6.9 on.

        Models the labels check_old and reject of zswap_store().
        """
        if self.rule_memcg_refusal_queues and self.reached_full:
            self.worker.queue_work(self.shrink_work)

    def is_in_current(self, entry: cython.int) -> cython.bint:
        """Tell whether an entry is in the current pool, as most are."""
        index: cython.int = self.page_table.page[entry].pool - 1
        return index == self.current.index

    def pool_of_entry(self, entry: cython.int) -> ZswapPool:
        """Return the pool that an entry is in."""
        index: cython.int = self.page_table.page[entry].pool - 1
        return self.by_index[index]

    def drop_bytes(self, entry: cython.int) -> None:
        """Drop the bytes that are kept of an entry."""
        self.pool_of_entry(entry).free(entry)
        self.page_table.flags[entry] &= ~BYTES_KEPT

    def work_done(self, work: ShrinkWork) -> None:
        """Drop the pool of work whose run is over, if it is time. Models the end of shrink_worker() up to 6.8."""
        pool: ZswapPool = self.pool_of_work(work)
        if pool.own_work:
            self.zswap_pool_put(pool)

    def pool_of_work(self, work: ShrinkWork) -> ZswapPool:
        """Return the pool that a work item belongs to, the current one where it is shared."""
        for pool in self.by_index:
            if pool.work is work:
                return pool
        return self.current

    def zswap_memcg_offline_cleanup(self, memcg: cython.int) -> None:
        """Give the entries of a memcg that dies to its parent, at the head of its LRUs, and move cursors on from it.

        Models zswap_memcg_offline_cleanup() and memcg_offline_kmem().
        """
        parent: cython.int = self.worker.memcgs.memcg[memcg].parent
        self.list_lru.memcg_reparent_list_lrus(memcg, parent)
        for pool in self.zswap_pools:
            if pool.own_work:
                pool.lru.memcg_reparent_list_lrus(memcg, parent)
            self.worker.release_cursor(pool.work, memcg, not pool.own_work)

    def zswap_update_total_size(self, pool: ZswapPool) -> None:
        """Bring the pool's share of the pages of all pools up to date.

        Models zswap_update_total_size().
        """
        pages: cython.longlong = pool.zpool.zpool_get_total_pages()
        self.stock.pool_pages += pages - pool.pages
        pool.pages = pages

    def zswap_can_accept(self) -> cython.bint:
        """Tell whether a pool that was full has come down to its threshold.

        Models zswap_can_accept().
        """
        if self.rule_pool_full_at_limit:
            return self.stock.pool_pages <= self.thr_pages
        return self.thr_pages > self.stock.pool_pages

    def zswap_check_limits(self) -> cython.bint:
        """Tell whether the pool is full: from where it reaches its limit until it is down to the threshold.

        Models zswap_check_limits().
        """
        total: cython.longlong = self.stock.pool_pages
        if total > self.most_pages:
            self.most_pages = total
        if total > self.max_pages or (self.rule_pool_full_at_limit and total == self.max_pages):
            self.pool_limit_hit += 1
            self.reached_full = True
        elif self.reached_full and self.zswap_can_accept():
            self.reached_full = False
        return self.reached_full


# ---- zswap ----


class Zswap(LruWalk):
    """zswap of one machine: pools, entries, limits."""

    def __init__(
        self,
        release: Release,
        pages: PageTable,
        memcgs: MemCgroups,
        swap_cache: SwapCache,
        writeback: Writeback,
        totalram_pages: int,
        nr_nodes: int,
        writeback_ns: int,
    ) -> None:
        super().__init__()
        self.page_table = pages
        self.memcgs = memcgs
        self.swap_cache = swap_cache
        self.writeback = writeback
        self.nr_nodes = nr_nodes
        self.worker = ShrinkWorker(release, memcgs, writeback_ns)
        self.shrinker = ZswapShrinker(release, pages, memcgs, nr_nodes)
        # what zswap and the swap device hold over time, and zswap's part of it now
        self.held = Held(memcgs.savings)
        self.stock = self.held.zswap
        self.pools = ZswapPools(release, pages, self.worker, self.stock, totalram_pages, nr_nodes)
        self.device: SwapDevice | None = None  # the swap device, where that keeps what is written to it
        # the release's rules
        self.rule_memcg_limit_shrinks = release.memcg_limit_shrinks
        self.rule_second_chance = release.second_chance
        self.rule_always_exclusive = release.exclusive_loads == "always"
        self.rule_zeromap = release.zeromap
        self.rule_stores_incompressible = release.stores_incompressible
        self.rule_enospc_is_poor = release.enospc_is_poor
        self.rule_root_has_objcg = release.root_has_objcg

        # statistics of debugfs; ZswapPools has pool_limit_hit, Stock stored_pages and same_filled_pages
        self.reject_reclaim_fail = 0  # writebacks that failed: page in memory, or slot given up
        self.reject_compress_fail = 0  # pages that the compressor refused
        self.reject_compress_poor = 0  # pages too long for the allocator, or that 842 refused
        self.written_back_pages = 0  # entries written to the device, whoever shrank: worker, shrinker, store
        self.duplicate_entry = 0  # stores that found an older copy of the page, which they dropped
        self.stored_incompressible_pages = 0  # entries of PAGE_SIZE bytes that there are now
        # statistics of vmstat
        self.zswpin = 0  # loads that found their page here
        self.zswpout = 0  # stores that succeeded
        self.pswpout_writeback = 0  # zswap's part of pswpout: entries written back
        # statistics of ours; Stock has compressed_bytes
        self.memcg_limit_reject = 0  # stores refused at a memory.zswap.max
        self.pool_limit_reject = 0  # stores refused while the pool is full, or not down to its threshold yet
        self.compress_reject = 0  # stores refused by compressor or allocator
        self.disabled_reject = 0  # stores refused as zswap is disabled
        self.memcg_shrinks = 0  # stores at a memory.zswap.max that shrank their memcg, or tried to
        self.stored_at_length = column(PAGE_SIZE + 1, LONGLONG)  # stores by length; same-filled at 0
        # tunables
        self.enabled = True
        self.shrinker_enabled = False
        self.exclusive_loads = False
        self.same_filled_pages_enabled = True
        self.non_same_filled_pages_enabled = True
        self.max_pool_percent = 20
        self.accept_threshold_percent = 90
        self.pools.set_limits(self.max_pool_percent, self.accept_threshold_percent)

    # ---- tunables ----

    def set_param(self, key: str, value: int) -> None:
        """Write a module parameter other than ``compressor`` and ``zpool``. Raises KeyError: there is no such one."""
        if key == "enabled":
            self.enabled = bool(value)
        elif key == "shrinker_enabled":
            self.shrinker_enabled = bool(value) and self.shrinker.exists()
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
        self.pools.set_limits(self.max_pool_percent, self.accept_threshold_percent)

    # ---- LRU ----

    def zswap_lru_add(self, pool: ZswapPool, entry: cython.int) -> None:
        """Put an entry at the tail of the LRU of its memcg and node."""
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg)
        nid: cython.int = self.page_table.page[entry].node
        pool.lru.list_lru_add(entry, nid, memcg)
        self.shrinker.entry_added(pool.lru, nid, memcg)

    def zswap_lru_del(self, pool: ZswapPool, entry: cython.int) -> None:
        """Take an entry off its LRU."""
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg)
        pool.lru.list_lru_del(entry, self.page_table.page[entry].node, memcg)

    def zswap_lru_rotate(self, pool: ZswapPool, entry: cython.int) -> None:
        """Take an entry off its LRU and put it at the tail again."""
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(self.page_table.page[entry].objcg)
        nid: cython.int = self.page_table.page[entry].node
        pool.lru.list_lru_move_tail(entry, nid, memcg)
        self.shrinker.entry_added(pool.lru, nid, memcg)

    # ---- entries ----

    def zswap_entry_free(self, entry: cython.int) -> None:
        """Free an entry with all that it holds: its place on the LRU, its memory, its charge."""
        length: cython.int = self.page_table.page[entry].length
        pool_pages: cython.longlong = self.stock.pool_pages
        self.held.pass_time(self.worker.now)
        if length == 0:
            self.stock.same_filled_pages -= 1
        else:
            if self.pools.is_in_current(entry):
                self.free_memory(self.pools.current, entry)
            else:
                self.free_old_memory(entry)
            self.stock.compressed_bytes -= length
            self.stored_incompressible_pages -= length == PAGE_SIZE
        self.memcgs.obj_cgroup_uncharge_zswap(
            self.page_table.page[entry].objcg, self.page_table.page[entry].node, length
        )
        self.stock.stored_pages -= 1
        self.page_table.page[entry].pool = 0
        if self.stock.pool_pages != pool_pages:  # no peak rises where one entry less is all that changed
            self.held.note_peaks()

    def free_memory(self, pool: ZswapPool, entry: cython.int) -> None:
        """Take an entry off the LRU of its pool, and free its memory there."""
        self.zswap_lru_del(pool, entry)
        pool.zpool.zpool_free(self.page_table.page[entry].handle)
        self.pools.zswap_update_total_size(pool)
        if self.page_table.flags[entry] & BYTES_KEPT:
            self.pools.drop_bytes(entry)
        pool.entries -= 1

    def free_old_memory(self, entry: cython.int) -> None:
        """Do as free_memory() does for an entry of a pool that is not the current one, and drop that with its last."""
        pool: ZswapPool = self.pools.pool_of_entry(entry)
        self.free_memory(pool, entry)
        self.pools.zswap_pool_put(pool)

    # ---- compression ----

    def zswap_compress(self, pool: ZswapPool, page: cython.int, content: cython.ulonglong) -> cython.int:
        """Compress a page and allocate for it; return False where compressor or allocator refused it."""
        length: cython.int
        known: cython.longlong = pool.lengths.find(content)
        if known < 0 and pool.was_found(content):
            known = pool.lengths.find(content)
        kept: cython.bint = known < 0 or pool.lengths.length_at(known) < 0
        raw: cython.bint = False
        if kept:
            length = pool.compress(page, content)
        else:
            length = pool.lengths.length_at(known)
            self.pools.class_counts.count(
                pool.lengths.kind_at(known), CLASS_STORED if length else CLASS_REFUSED, length
            )
        if self.rule_stores_incompressible and (length == 0 or length == PAGE_SIZE):
            if kept and length:
                pool.free(page)
            raw = self.memcgs.mem_cgroup_zswap_writeback_enabled(self.page_table.page[page].memcg)
            length = PAGE_SIZE if raw else 0
            if kept and raw:
                pool.keep_raw(page, content)
            elif raw:
                self.pools.class_counts.count(pool.lengths.kind_at(known), CLASS_STORED, length)
        if length == 0:
            if self.rule_enospc_is_poor and pool.is_842:
                self.reject_compress_poor += 1
            else:
                self.reject_compress_fail += 1
            return False
        handle: cython.int = pool.zpool.zpool_malloc(length)
        if handle == -ENOSPC:
            self.reject_compress_poor += 1
            if kept:
                pool.free(page)
            return False
        self.pools.zswap_update_total_size(pool)
        self.page_table.page[page].handle = handle
        self.page_table.page[page].length = length
        if kept:
            self.page_table.flags[page] |= BYTES_KEPT
        self.stock.compressed_bytes += length
        self.stored_incompressible_pages += length == PAGE_SIZE
        pool.entries += 1
        return True

    def zswap_decompress(self, entry: cython.int) -> None:
        """Bring a page back from the bytes that are kept of it."""
        self.pools.pool_of_entry(entry).decompress(entry, self.page_table.content_of(entry))

    # ---- writeback ----

    def zswap_writeback_entry(self, entry: cython.int) -> cython.int:
        """Write an entry to the swap device and free it; return 0 or a negative error.

        -EEXIST: its page is in memory. -ENOMEM: its slot was given up. Models zswap_writeback_entry().
        """
        if entry < NR_RETURNED:
            return -ENOMEM
        if not self.swap_cache.read_swap_cache_async(entry):
            return -EEXIST
        if self.page_table.flags[entry] & BYTES_KEPT:
            self.zswap_decompress(entry)
        objcg: cython.int = self.page_table.page[entry].objcg
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(objcg)
        nid: cython.int = self.page_table.page[entry].node
        if objcg >= 0 or self.rule_root_has_objcg:
            self.memcgs.count_memcg_event(memcg, nid, ZSWPWB)
        self.memcgs.count_memcg_event(memcg, nid, WRITTEN_BACK)
        self.memcgs.count_memcg_event(self.page_table.page[entry].memcg, nid, PSWPOUT)
        self.pswpout_writeback += 1
        self.written_back_pages += 1
        self.zswap_entry_free(entry)
        taken: cython.bint = self.device is None or self.device.swap_writepage_bdev_sync(
            entry, self.worker.now
        )
        self.writeback.write_entry(entry, taken)
        return 0

    # ---- shrinking ----

    def list_lru_walk_cb(self, lru: ListLru, head: cython.int, item: cython.int) -> cython.int:
        """Call shrink_memcg_cb(), the one callback of walks over these LRUs."""
        return self.shrink_memcg_cb(lru, head, item)

    def shrink_memcg_cb(self, lru: ListLru, head: cython.int, item: cython.int) -> cython.int:
        """Write an entry back, unless it has its second chance still; return an LRU_ value.

        Models shrink_memcg_cb().
        """
        if self.rule_second_chance and self.page_table.flags[item] & SECOND_CHANCE:
            self.page_table.flags[item] &= ~SECOND_CHANCE
            return LRU_ROTATE
        # at the tail from here on, if it stays: put back on failure, or rotated before the write begins
        lru.heads.list_move_tail(head, item)
        error: cython.int = self.zswap_writeback_entry(item)
        if error == 0:
            return LRU_REMOVED_RETRY
        self.reject_reclaim_fail += 1
        return self.shrinker.writeback_failed(item, error)

    def shrink_memcg(self, memcg: cython.int) -> cython.int:
        """Look at one entry a node of a memcg's LRUs; return 0 where any was written back, else a negative error.

        A memcg that is dead or may not write back has none to give; which error says so differs, and with it what
        the worker makes of it. Models shrink_memcg().
        """
        if not self.memcgs.mem_cgroup_zswap_writeback_enabled(memcg):
            return self.worker.error_of_disabled()
        if not self.memcgs.memcg[memcg].online:
            return -ENOENT
        shrunk: cython.int = 0
        scanned: cython.int = 0
        nid: cython.int
        for nid in range(self.nr_nodes):
            shrunk += self.pools.current.lru.list_lru_walk_one(nid, memcg, self, 1)
            scanned += 1 - self.nr_to_walk
        if scanned == 0:
            return self.worker.error_of_empty()
        return 0 if shrunk else -EAGAIN

    # ---- main API ----

    def zswap_store(self, page: cython.int, content: cython.ulonglong) -> cython.int:
        """Take a page, which holds ``content``, on its way to the swap device; return False where that has to take it.

        Older copy, memcg limit, pool limit, same-filled page, compression, insertion. Models zswap_store().

        Up to 6.8 the kernel drops an older copy of the slot first, whatever comes of the store, and counts it
        (duplicate_entry): a page that was loaded keeps its entry, and is written to with that entry behind it. From 6.9
        on it drops it last, by xa_store() or at check_old, so it still counts at both limits. It is the same there:
        a load frees the entry, and a page that is not loaded is out of memory, or in the swap cache without an entry.
        """
        if self.page_table.page[page].pool:
            self.duplicate_entry += 1
            self.zswap_entry_free(page)
        if not self.enabled:
            self.disabled_reject += 1
            return False

        objcg: cython.int = self.swap_cache.get_obj_cgroup_from_folio(page)
        memcg: cython.int = self.memcgs.obj_cgroup_memcg(objcg)
        if objcg >= 0 and not self.memcgs.obj_cgroup_may_zswap(objcg):
            refused: cython.bint = True
            if self.rule_memcg_limit_shrinks:
                self.memcg_shrinks += 1
                refused = self.worker.shrink_for_store(self, memcg) != 0
            if refused:
                # no counter of the kernel moves
                self.memcg_limit_reject += 1
                self.memcgs.count_memcg_event(memcg, self.page_table.page[page].node, MEMCG_LIMIT_REJECT)
                self.pools.queue_if_full()
                return False

        if self.pools.zswap_check_limits():
            self.pool_limit_reject += 1
            self.memcgs.count_memcg_event(memcg, self.page_table.page[page].node, POOL_LIMIT_REJECT)
            self.pools.queue_last()
            return False

        self.held.pass_time(self.worker.now)
        if not self.store_content(page, content):
            self.compress_reject += 1
            self.memcgs.count_memcg_event(memcg, self.page_table.page[page].node, COMPRESS_REJECT)
            self.pools.queue_if_full()
            return False

        length: cython.int = self.page_table.page[page].length
        self.page_table.page[page].pool = self.pools.current.index + 1
        self.page_table.page[page].objcg = objcg
        self.page_table.flags[page] |= SECOND_CHANCE
        self.memcgs.obj_cgroup_charge_zswap(objcg, self.page_table.page[page].node, length)
        if objcg >= 0 or self.rule_root_has_objcg:
            self.memcgs.count_memcg_event(memcg, self.page_table.page[page].node, ZSWPOUT)
        if length:
            self.zswap_lru_add(self.pools.current, page)
        self.stock.stored_pages += 1
        self.stored_at_length[length] += 1
        self.zswpout += 1
        self.held.note_peaks()
        return True

    def store_content(self, page: cython.int, content: cython.ulonglong) -> cython.int:
        """Give a page's entry what it holds; return False where the page was refused.

        Up to 6.8 a same-filled page is kept without memory, behind both limits, since the check stands behind them in
        zswap_store(); later releases have no such entries, and zero pages never get here.
        """
        if not self.rule_zeromap:
            if self.same_filled_pages_enabled and self.pools.current.kind_of_content(content) != NORMAL:
                self.page_table.page[page].length = 0
                self.stock.same_filled_pages += 1
                known: cython.longlong = self.pools.current.lengths.find(content)
                if known >= 0:
                    self.pools.class_counts.count(
                        self.pools.current.lengths.kind_at(known), CLASS_SAME_FILLED, 0
                    )
                else:
                    self.pools.current.count_same_filled(content)
                return True
            if not self.non_same_filled_pages_enabled:
                return False
        return self.zswap_compress(self.pools.current, page, content)

    def zswap_load(self, page: cython.int) -> cython.int:
        """Read a page back; return False where zswap does not have it.

        Models zswap_load(): the page is dirty where the load frees the entry, which else goes to the tail of its LRU.
        """
        if not self.page_table.page[page].pool:
            return False
        if self.page_table.flags[page] & BYTES_KEPT:
            self.zswap_decompress(page)
        self.zswpin += 1
        objcg: cython.int = self.page_table.page[page].objcg
        if objcg >= 0 or self.rule_root_has_objcg:
            self.memcgs.count_memcg_event(
                self.memcgs.obj_cgroup_memcg(objcg), self.page_table.page[page].node, ZSWPIN
            )
        if self.rule_always_exclusive or self.exclusive_loads:
            self.zswap_entry_free(page)
            self.page_table.flags[page] |= DIRTY
        elif self.page_table.page[page].length:
            if self.pools.is_in_current(page):
                self.zswap_lru_rotate(self.pools.current, page)
            else:
                self.rotate_old(page)
        return True

    def rotate_old(self, entry: cython.int) -> None:
        """Rotate an entry of a pool that is not the current one."""
        self.zswap_lru_rotate(self.pools.pool_of_entry(entry), entry)

    def zswap_orphan(self, page: cython.int, slot: cython.int) -> None:
        """Let the entry of a page whose slot is given up be the entry ``slot``, below NR_RETURNED, until that goes."""
        if self.page_table.flags[page] & BYTES_KEPT:
            self.pools.drop_bytes(page)  # nobody will read it any more
        self.page_table.flags[slot] = self.page_table.flags[page] & SECOND_CHANCE
        self.page_table.page[slot].objcg = self.page_table.page[page].objcg
        self.page_table.page[slot].handle = self.page_table.page[page].handle
        self.page_table.page[slot].length = self.page_table.page[page].length
        self.page_table.page[slot].pool = self.page_table.page[page].pool
        self.page_table.page[slot].node = self.page_table.page[page].node
        if self.page_table.page[page].length:
            self.pools.current.lru.list_lru_replace(
                page, slot
            )  # the LRUs of all pools have their places in one array
        self.page_table.page[page].pool = 0

    def zswap_invalidate(self, entry: cython.int) -> None:
        """Free the entry of a slot that is given back."""
        self.zswap_entry_free(entry)
