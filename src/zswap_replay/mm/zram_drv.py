"""zram: a block device in RAM, compressed, as the swap device. Models drivers/block/zram/zram_drv.c, v6.12.

A function that has the name of one of the kernel's models it; the files in sysfs are written by functions that end in
``_store``, of which those that walk over the slots are in zram_walks.py. What is stored stays until its slot is given
back, or until it is written to the backing device by hand: there is no LRU, no limit by memcg and no writeback by
itself, and nothing of it is charged to anybody.
"""

import heapq
from typing import Any

import cython

from zswap_replay.lib.columns import INT, LONGLONG, ULONGLONG, USHORT, column, grown
from zswap_replay.lib.page_table import PageTable
from zswap_replay.mm.class_counts import ClassCounts
from zswap_replay.mm.held import Held
from zswap_replay.mm.memcontrol import MemCgroups
from zswap_replay.mm.swap_device import SwapDevice
from zswap_replay.mm.zcomp import Zcomp
from zswap_replay.mm.zs_objects import ZsObjects

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import NORMAL
    from zswap_replay.mm.class_counts import CLASS_REFUSED, CLASS_SAME_FILLED, CLASS_STORED
    from zswap_replay.mm.page import PAGE_SHIFT, PAGE_SIZE

    ZRAM_MAX_COMPS = 4
    ZRAM_PRIMARY_COMP = 0
    # flags of a slot: enum zram_pageflags
    ZRAM_ALLOCATED = 1
    ZRAM_SAME = 2
    ZRAM_WB = 4
    ZRAM_HUGE = 8
    ZRAM_IDLE = 16
    ZRAM_INCOMPRESSIBLE = 32
    ZRAM_BYTES_KEPT = 64
    """The compressed bytes are kept outside; they are not where the length was known."""
    ZRAM_COMP_PRIORITY_SHIFT = 8
    NO_END = 1 << 30
    """Blocks of a backing device whose size is not known."""


class Zram(SwapDevice):
    """One zram device: its table of slots, its pool, its counters."""

    def __init__(self, pages: PageTable, held: Held) -> None:
        super().__init__(pages, held)
        # the compressors by priority, the primary one first, and how many there are
        self.comps: list[Any] = [None] * ZRAM_MAX_COMPS
        self.primary: Any = None
        self.num_active_comps = 0
        # who is charged for what is in RAM, where anybody is: for comparisons at equal memory, no kernel does it
        self.memcgs: MemCgroups | None = None
        # slots of the device, the swap header's among them; 0 before disksize is set
        self.nr_pages = 0
        # blocks of the backing device, 0 for none; those that were used once end before ``next_block``
        self.backing_pages = 0
        self.limit_pages = 0
        self.wb_limit_enable = False
        self.bd_wb_limit = 0
        self.begin()

    def begin(self) -> None:
        """Make the table, the pool and the counters anew, as ``reset`` and ``disksize`` do."""
        self.mem_pool = ZsObjects()
        self.huge_class_size = self.mem_pool.zs_huge_class_size()
        # by slot, up to the highest that was used: struct zram_table_entry
        self.flags = column(1024, USHORT)
        self.length = column(1024, USHORT)
        self.handle = column(1024, INT)
        self.block = column(1024, INT)
        self.content = column(1024, ULONGLONG)
        self.ac_time = column(1024, ULONGLONG)
        self.charged = column(1024, USHORT)
        self.charged_to = column(1024, INT)
        self.top = 0
        self.next_block = 1
        self.free_blocks: list[int] = []
        # statistics: struct zram_stats
        self.pages_stored = 0  # slots that hold something, in RAM or on the backing device
        self.compr_data_size = 0  # bytes of the objects in the pool
        self.same_pages = 0  # slots that one word fills, without memory
        self.huge_pages = 0  # slots that are kept raw
        self.huge_pages_since = 0  # pages that were kept raw so far
        self.max_used_pages = 0  # the most pages of the pool, as a store found them
        self.failed_writes = 0  # writes refused at mem_limit
        self.notify_free = 0  # slots given back, whether anything was stored in them or not
        self.bd_count = 0  # blocks of the backing device in use
        self.bd_reads = 0  # pages read from it
        self.bd_writes = 0  # pages written to it
        self.stored_at_length = column(PAGE_SIZE + 1, LONGLONG)  # writes by length; same-filled at 0
        self.class_counts = ClassCounts()

    # ---- what the swap layer asks for ----

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero: NORMAL, ZERO_FILLED or SAME_FILLED."""
        kind: cython.int = self.primary.kind_of_content(content)
        return kind

    def has_lengths_found(self) -> cython.bint:
        """Tell whether other processes find the lengths that the primary compressor makes."""
        return self.primary is not None and self.primary.lengths.wanted is not None

    def wanted_from(self, head: cython.int, tail: cython.longlong, last: cython.longlong) -> cython.longlong:
        """Return where the look at a list goes on, as Lengths.wanted_from() does."""
        number: cython.longlong = self.primary.lengths.wanted_from(head, tail, last)
        return number

    def want_length(self, content: cython.ulonglong) -> None:
        """Let other processes find the length that the primary compressor makes of a content."""
        self.primary.lengths.want(content)

    def write_page(self, page: cython.int, now: cython.ulonglong) -> cython.bint:
        """Write what a page holds to its slot; return False at mem_limit."""
        slot: cython.int = self.slot_of[page]
        written: cython.bint = self.zram_write_page(slot, self.pages.content_of(page))
        if written:
            self.zram_accessed(slot, now)
            self.charge(slot, self.pages.page[page].slot_memcg)
        self.account()
        return written

    def read_page(self, page: cython.int, now: cython.ulonglong) -> None:
        """Read the slot of a page, from the pool or the backing device. Models zram_bvec_read()."""
        slot: cython.int = self.slot_of[page]
        if self.flags[slot] & ZRAM_WB:
            self.bd_reads += 1
        elif self.flags[slot] & ZRAM_BYTES_KEPT:
            self.decompress(slot)
        self.zram_accessed(slot, now)

    def decompress(self, slot: cython.int) -> None:
        """Bring a page back from the bytes that are kept of its slot."""
        comp: Zcomp = self.comps[self.flags[slot] >> ZRAM_COMP_PRIORITY_SHIFT]
        comp.decompress(slot, self.content[slot])

    def slot_free_notify(self, slot: cython.int, now: cython.ulonglong) -> None:
        """Drop what a slot holds that is given back at a time in ns. Models zram_slot_free_notify()."""
        self.notify_free += 1
        if slot < self.top:
            self.held.pass_time(now)
            self.zram_free_page(slot)
            self.charge(slot, 0)
            self.account()
            self.held.note_peaks()

    def discard(self, slots: cython.int) -> None:
        """Count slots that are discarded: they are empty. Models zram_bio_discard()."""
        self.notify_free += slots

    def account(self) -> None:
        """Bring what the device holds in RAM up to date."""
        self.stock.pool_pages = self.mem_pool.pool.pages_allocated
        self.stock.stored_pages = self.pages_stored - self.bd_count
        self.stock.same_filled_pages = self.same_pages
        self.stock.compressed_bytes = self.compr_data_size

    def charge(self, slot: cython.int, memcg: cython.int) -> None:
        """Charge what a slot holds in RAM to a memcg and its ancestors, where it is charged to anybody."""
        size: cython.int = 0
        each: cython.int
        if self.memcgs is not None:
            if self.flags[slot] & ZRAM_ALLOCATED and not self.flags[slot] & ZRAM_WB:
                size = self.length[slot]
            each = self.charged_to[slot]
            while each >= 0:
                self.memcgs.memcg[each].device_bytes -= self.charged[slot]
                each = self.memcgs.memcg[each].parent
            self.charged[slot] = size
            self.charged_to[slot] = memcg
            while memcg >= 0:
                self.memcgs.memcg[memcg].device_bytes += size
                memcg = self.memcgs.memcg[memcg].parent

    # ---- slots ----

    def make_room(self, slot: cython.int) -> None:
        """Let the table have an entry of a slot."""
        if slot >= len(self.flags):
            self.grow(slot)
        self.top = max(self.top, slot + 1)

    def grow(self, slot: cython.int) -> None:
        """Make room for a slot, and for twice as many as there were."""
        room: cython.int = max(2 * len(self.flags), slot + 1)
        self.flags = grown(self.flags, room)
        self.length = grown(self.length, room)
        self.handle = grown(self.handle, room)
        self.block = grown(self.block, room)
        self.content = grown(self.content, room)
        self.ac_time = grown(self.ac_time, room)
        self.charged = grown(self.charged, room)
        self.charged_to = grown(self.charged_to, room)

    def zram_accessed(self, slot: cython.int, now: cython.ulonglong) -> None:
        """Note that a slot was read or written.

        Models zram_accessed().
        """
        self.flags[slot] &= ~ZRAM_IDLE
        self.ac_time[slot] = now

    def zcomp_compress(self, comp: Zcomp, slot: cython.int, content: cython.ulonglong) -> cython.int:
        """Compress a content; return its length, PAGE_SIZE where it is kept raw.

        What is kept of the bytes outside has the slot's number: ``drop_bytes`` drops it.
        """
        length: cython.int
        known: cython.longlong
        if slot == 0:
            return comp.header_length
        known = comp.lengths.find(content)
        if known < 0 and comp.was_found(content):
            known = comp.lengths.find(content)
        if known >= 0 and comp.lengths.length_at(known) >= 0:
            length = comp.lengths.length_at(known)
            self.class_counts.count(
                comp.lengths.kind_at(known), CLASS_STORED if length else CLASS_REFUSED, length
            )
            return length if 0 < length < self.huge_class_size else PAGE_SIZE
        length = comp.compress(slot, content)
        if 0 < length < self.huge_class_size:
            self.flags[slot] |= ZRAM_BYTES_KEPT
            return length
        if length:
            comp.free(slot)
        return PAGE_SIZE

    def drop_bytes(self, slot: cython.int, priority: cython.int) -> None:
        """Drop what is kept outside of a slot."""
        if self.flags[slot] & ZRAM_BYTES_KEPT:
            self.free_bytes(slot, priority)
            self.flags[slot] &= ~ZRAM_BYTES_KEPT

    def free_bytes(self, slot: cython.int, priority: cython.int) -> None:
        """Drop the bytes that the compressor of a priority keeps of a slot."""
        comp: Zcomp = self.comps[priority]
        comp.free(slot)

    def zram_write_page(self, slot: cython.int, content: cython.ulonglong) -> cython.bint:
        """Store a page; return False where mem_limit refuses it, and the slot keeps what it has.

        The object is allocated before the limit is looked at, and before what the slot has is freed. Models
        zram_write_page().
        """
        handle: cython.int = -1
        length: cython.int = 0
        kept: cython.int
        known: cython.longlong
        self.make_room(slot)
        if self.flags[slot] & ZRAM_BYTES_KEPT:
            # of the old content, which nobody reads any more
            self.drop_bytes(slot, self.flags[slot] >> ZRAM_COMP_PRIORITY_SHIFT)
        if slot and self.primary.kind_of_content(content) != NORMAL:
            self.same_pages += 1
            known = self.primary.lengths.find(content)
            if known >= 0:
                self.class_counts.count(self.primary.lengths.kind_at(known), CLASS_SAME_FILLED, 0)
            else:
                self.primary.count_same_filled(content)
        else:
            length = self.zcomp_compress(self.primary, slot, content)
            handle = self.mem_pool.zs_malloc(length)
            self.update_used_max()
            if self.limit_pages and self.mem_pool.pool.pages_allocated > self.limit_pages:
                self.mem_pool.zs_free(handle)
                self.drop_bytes(slot, ZRAM_PRIMARY_COMP)
                self.failed_writes += 1
                return False
            self.compr_data_size += length
        kept = self.flags[slot] & ZRAM_BYTES_KEPT
        self.flags[slot] &= ~ZRAM_BYTES_KEPT
        self.zram_free_page(slot)
        self.flags[slot] = ZRAM_ALLOCATED | kept
        self.content[slot] = content
        self.length[slot] = length
        self.handle[slot] = handle
        if length == 0:
            self.flags[slot] |= ZRAM_SAME
        elif length == PAGE_SIZE:
            self.flags[slot] |= ZRAM_HUGE
            self.huge_pages += 1
            self.huge_pages_since += 1
        self.pages_stored += 1
        self.stored_at_length[length] += 1
        return True

    def update_used_max(self) -> None:
        """Raise the most that the pool had.

        Models update_used_max().
        """
        if self.mem_pool.pool.pages_allocated > self.max_used_pages:
            self.max_used_pages = self.mem_pool.pool.pages_allocated

    def zram_free_page(self, slot: cython.int) -> None:
        """Free what a slot holds, if anything.

        Models zram_free_page().
        """
        flags: cython.int = self.flags[slot]
        if flags & ZRAM_ALLOCATED:
            if flags & ZRAM_HUGE:
                self.huge_pages -= 1
            if flags & ZRAM_WB:
                self.free_block_bdev(self.block[slot])
            elif flags & ZRAM_SAME:
                self.same_pages -= 1
            else:
                self.drop_bytes(slot, flags >> ZRAM_COMP_PRIORITY_SHIFT)
                self.mem_pool.zs_free(self.handle[slot])
                self.compr_data_size -= self.length[slot]
            self.pages_stored -= 1
            self.ac_time[slot] = 0
            self.flags[slot] = 0

    # ---- the backing device ----

    def alloc_block_bdev(self) -> cython.int:
        """Take the lowest free block, of which block 0 is none; return 0 where all are in use."""
        block: cython.int
        if self.free_blocks:
            block = heapq.heappop(self.free_blocks)
        elif self.next_block < self.backing_pages:
            block = self.next_block
            self.next_block += 1
        else:
            return 0
        self.bd_count += 1
        return block

    def free_block_bdev(self, block: cython.int) -> None:
        """Give a block back."""
        heapq.heappush(self.free_blocks, block)
        self.bd_count -= 1

    # ---- files in sysfs ----

    def set_algorithm(self, priority: int, comp: Zcomp) -> None:
        """Set the compressor of a priority: comp_algorithm is 0, recomp_algorithm has the others."""
        self.comps[priority] = comp
        if priority == ZRAM_PRIMARY_COMP:
            self.primary = comp
        self.num_active_comps = sum(each is not None for each in self.comps)

    def reset_store(self) -> None:
        """Forget all that was stored, and all that was set before ``disksize``."""
        self.nr_pages = 0
        self.backing_pages = 0
        self.limit_pages = 0
        self.wb_limit_enable = False
        self.bd_wb_limit = 0
        self.comps = [None] * ZRAM_MAX_COMPS
        self.primary = None
        self.num_active_comps = 0
        self.begin()
        self.account()

    def disksize_store(self, size: int) -> None:
        """Give the device its size, in bytes, whole pages; it begins empty."""
        self.nr_pages = size >> PAGE_SHIFT

    def mem_limit_store(self, size: int) -> None:
        """Set the limit of the pool to so many bytes, rounded up to pages; 0: no limit."""
        self.limit_pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT

    def mem_used_max_store(self) -> None:
        """Let the most that the pool had be what it has now."""
        self.max_used_pages = self.mem_pool.pool.pages_allocated

    def compact_store(self) -> None:
        """Let the pool be compacted."""
        self.mem_pool.zs_compact()
        self.account()

    def swap_header(self, now: int) -> None:
        """Write the swap header, as mkswap does: a page of slot 0, which is never given back."""
        self.zram_write_page(0, 0)
        self.zram_accessed(0, now)
        self.account()

    # ---- looking ----

    def block_state(self) -> list[tuple[int, str]]:
        """Return the slots that hold something, with their marks, as debugfs shows them."""
        marks = (
            (ZRAM_SAME, "s"),
            (ZRAM_WB, "w"),
            (ZRAM_HUGE, "h"),
            (ZRAM_IDLE, "i"),
        )
        return [
            (
                slot,
                "".join(letter if flags & mark else "." for mark, letter in marks)
                + ("r" if flags >> ZRAM_COMP_PRIORITY_SHIFT else ".")
                + ("n" if flags & ZRAM_INCOMPRESSIBLE else "."),
            )
            for slot, flags in enumerate(self.flags[: self.top])
            if flags & ZRAM_ALLOCATED
        ]

    def counters(self) -> dict[str, int]:
        """Return mm_stat, io_stat and bd_stat, by the names of Documentation/admin-guide/blockdev/zram.rst."""
        return {
            "orig_data_size": self.pages_stored << PAGE_SHIFT,
            "compr_data_size": self.compr_data_size,
            "mem_used_total": self.mem_pool.pool.pages_allocated << PAGE_SHIFT,
            "mem_limit": self.limit_pages << PAGE_SHIFT,
            "mem_used_max": self.max_used_pages << PAGE_SHIFT,
            "same_pages": self.same_pages,
            "pages_compacted": self.mem_pool.pages_compacted,
            "huge_pages": self.huge_pages,
            "huge_pages_since": self.huge_pages_since,
            "failed_reads": 0,
            "failed_writes": self.failed_writes,
            "invalid_io": 0,
            "notify_free": self.notify_free,
            "bd_count": self.bd_count,
            "bd_reads": self.bd_reads,
            "bd_writes": self.bd_writes,
            "writeback_limit": self.bd_wb_limit,
        }
