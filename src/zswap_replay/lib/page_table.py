"""The pages of a trace as columns, and the table from (address space, page number) to a page's index.

What a distinct page costs, in bytes: its struct 40, which is that of its entry in zswap too; its flags 2; 4 to 6 for
the table, where the pages of a group of 32 neighbours are all used, as those of heaps and stacks mostly are; and, while
it is in memory or in zswap, 4 to 11 for its place on a list of either (lru_ring.py). A trace that uses one page of each
group pays for the other seven of its block as well: about 450. While they grow, the flags, the table and a list are
there twice; the structs grow where they are.
"""

import cython
import numpy as np

from zswap_replay.lib.block_table import BlockTable
from zswap_replay.lib.columns import (
    INT,
    UCHAR,
    UINT,
    ULONGLONG,
    USHORT,
    Column,
    Fields,
    Records,
    column,
    grown,
)
from zswap_replay.lib.lru_ring import PLACE, LruRings
from zswap_replay.lib.splitmix import mix64

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.block_table import BLOCK_MASK, BLOCK_SHIFT
    from zswap_replay.lib.columns import prefetch
    from zswap_replay.lib.lru_ring import HOLE

# Bits of PageTable.flags. A page without PRESENT, SWAPCACHE and SLOT is absent: never touched, or freed.
if not cython.compiled:  # compiled, they are the C constants of the .pxd
    PRESENT = 1
    """Mapped: an access is a hit."""
    SWAPCACHE = 2
    """In the swap cache. Without PRESENT it is an unmapped copy, which costs memory until reclaim drops it."""
    SLOT = 4
    """It has a swap slot; what the slot holds is in zswap (``pool``), in the zero map (ZERO) or on the device."""
    DIRTY = 8
    """What it holds is newer than what its slot holds."""
    ZERO = 16
    """Its slot is noted in the zero map."""
    EXPLICIT = 32
    """The trace said what it holds: ``content``. Without it that follows from its identity and version."""
    YOUNG = 64
    """Accessed since reclaim looked last."""
    REFERENCED = 128
    """Reclaim has found it young once."""
    ACTIVE = 256
    """It belongs on the active list."""
    ISOLATED = 512
    """It is off its list, in the hands of reclaim."""
    WRITEBACK = 1024
    """Its write to the swap device has not ended."""
    SECOND_CHANCE = 2048
    """Its entry in zswap was not looked at by a shrinker yet: zswap_entry.referenced."""
    BYTES_KEPT = 4096
    """The compressed bytes of its entry are kept outside; they are not where the length was known."""
    ACCESSED = 16384
    """Accessed since aging looked at its page table last; kept where reclaim goes by generations only."""

    ORPHAN = 8192
    """Its memory is charged to the root by the objcg of a top memcg that was removed, not by the root's own."""

    NR_RETURNED = 64
    """The first structs are no pages: each stands for a swap slot that is about to be given back, and has its entry."""
    LINE_PLACES = 16
    """Places of a ring in a line of the processor's cache."""


MAX_INDEX = cython.declare(cython.ulonglong, 0x7FFFFFFF)
MASK32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
DERIVED = cython.declare(cython.ulonglong, 0x8000000000000000)

PAGE: Fields = {
    "content": ULONGLONG,
    "version": UINT,
    "memcg": INT,
    "slot_memcg": INT,
    "lru": PLACE,
    "entry_lru": PLACE,
    "objcg": INT,
    "handle": INT,
    "length": USHORT,
    "pool": UCHAR,
    "node": UCHAR,
}
"""What is known of a page, its flags apart, in 40 bytes that stand together; all 0 it is a page never touched.

What it holds (``content`` where the trace says so, else by ``version``, the number of its writes); whom its memory and
its slot are charged to, while it has them; its place on an LRU list, or, while it is out of memory, its shadow there
(mm/workingset.py); its entry in zswap, from ``entry_lru`` to ``pool``, which zswap.py explains; and the node that it
was allocated on.
"""

BLOCK: Fields = {"key": ULONGLONG, "space": INT, "next": INT}
"""Which pages a block has: its address space, -1 for none, and the number of its first page over 8.

``next`` is the block of that address space that was named before it, or the free one that was given back before it.
"""


class PageTable:
    """Columns over pages: identity, what they hold, where they are and whom they are charged to.

    A page is found through the block of 8 neighbours that it is in, whose pages have indices one behind the other.
    """

    def __init__(self) -> None:
        self.space_seed = column(8, ULONGLONG)
        self.space_group = column(8, ULONGLONG)
        # the block of each that was named last; -1 for none
        self.space_block = column(8, INT, -1)
        # by block; the first ones hold no pages
        self.nr_blocks = NR_RETURNED >> BLOCK_SHIFT
        self.room = 256
        self.blocks = Records(self.room, BLOCK)
        self.block = self.blocks.array
        # the first of those that were given back
        self.free_block = -1
        self.table = BlockTable()
        # by page
        self.flags = column(self.room << BLOCK_SHIFT, USHORT)
        self.records = Records(self.room << BLOCK_SHIFT, PAGE)
        self.lru = LruRings(self.records)
        self.entry_lru = LruRings(self.records, "entry_lru")
        self.page = self.records.array

    def indices(self) -> range:
        """Return the indices of all pages that may have been touched."""
        return range(NR_RETURNED, self.nr_blocks << BLOCK_SHIFT)

    # ---- finding pages ----

    def find(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Return the index of a page, or -1 where the trace has not named it or a neighbour yet."""
        block: cython.int = self.table.find(space, page >> BLOCK_SHIFT)
        if block < 0:
            return -1
        at: cython.int = page & BLOCK_MASK
        return (block << BLOCK_SHIFT) + at

    def index_from(self, place: cython.ulonglong, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Return the index of a page whose block is searched for from a place of the table on; 0 where it is not found.

        As BlockTable.find_from() it may not find what is there, where the table grew since.
        """
        block: cython.int = self.table.find_from(place, space, page >> BLOCK_SHIFT)
        at: cython.int = page & BLOCK_MASK
        return (block << BLOCK_SHIFT) + at if block >= 0 else 0

    def blocks_between(self, space: cython.int, first: cython.ulonglong, last: cython.ulonglong) -> Column:
        """Return the numbers of the blocks from the key ``first`` to the key ``last`` that there are, in order of key.

        A search costs no more than a look at every block, however many keys there are.
        """
        key: cython.ulonglong
        block: cython.int
        if last - first < self.nr_blocks >> 2:
            found = []
            for key in range(first, last + 1):
                block = self.table.find(space, key)
                if block >= 0:
                    found.append(block)
            return np.array(found, np.int32).data
        known = slice(NR_RETURNED >> BLOCK_SHIFT, self.nr_blocks)
        keys = np.asarray(self.blocks.view("key")[known], np.uint64)
        spaces = np.asarray(self.blocks.view("space")[known])
        among = np.flatnonzero((spaces == space) & (keys >= np.uint64(first)) & (keys <= np.uint64(last)))
        in_order = among[np.argsort(keys[among])] + (NR_RETURNED >> BLOCK_SHIFT)
        return in_order.astype(np.int32).data

    def insert(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Add a page, absent as yet, and return its index. The caller has looked that it is not there."""
        block: cython.int = self.free_block
        if block >= 0:
            self.free_block = self.block[block].next
        else:
            block = self.nr_blocks
            if block == self.room:
                self.grow()
            self.nr_blocks += 1
        self.block[block].next = self.space_block[space]
        self.space_block[space] = block
        self.block[block].space = space
        self.block[block].key = page >> BLOCK_SHIFT
        self.table.enter(space, page >> BLOCK_SHIFT, block)
        at: cython.int = page & BLOCK_MASK
        return (block << BLOCK_SHIFT) + at

    def is_absent(self, block: cython.int) -> cython.bint:
        """Tell whether all pages of a block are absent: as they would be if the trace had not named them yet."""
        page: cython.int
        held: cython.int = 0
        for page in range(block << BLOCK_SHIFT, (block + 1) << BLOCK_SHIFT):
            held |= self.flags[page]
        return held == 0

    def give_back(self, space: cython.int) -> cython.int:
        """Free the blocks of an address space whose pages are all absent; return how many.

        They begin the list of ``free_block``, with their keys, and are the next that are used.
        """
        count: cython.int = 0
        behind: cython.int
        before: cython.int = -1
        block: cython.int = self.space_block[space]
        while block >= 0:
            behind = self.block[block].next
            if not self.is_absent(block):
                before = block
            else:
                self.table.leave(space, self.block[block].key)
                if before < 0:
                    self.space_block[space] = behind
                else:
                    self.block[before].next = behind
                self.block[block].space = -1
                self.block[block].next = self.free_block
                self.free_block = block
                count += 1
            block = behind
        return count

    def page_of(self, index: cython.int) -> cython.ulonglong:
        """Return the number of a page in its address space."""
        key: cython.ulonglong = self.block[index >> BLOCK_SHIFT].key
        return (key << BLOCK_SHIFT) | (index & BLOCK_MASK)

    def space_of(self, index: cython.int) -> cython.int:
        """Return the address space of a page: the memcg under which the trace names it."""
        space: cython.int = self.block[index >> BLOCK_SHIFT].space
        return space

    def new_space(self, space: cython.int, seed: cython.ulonglong, group: cython.ulonglong) -> None:
        """Make an address space known: the seed of what its pages hold, and the part of the recipe they follow."""
        if space >= len(self.space_seed):
            self.space_seed = grown(self.space_seed, 2 * space)
            self.space_group = grown(self.space_group, 2 * space)
            self.space_block = grown(self.space_block, 2 * space, -1)
        self.space_seed[space] = seed
        self.space_group[space] = group

    # ---- contents ----

    def content_of(self, index: cython.int) -> cython.ulonglong:
        """Return the content id of what a page holds.

        Where the trace does not say, it is a hash of (memcg, page, version) whose bit 63 is set and whose bits 56 to
        62 name the group of the recipe.
        """
        if self.flags[index] & EXPLICIT:
            content: cython.ulonglong = self.page[index].content
            return content
        space: cython.int = self.space_of(index)
        mixed: cython.ulonglong = mix64(
            mix64(self.space_seed[space] ^ self.page_of(index)) ^ self.page[index].version
        )
        return DERIVED | (self.space_group[space] << 56) | (mixed >> 8)

    def set_content(
        self, index: cython.int, write: cython.bint, content: cython.ulonglong, has_content: cython.bint
    ) -> None:
        """Note what a page holds after an access.

        A write gives it new content. An access that says it holds something else than it did tells of a write that
        the trace does not have.
        """
        flags: cython.int = self.flags[index]
        if not write and (not has_content or content == self.content_of(index)):
            return
        self.page[index].version = (self.page[index].version + 1) & MASK32
        if has_content:
            self.page[index].content = content
            self.flags[index] = flags | EXPLICIT | DIRTY
        else:
            self.flags[index] = (flags | DIRTY) & ~EXPLICIT

    # ---- what comes next ----

    def prefetch(self, index: cython.int) -> None:
        """Prefetch a page's struct, which will be needed."""
        if cython.compiled:
            prefetch(cython.address(self.flags[index]))
            prefetch(cython.address(self.page[index]))
            prefetch(cython.address(self.page[index].node))  # a struct may stand in two cache lines

    def prefetch_flags(self, index: cython.int) -> None:
        """Prefetch the flags of a page."""
        if cython.compiled:
            prefetch(cython.address(self.flags[index]))

    def prefetch_version(self, index: cython.int) -> None:
        """Prefetch all that a write to a page in memory needs of its struct, where there is one node."""
        if cython.compiled:
            prefetch(cython.address(self.page[index].version))

    def prefetch_block(self, index: cython.int) -> None:
        """Prefetch the block of a page, which says whose it is."""
        if cython.compiled:
            prefetch(cython.address(self.block[index >> BLOCK_SHIFT]))

    def prefetch_tail(self, head: cython.int, count: cython.int) -> None:
        """Prefetch the ``count`` pages at the tail of an LRU list, which reclaim looks at next, and more places.

        The places are those of as many pages again, which the next call asks for.
        """
        if cython.compiled:
            item: cython.int
            number: cython.longlong = self.lru.ring[head].tail
            last: cython.longlong = max(self.lru.ring[head].head, number - count)
            while number > last:
                number -= 1
                item = self.lru.slot[self.lru.place_of(head, number)]
                if item != HOLE:
                    self.prefetch(item)
            number = max(self.lru.ring[head].head, last - count)
            while last > number:
                last -= LINE_PLACES
                prefetch(cython.address(self.lru.slot[self.lru.place_of(head, max(last, number))]))

    # ---- growth ----

    def grow(self) -> None:
        """Double the columns. Raises OverflowError: there are too many pages for an index."""
        if self.room << BLOCK_SHIFT > MAX_INDEX // 2:
            raise OverflowError(
                f"the trace names pages in more than {self.room} blocks of {1 << BLOCK_SHIFT}"
            )
        self.room *= 2
        self.block = None
        self.blocks.resize(self.room)
        self.block = self.blocks.array
        self.flags = grown(self.flags, self.room << BLOCK_SHIFT)
        self.page = None
        self.lru.detach()
        self.entry_lru.detach()
        self.records.resize(self.room << BLOCK_SHIFT)
        self.page = self.records.array
        self.lru.attach()
        self.entry_lru.attach()
