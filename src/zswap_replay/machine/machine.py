"""One machine: the parts of the model put together, and the only loop over a trace's events.

It is the border of the core. Compiled, the parts below write where an index points; what comes from outside, columns,
paths, lengths, is therefore checked here and in Events, Lengths and Compressor, and refused with an exception.
"""

import cython
import numpy as np

from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.machine.events import Events
from zswap_replay.machine.exact_lru import ExactLru
from zswap_replay.machine.look_ahead import LookAhead
from zswap_replay.machine.memcg_paths import MemcgPaths
from zswap_replay.mm.contents import Contents
from zswap_replay.mm.file_pages import FilePages
from zswap_replay.mm.lru_gen import LruGenLists
from zswap_replay.mm.memcg_limits import MemcgLimits
from zswap_replay.mm.memcg_stat import MemcgStat
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.memory import Memory
from zswap_replay.mm.page_alloc import PageAlloc
from zswap_replay.mm.page_io import PageIo
from zswap_replay.mm.page_writeback import Writeback
from zswap_replay.mm.proactive_writeback import ProactiveWriteback
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap import Lruvecs
from zswap_replay.mm.swap_map import SwapMap
from zswap_replay.mm.swap_readahead import SwapReadahead
from zswap_replay.mm.swap_slots import DeviceSlots, SwapSlots
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.vmscan import Vmscan
from zswap_replay.mm.vmscan_lru_gen import LruGen
from zswap_replay.mm.workingset import LruGenWorkingset, Workingset
from zswap_replay.mm.zram_drv import Zram
from zswap_replay.mm.zswap import Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_MASK, BLOCK_SHIFT
    from zswap_replay.lib.event_codes import CONTROL, DISCARD, PAGEOUT, SETTLE, WRITE
    from zswap_replay.lib.page_table import ACCESSED, PRESENT, YOUNG
    from zswap_replay.machine.look_ahead import SOON
    from zswap_replay.mm.page import PAGE_SHIFT
    from zswap_replay.mm.vmscan import VM_SWAPPINESS

    MAX_NODES = 256
    """NUMA nodes at most: a page has the number of its own in a byte."""
    WIDE = 64
    """Pages of an event from which on those that it only may find are looked for by blocks."""
    BLOCKS_AHEAD = 64
    """Blocks of such an event whose pages' lengths are asked for ahead."""


class Machine:
    """A machine with its memcgs, pages, zswap and swap device, which is shown events and counts."""

    def __init__(
        self,
        release: Release,
        totalram_pages: int,
        nr_nodes: int,
        writeback_ns: int,
        synchronous_swap: bool,
        reclaim: str,
        shrink_delay: int,
        stat_flush: int,
        page_cluster: int,
        zram: bool = False,
        rotational: bool = False,
    ) -> None:
        """Make a machine that has only the root memcg, and no pool: ``set_pool`` makes the first.

        ``reclaim`` is how resident pages are reclaimed: ``k``, by two lists, ``mglru``, by generations, or ``lru``, by
        an exact LRU. With ``zram`` the swap device is a zram device, without a size as yet; a ``rotational`` one is
        read ahead by slots. Raises ValueError: it has no node, or more than MAX_NODES.
        """
        if not 1 <= nr_nodes <= MAX_NODES:
            raise ValueError(f"{nr_nodes} nodes: expected 1 to {MAX_NODES}")
        self.release = release
        self.pages = PageTable()
        self.memcgs = MemCgroups(release.writeback_switch, nr_nodes)
        self.paths = MemcgPaths()
        self.stat = MemcgStat(self.memcgs, self.pages.lru, stat_flush)
        self.file_pages = FilePages(self.memcgs)
        self.lruvecs: Lruvecs
        self.workingset: Workingset
        if reclaim == "mglru":
            gens = LruGenLists(self.pages)
            self.lruvecs = gens
            self.workingset = LruGenWorkingset(self.pages, self.memcgs, self.stat, gens)
        else:
            self.lruvecs = Lruvecs(self.pages)
            self.workingset = Workingset(self.pages, self.memcgs, self.stat)
        self.swap_cache = SwapCache(self.pages, self.memcgs, self.lruvecs, self.workingset)
        self.writeback = Writeback(self.pages, self.lruvecs, reclaim == "k")
        self.zswap = Zswap(
            release,
            self.pages,
            self.memcgs,
            self.swap_cache,
            self.writeback,
            totalram_pages,
            nr_nodes,
            writeback_ns,
        )
        self.proactive = ProactiveWriteback(release, self.memcgs, self.zswap)
        self.zram: Zram | None = None
        self.slots: DeviceSlots | None = None
        if zram:
            device = Zram(self.pages, self.zswap.held)
            self.zram = device
            self.zswap.device = device
            self.slots = DeviceSlots(release, self.pages, self.memcgs, self.zswap, device)
        swap_map = SwapMap(release, self.pages, self.memcgs, self.zswap) if rotational and not zram else None
        self.swap_slots: SwapSlots = (
            self.slots or swap_map or SwapSlots(release, self.pages, self.memcgs, self.zswap)
        )
        self.page_io = PageIo(release, self.pages, self.memcgs, self.zswap)
        parts = (
            self.pages,
            self.memcgs,
            self.swap_cache,
            self.writeback,
            self.swap_slots,
            self.page_io,
            synchronous_swap or zram,
            shrink_delay,
            self.file_pages,
        )
        self.vmscan: Vmscan
        if reclaim == "mglru":
            self.vmscan = LruGen(*parts, gens)
        else:
            self.vmscan = ExactLru(*parts) if reclaim == "lru" else Vmscan(*parts)
        self.accessed = {"k": YOUNG, "mglru": YOUNG | ACCESSED, "lru": 0}[reclaim]
        self.page_alloc = PageAlloc(self.memcgs, self.vmscan, self.zswap, totalram_pages)
        self.limits = MemcgLimits(release, self.memcgs, self.vmscan, self.page_alloc)
        self.memory = Memory(
            release,
            self.pages,
            self.memcgs,
            self.swap_cache,
            self.swap_slots,
            self.page_io,
            self.vmscan,
            self.limits,
            SwapReadahead(self.pages, self.swap_cache, self.page_io, self.limits, page_cluster, swap_map),
        )

        self.look_ahead = LookAhead(
            self.pages, self.memcgs, self.paths, self.lruvecs, self.page_io, self.zswap
        )

    # ---- memcgs ----

    def memcg_of(self, path: cython.int) -> cython.int:
        """Return the index of the memcg of a path. Raises LookupError: it was never created."""
        memcg: cython.int = self.paths.memcg_of(path) if path >= 0 else -1
        if memcg < 0:
            raise LookupError(f"path {path} has no memcg")
        return memcg

    def memcg_create(self, path: int, parent: int, seed: int, group: int) -> int:
        """Make the memcg of a path, below that of the path ``parent``; return its index.

        ``seed`` is a hash of the path, and with ``group``, the part of the recipe that holds for it, says what its
        pages hold where the trace does not. Raises LookupError: ``parent`` was never created. ValueError: ``path`` is
        negative.
        """
        if path < 0:
            raise ValueError(f"path {path}: expected a number from 0 on")
        memcg = self.memcgs.mem_cgroup_css_alloc(self.memcg_of(parent))
        self.lruvecs.new_memcg()
        self.stat.new_memcg()
        self.memory.forget_pages(self.paths.memcg_of(path))
        self.paths.set_memcg(path, memcg)
        self.pages.new_space(memcg, seed, group)
        return memcg

    def memcg_offline(self, path: int) -> None:
        """Remove the memcg of a path; its pages can be named until the path is created anew.

        Raises LookupError: it was never created. ValueError: it is the root, or was removed already.
        """
        memcg = self.memcg_of(path)
        if memcg == 0 or not self.memcgs.memcg[memcg].online:
            raise ValueError(f"path {path}: expected a memcg that is online, and not the root")
        if self.file_pages.file_of(memcg):
            self.file_pages.set_file(memcg, 0)
        self.zswap.pools.zswap_memcg_offline_cleanup(memcg)
        self.proactive.zswap_memcg_offline_cleanup(memcg)
        if self.release.resident_pages_reparented:
            parent = self.memcgs.memcg[memcg].parent
            moved = self.lruvecs.lru_reparent_memcg(memcg, parent)
            self.memcgs.reparent_charges(memcg, parent, moved)
        self.memory.forget_pages(memcg)
        self.lruvecs.give_up(memcg)
        self.memcgs.mem_cgroup_css_offline(memcg)

    def memcg_set(self, path: int, key: str, value: int) -> None:
        """Write ``value`` to the file ``key`` of a memcg: bytes, -1 for max, or 0 and 1 for a switch.

        The key ``file`` is what the memcg is charged besides its pages. A memory limit below the use is reclaimed down
        to at once. Raises LookupError: the memcg was never created, or has no such file.
        """
        memcg = self.memcg_of(path)
        if key == "memory.max":
            self.limits.memory_max_write(memcg, value)
        elif key == "memory.high":
            self.limits.memory_high_write(memcg, value)
        elif key == "file":
            self.file_pages.set_file(memcg, value >> PAGE_SHIFT)
            self.lruvecs.wake(memcg)
            self.limits.reclaim_excess(memcg)
        else:
            self.memcgs.set_limit(memcg, key, value)

    def memcg_reclaim(self, path: int, size: int, swappiness: int = VM_SWAPPINESS) -> int:
        """Reclaim ``size`` bytes of a memcg; return the pages that went.

        ``swappiness`` is 0 to MAX_SWAPPINESS, or SWAPPINESS_ANON_ONLY. Raises LookupError: the memcg was never created.
        """
        return self.limits.memory_reclaim(self.memcg_of(path), size >> PAGE_SHIFT, swappiness)

    def zswap_proactive_writeback(self, path: int, size: int) -> int:
        """Write back ``size`` compressed bytes of a memcg's entries; return the bytes that went.

        Raises LookupError: the memcg was never created.
        """
        return self.proactive.zswap_proactive_writeback(self.memcg_of(path), size)

    # ---- zswap ----

    def set_param(self, key: str, value: int) -> None:
        """Write a module parameter of zswap other than ``compressor`` and ``zpool``."""
        self.zswap.set_param(key, value)

    def set_pool(
        self, zpool: str, compressor: str, contents: Contents, lengths: Lengths, learned: Lengths | None
    ) -> None:
        """Write ``compressor`` or ``zpool``: the pool of the two becomes the current one."""
        self.zswap.pools.zswap_param_set(zpool, compressor, contents, lengths, learned)

    def worker(self, what: int | str) -> None:
        """Let the shrink worker do what was seen of it, and nothing else from here on.

        ``what`` is ``begin`` or ``end``, of a run, or a number of its turns.
        """
        worker = self.zswap.worker
        worker.observe()
        if what == "begin":
            worker.observed_begin(self.zswap)
        elif what == "end":
            worker.observed_end(self.zswap)
        else:
            worker.observed_turns(self.zswap, int(what))

    def seen_reads(self, seen: int) -> None:
        """Take each read of a page that is not mapped as one of its slot, where ``seen`` is not 0; see Memory."""
        self.memory.see_reads(seen != 0)

    def settle(self) -> None:
        """Let the shrink worker finish."""
        self.zswap.worker.finish(self.zswap)

    def advance(self, now: int) -> None:
        """Let time pass until ``now``, in ns, and the shrink worker do what it gets done by then."""
        self.zswap.worker.now = now
        self.zswap.worker.run_worker(self.zswap, now)

    # ---- events ----

    def run(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Replay the events ``start`` to ``stop`` - 1 of a batch; return the number of the first one not replayed.

        That is ``stop``, or an event that is the caller's (from CONTROL on), or one that names a memcg which is not
        there yet. Other threads run meanwhile: the interpreter's lock is taken for what is asked outside alone.

        Raises ValueError: there are fewer events, or one of them is on a node that the machine lacks.
        """
        events.check(start, stop, self.memcgs.nr_nodes)
        if start < stop and events.event[start] >= CONTROL:
            return start
        with cython.nogil:
            return self.replay_events(events, start, stop)

    def replay_events(
        self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t
    ) -> cython.Py_ssize_t:
        """Do as run() does with events that were checked."""
        i: cython.Py_ssize_t = start
        page: cython.int
        kind: cython.int
        space: cython.int
        number: cython.ulonglong
        given: cython.bint
        # the event at which to look ahead again, or closer, and the one behind those that were looked up
        end: cython.Py_ssize_t = start
        ahead_stop: cython.Py_ssize_t = start
        self.look_ahead.begin()
        while i < stop:
            if i == end:
                if end != ahead_stop:
                    self.look_ahead.look_closer()
                    end = ahead_stop
                else:
                    end = ahead_stop = self.look_ahead.look(events, i, stop)
                    if self.look_ahead.nr_faults > 1:
                        end = min(i + SOON, ahead_stop)
            i = self.replay_hits(events, i, end)
            if i == end:
                continue

            kind = events.event[i]
            if kind >= CONTROL:
                return i
            self.zswap.worker.now = events.time_ns[i]
            if self.zswap.worker.active:
                self.zswap.worker.run_worker(self.zswap, events.time_ns[i])
            if kind == SETTLE:
                self.zswap.worker.finish(self.zswap)
            else:
                space = self.paths.memcg_of(events.memcg[i])
                if space < 0:
                    return i
                given = events.has_content[i] != 0
                if kind == DISCARD and self.slots is not None and events.count[i] > 1:
                    self.discard_range(space, events.page[i], events.page[i] + (events.count[i] - 1))
                elif kind > WRITE and events.count[i] > WIDE:
                    self.event_of_known_pages(events, i, space)
                else:
                    page = self.look_ahead.page_at(i)
                    for number in range(events.count[i]):
                        if number or not page:
                            page = self.pages.find(space, events.page[i] + number)
                        if page < 0 and kind <= WRITE:
                            page = self.pages.insert(space, events.page[i] + number)
                        if page >= 0:
                            self.page_event(
                                kind, space, page, events.node[i], events.content[i] + number, given
                            )
            i += 1
        return stop

    def replay_hits(self, events: Events, i: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Replay the events from ``i`` on, before ``stop``, as long as each is a hit and no more than that.

        The processor sets the accessed bit, and the kernel sees nothing of it. Return the first event that is more: the
        shrink worker has something to do before it, a flush is due by it, or an access changes the order of a list.
        """
        node: cython.int = 0
        given: cython.bint
        time_ns: cython.ulonglong
        accessed: cython.int = self.accessed
        until: cython.ulonglong = self.zswap.worker.next_work() if accessed else 0
        while i < stop:
            # read before the first branch: where the columns are, a compiler that sees the whole loop reads once
            page: cython.int = self.look_ahead.page_at(i)
            memcg: cython.int = self.look_ahead.memcg_at(i)
            flags: cython.int = self.pages.flags[page]
            kind: cython.int = events.event[i]
            time_ns = events.time_ns[i]
            given = events.has_content[i] != 0
            if not flags & PRESENT or kind > WRITE or time_ns >= until:
                break
            if self.memcgs.uses.next_is_due(memcg):
                break
            self.pages.flags[page] = flags | accessed
            if given or kind == WRITE:
                self.pages.set_content(page, kind == WRITE, events.content[i], given)
            if self.memcgs.nr_nodes > 1:
                node = self.pages.page[page].node
            self.memcgs.uses.count(memcg, node)
            i += 1
        return i

    def event_of_known_pages(self, events: Events, i: cython.Py_ssize_t, space: cython.int) -> None:
        """Replay a pageout or discard of many pages; those that were never touched are passed over at no cost."""
        first: cython.ulonglong = events.page[i]
        number: cython.ulonglong
        at: cython.Py_ssize_t
        page: cython.int
        last: cython.ulonglong = first + (events.count[i] - 1)
        given: cython.bint = events.has_content[i] != 0
        blocks = self.pages.blocks_between(space, first >> BLOCK_SHIFT, last >> BLOCK_SHIFT)
        ahead: cython.Py_ssize_t = 0  # the block whose pages' lengths are asked for next
        if events.event[i] != PAGEOUT or not self.page_io.has_lengths_found():
            ahead = len(blocks)
        for at in range(len(blocks)):
            while ahead < min(at + BLOCKS_AHEAD, len(blocks)):
                for page in range(blocks[ahead] << BLOCK_SHIFT, (blocks[ahead] + 1) << BLOCK_SHIFT):
                    number = self.pages.page_of(page)
                    if first <= number <= last:
                        self.page_io.look_ahead_at_pageout(page, events.content[i] + (number - first), given)
                ahead += 1
            for page in range(blocks[at] << BLOCK_SHIFT, (blocks[at] + 1) << BLOCK_SHIFT):
                number = self.pages.page_of(page)
                if first <= number <= last:
                    self.page_event(
                        events.event[i],
                        space,
                        page,
                        events.node[i],
                        events.content[i] + (number - first),
                        given,
                    )

    def discard_range(self, space: cython.int, first: cython.ulonglong, last: cython.ulonglong) -> None:
        """Free the pages ``first`` to ``last`` of a device with numbered slots, which go back in runs."""
        blocks = self.pages.blocks_between(space, first >> BLOCK_SHIFT, last >> BLOCK_SHIFT)
        found = np.empty(len(blocks) << BLOCK_SHIFT, np.int32)
        pages = found.data
        at: cython.Py_ssize_t
        page: cython.int
        count: cython.Py_ssize_t = 0
        for at in range(len(blocks)):
            for page in range(blocks[at] << BLOCK_SHIFT, (blocks[at] << BLOCK_SHIFT) + BLOCK_MASK + 1):
                if first <= self.pages.page_of(page) <= last:
                    pages[count] = page
                    count += 1
        assert self.slots is not None
        self.memory.zap_pte_range(self.slots, pages[:count])

    def page_event(
        self,
        kind: cython.int,
        space: cython.int,
        page: cython.int,
        node: cython.int,
        content: cython.ulonglong,
        has_content: cython.bint,
    ) -> None:
        """Replay one event of one page that is known."""
        if kind <= WRITE:
            if self.pages.flags[page] & PRESENT:
                self.vmscan.pte_mkyoung(page)
            else:
                self.memory.handle_mm_fault(page, node, kind == WRITE, content, has_content)
            self.vmscan.count_access(space, self.pages.page[page].node)
            if kind == WRITE or has_content:
                self.pages.set_content(page, kind == WRITE, content, has_content)
        elif kind == PAGEOUT:
            if has_content and self.pages.flags[page] & PRESENT:
                self.pages.set_content(page, False, content, True)
            self.vmscan.reclaim_pages(page)
        else:
            self.memory.zap_pte(page)
