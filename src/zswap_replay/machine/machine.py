"""One machine: the parts of the model put together, and the only loop over a trace's events."""

import cython

from zswap_replay.lib.length_index import Lengths
from zswap_replay.lib.page_table import PageTable
from zswap_replay.machine.events import Events
from zswap_replay.machine.exact_lru import ExactLru
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.memory import Memory
from zswap_replay.mm.releases import Release
from zswap_replay.mm.swap import Swap
from zswap_replay.mm.swap_state import SwapCache
from zswap_replay.mm.vmscan import Vmscan
from zswap_replay.mm.zswap import Contents, Zswap

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.page_table import PRESENT, SETTLE, SLOT, SWAPCACHE, YOUNG, ZERO
    from zswap_replay.mm.memcontrol import ACCESSES, NR_EVENTS
    from zswap_replay.mm.swap_state import SWAP_CLUSTER_MAX
    from zswap_replay.mm.zswap import MAX_RECLAIM_RETRIES

    # codes of trace.schema.Event; those from CONTROL on are the caller's
    READ = 0
    WRITE = 1
    PAGEOUT = 2
    DISCARD = 3
    CONTROL = 5


class Machine:
    """A machine with its memcgs, pages, zswap and swap device, which is shown events and counts."""

    def __init__(
        self,
        release: Release,
        totalram_pages: int,
        nr_nodes: int,
        writeback_ns: int,
        synchronous_swap: bool,
        exact_lru: bool,
        shrink_delay: int,
    ) -> None:
        self.release = release
        self.pages = PageTable()
        self.exact_lru = exact_lru
        self.memcgs = MemCgroups(release.writeback_switch, nr_nodes)
        self.swap_cache = SwapCache(self.pages, self.memcgs, not exact_lru)
        self.zswap = Zswap(
            release, self.pages, self.memcgs, self.swap_cache, totalram_pages, nr_nodes, writeback_ns
        )
        self.swap = Swap(release, self.pages, self.memcgs, self.zswap)
        reclaim = ExactLru if exact_lru else Vmscan
        self.vmscan = reclaim(
            self.pages, self.memcgs, self.swap_cache, self.swap, synchronous_swap, shrink_delay
        )
        self.memory = Memory(self.pages, self.memcgs, self.swap_cache, self.swap, self.vmscan, totalram_pages)

    # ---- memcgs ----

    def memcg_create(self, path: int, parent: int, seed: int, group: int) -> int:
        """Make the memcg of a path, below that of the path ``parent``; its index.

        ``seed`` is a hash of the path, and with ``group``, the part of the recipe that holds for it, says what its
        pages hold where the trace does not.
        """
        memcg = self.memcgs.mem_cgroup_css_alloc(self.memcgs.memcg_of_path(parent))
        self.swap_cache.lruvecs.new_memcg()
        self.memcgs.set_path(path, memcg)
        self.pages.new_space(memcg, seed, group)
        return memcg

    def memcg_offline(self, path: int) -> None:
        """Remove the memcg of a path; its pages can be named until the path is created anew."""
        memcg = self.memcgs.memcg_of_path(path)
        self.zswap.zswap_memcg_offline_cleanup(memcg)
        self.memcgs.mem_cgroup_css_offline(memcg)

    def memcg_set(self, path: int, key: str, value: int) -> None:
        """Write to a file of a memcg. A memory limit below the use is reclaimed down to at once."""
        memcg = self.memcgs.memcg_of_path(path)
        self.memcgs.set_limit(memcg, key, value)
        if key == "memory.max":
            self.vmscan.keep_below(memcg, self.memcgs.memory_max[memcg], 0)
        elif key == "memory.high":
            self.vmscan.keep_below(memcg, self.memcgs.memory_high[memcg], 0)

    def memcg_reclaim(self, path: int, size: int) -> int:
        """Reclaim ``size`` bytes of a memcg; pages that went. Models memory_reclaim(), mm/memcontrol.c."""
        freed: cython.Py_ssize_t = 0
        wanted: cython.Py_ssize_t = size >> 12
        retries = MAX_RECLAIM_RETRIES
        while freed < wanted and retries:
            batch: cython.Py_ssize_t = min(wanted - freed, SWAP_CLUSTER_MAX)
            if self.release.quarters_of_memory_reclaim:
                batch = max((wanted - freed) // 4, SWAP_CLUSTER_MAX)
            got = self.vmscan.try_to_free_pages(self.memcgs.memcg_of_path(path), batch)
            retries -= got == 0
            freed += got
        return freed

    # ---- zswap ----

    def set_param(self, key: str, value: int) -> None:
        """Write a module parameter of zswap other than ``compressor`` and ``zpool``."""
        self.zswap.set_param(key, value)

    def set_pool(
        self, zpool: str, compressor: str, contents: Contents, lengths: Lengths, learned: Lengths | None
    ) -> None:
        """Write ``compressor`` or ``zpool``: the pool of the two becomes the current one."""
        self.zswap.zswap_pool_create(zpool, compressor, contents, lengths, learned)

    def settle(self) -> None:
        """Let the shrink worker finish."""
        self.zswap.run_worker(-1)

    def advance(self, now: int) -> None:
        """Let time pass until ``now``, and the shrink worker do what it gets done by then."""
        self.zswap.now = now
        self.zswap.run_worker(now)

    # ---- events ----

    def run(self, events: Events, start: cython.Py_ssize_t, stop: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Replay the events ``start`` to ``stop`` - 1 of a batch; the number of the first one not replayed.

        That is ``stop``, or an event that is the caller's (from CONTROL on), or one that names a memcg which is not
        there yet.
        """
        i: cython.Py_ssize_t
        page: cython.int
        kind: cython.int
        space: cython.int
        counted: cython.int
        number: cython.ulonglong
        given: cython.bint
        pages: PageTable = self.pages
        # what a hit needs, at hand
        time_ns, event, memcg, has_content = events.time_ns, events.event, events.memcg, events.has_content
        ahead, flags, path_memcg, counts = (
            pages.ahead,
            pages.flags,
            self.memcgs.path_memcg,
            self.memcgs.events,
        )
        room: cython.int = pages.room
        nr_nodes: cython.int = self.memcgs.nr_nodes
        fast: cython.bint = not self.exact_lru
        until: cython.longlong = self.zswap.next_work()
        first: cython.Py_ssize_t = start
        end: cython.Py_ssize_t = start
        for i in range(start, stop):
            if i == end:
                pages.look_ahead(event, memcg, events.page, events.count, path_memcg, i, stop)
                first = i
                end = pages.ahead_stop
            page = ahead[i - first]
            kind = event[i]
            given = has_content[i] != 0
            if page >= 0 and kind <= WRITE and flags[page] & PRESENT and fast and time_ns[i] < until:
                # a hit: the processor sets the accessed bit, and the kernel sees nothing of it
                flags[page] |= YOUNG
                if given or kind == WRITE:
                    pages.set_content(page, kind == WRITE, events.content[i], given)
                counted = path_memcg[memcg[i]]
                if nr_nodes > 1:
                    counted = counted * nr_nodes + pages.page[page].node
                counts[counted * NR_EVENTS + ACCESSES] += 1
                continue

            if kind >= CONTROL:
                return i
            self.zswap.now = time_ns[i]
            if self.zswap.active:
                self.zswap.run_worker(time_ns[i])
            if kind == SETTLE:
                self.zswap.run_worker(-1)
            else:
                space = self.memcgs.memcg_of_path(memcg[i])
                if space < 0:
                    return i
                for number in range(events.count[i]):
                    if number or page < 0:
                        page = pages.find(space, events.page[i] + number)
                    if page < 0 and kind <= WRITE:
                        page = pages.insert(space, events.page[i] + number)
                    if page >= 0:
                        self.page_event(kind, space, page, events.node[i], events.content[i] + number, given)
            until = self.zswap.next_work()
            if pages.room != room:
                room = pages.room
                flags = pages.flags
        return stop

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
        pages: PageTable = self.pages
        if kind <= WRITE:
            if pages.flags[page] & PRESENT:
                self.vmscan.folio_mark_accessed(page)
            else:
                self.memory.handle_mm_fault(page, node, kind == WRITE, content, has_content)
            self.memcgs.count_memcg_event(space, pages.page[page].node, ACCESSES)
            if kind == WRITE or has_content:
                pages.set_content(page, kind == WRITE, content, has_content)
        elif kind == PAGEOUT:
            if has_content and pages.flags[page] & PRESENT:
                pages.set_content(page, False, content, True)
            self.vmscan.reclaim_pages(page)
        else:
            self.memory.zap_pte(page)

    # ---- looking ----

    def where(self, path: int, first: int, count: int) -> str:
        """Where pages are, one letter each from page ``first`` of a path on.

        ``P`` mapped, ``C`` in the swap cache alone, ``Z`` in zswap, ``0`` in the zero map, ``D`` on the device, ``N``
        absent.
        """
        letters = []
        for number in range(first, first + count):
            page = self.pages.find(self.memcgs.memcg_of_path(path), number)
            flags = self.pages.flags[page] if page >= 0 else 0
            if flags & PRESENT:
                letters.append("P")
            elif flags & SWAPCACHE:
                letters.append("C")
            elif not flags & SLOT:
                letters.append("N")
            elif self.pages.page[page].pool:
                letters.append("Z")
            else:
                letters.append("0" if flags & ZERO else "D")
        return "".join(letters)
