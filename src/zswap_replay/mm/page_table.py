"""The pages of a trace as columns, and the table from (address space, page number) to a page's index.

What a distinct page costs, in bytes: its struct 48, its flags 1, and the table 4 where the pages of a block of 16
neighbours are all used, as those of heaps and stacks mostly are, with 2 for the blocks themselves. A trace that uses
one page of each block pays 64 and 28 for that instead. A page that zswap holds costs 32 more, its entry (zswap.py).
While a column grows, the flags or the table are there twice; the structs grow where they are.
"""

import cython

from zswap_replay.mm.columns import INT, LONGLONG, UCHAR, UINT, ULONGLONG, Fields, Records, column, grown
from zswap_replay.mm.events import Events
from zswap_replay.mm.list_head import LIST_HEAD, ListHeads
from zswap_replay.mm.memcontrol import MemCgroups

# Bits of PageTable.flags. A page without PRESENT, SWAPCACHE and SLOT is absent: never touched, or freed.
if not cython.compiled:  # compiled, they are the C constants of the .pxd
    PRESENT = 1
    """Mapped: an access is a hit."""
    SWAPCACHE = 2
    """In the swap cache. Without PRESENT it is an unmapped copy, which costs memory until reclaim drops it."""
    SLOT = 4
    """It has a swap slot; what the slot holds is in zswap (``entry``), in the zero map (ZERO) or on the device."""
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

    BLOCK_SHIFT = 4
    """Neighbouring pages are looked up together: 16 indices fill a cache line."""
    BLOCK_MASK = 15
    AHEAD = 64
    """Events that are looked up at once."""
    SETTLE = 4
    """The first event that names no page."""
    NO_SHADOW = -1
    """``shadow`` of a page that was not evicted, or that has come back."""

MASK32 = cython.declare(cython.ulonglong, 0xFFFFFFFF)
MASK64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
DERIVED = cython.declare(cython.ulonglong, 0x8000000000000000)
MIX1 = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
MIX2 = cython.declare(cython.ulonglong, 0x94D049BB133111EB)


def mix64(x: cython.ulonglong) -> cython.ulonglong:
    """A bijection of 64-bit words that scatters them: the finaliser of splitmix64."""
    x = ((x ^ (x >> 30)) * MIX1) & MASK64
    x = ((x ^ (x >> 27)) * MIX2) & MASK64
    return x ^ (x >> 31)


PAGE: Fields = {
    "lru": LIST_HEAD,
    "content": ULONGLONG,
    "shadow": LONGLONG,
    "version": UINT,
    "memcg": INT,
    "slot_memcg": INT,
    "entry": INT,
    "home": INT,
    "node": UCHAR,
    "state": UCHAR,
}
"""What is known of a page, its flags apart, in 48 bytes that stand together.

Its place on an LRU list; what it holds (``content`` where the trace says so, else by ``version``, the number of its
writes); when reclaim evicted it; whom its memory and its slot are charged to (-1: it has none); its entry in zswap (-1:
none); where it stands in ``PageTable.slots`` (its block, and its place in that); the node that it was allocated on; and
what reclaim thinks of it.
"""


class PageTable:
    """Columns over pages: identity, what they hold, where they are and whom they are charged to.

    A page is found through the block of 16 neighbours that it is in: blocks are hashed, and each has a row of 16
    indices. Pages that are used one behind the other are found in one cache line.
    """

    def __init__(self) -> None:
        self.room = 1024
        self.size = 0
        self.space_seed = column(8, ULONGLONG)
        self.space_group = column(8, ULONGLONG)
        self.flags = column(self.room, UCHAR)
        self.records = Records(self.room, PAGE)
        self.lru = ListHeads(self.records)
        self.page = self.records.array
        # by block: the address space, and the number of its first page over 16
        self.nr_blocks = 0
        self.block_space = column(64, INT)
        self.block_key = column(64, ULONGLONG)
        self.slots = column(64 << BLOCK_SHIFT, INT)
        self.table = column(256, INT, -1)
        self.mask = 255
        # what look_ahead() found: by event from ahead_start on, the index of its page, or -1
        self.ahead = column(AHEAD, INT)
        self.ahead_start = 0
        self.ahead_stop = 0
        self.touched = 0

    # ---- finding pages ----

    def slot_of(self, space: cython.int, key: cython.ulonglong) -> cython.ulonglong:
        """Where the search for a block begins in the table."""
        return ((key ^ ((key >> 32) * GOLDEN) ^ (space * MIX1)) * GOLDEN & MASK64) >> 20 & self.mask

    def find_block(self, space: cython.int, key: cython.ulonglong) -> cython.int:
        """Number of a block, or -1 where no page of it was named yet."""
        slot: cython.ulonglong = self.slot_of(space, key)
        found: cython.int = self.table[slot]
        while found >= 0 and (self.block_key[found] != key or self.block_space[found] != space):
            slot = (slot + 1) & self.mask
            found = self.table[slot]
        return found

    def find(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Index of a page, or -1 where the trace has not named it yet."""
        block: cython.int = self.find_block(space, page >> BLOCK_SHIFT)
        if block < 0:
            return -1
        at: cython.int = page & BLOCK_MASK
        return self.slots[(block << BLOCK_SHIFT) + at] - 1

    def insert(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Index of a new page, absent as yet. The caller has looked that it is not there."""
        new: cython.int = self.size
        if new == self.room:
            self.grow()
        self.size += 1
        block: cython.int = self.find_block(space, page >> BLOCK_SHIFT)
        if block < 0:
            block = self.new_block(space, page >> BLOCK_SHIFT)
        at: cython.int = page & BLOCK_MASK
        self.page[new].home = (block << BLOCK_SHIFT) + at
        self.slots[(block << BLOCK_SHIFT) + at] = new + 1  # 0 stands for none
        self.page[new].memcg = -1
        self.page[new].slot_memcg = -1
        self.page[new].entry = -1
        self.page[new].shadow = NO_SHADOW
        return new

    def new_block(self, space: cython.int, key: cython.ulonglong) -> cython.int:
        """Number of a new block, none of whose pages has been named."""
        block: cython.int = self.nr_blocks
        if block == len(self.block_key):
            self.grow_blocks()
        self.nr_blocks += 1
        self.block_space[block] = space
        self.block_key[block] = key
        self.enter(block)
        return block

    def enter(self, block: cython.int) -> None:
        """Put a block that has its identity into the table."""
        slot: cython.ulonglong = self.slot_of(self.block_space[block], self.block_key[block])
        while self.table[slot] >= 0:
            slot = (slot + 1) & self.mask
        self.table[slot] = block

    def page_of(self, index: cython.int) -> cython.ulonglong:
        """Number of a page in its address space."""
        home: cython.int = self.page[index].home
        return (self.block_key[home >> BLOCK_SHIFT] << BLOCK_SHIFT) | (home & BLOCK_MASK)

    def space_of(self, index: cython.int) -> cython.int:
        """Address space of a page: the memcg under which the trace names it."""
        home: cython.int = self.page[index].home
        return self.block_space[home >> BLOCK_SHIFT]

    def new_space(self, space: cython.int, seed: cython.ulonglong, group: cython.ulonglong) -> None:
        """Make an address space known: the seed of what its pages hold, and the part of the recipe they follow."""
        if space >= len(self.space_seed):
            self.space_seed = grown(self.space_seed, 2 * space)
            self.space_group = grown(self.space_group, 2 * space)
        self.space_seed[space] = seed
        self.space_group[space] = group

    # ---- contents ----

    def content_of(self, index: cython.int) -> cython.ulonglong:
        """Content id of what a page holds.

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
            self.flags[index] = (flags | EXPLICIT | DIRTY) & 255
        else:
            self.flags[index] = (flags | DIRTY) & ~EXPLICIT & 255

    # ---- what comes next ----

    def look_ahead(
        self, events: Events, memcgs: MemCgroups, start: cython.Py_ssize_t, stop: cython.Py_ssize_t
    ) -> None:
        """Find the pages of the next events, all at once; those of more than one page are left out.

        Most of a replay's time is waiting for memory. Loads that do not depend on each other wait together, so each
        step is done for all events before the next step of any; the pages that will be written to, or will fault, are
        touched on the way.
        """
        i: cython.Py_ssize_t
        at: cython.int
        space: cython.int
        block: cython.int
        index: cython.int
        touched: cython.ulonglong = 0
        event, count, memcg, page = events.event, events.count, events.memcg, events.page
        self.ahead_start = start
        self.ahead_stop = min(stop, start + AHEAD)
        for i in range(start, self.ahead_stop):
            at = i - start
            self.ahead[at] = -1
            if event[i] < SETTLE and count[i] == 1:
                space = memcgs.memcg_of_path(memcg[i])
                if space >= 0:
                    block = self.find_block(space, page[i] >> BLOCK_SHIFT)
                    if block >= 0:
                        index = page[i] & BLOCK_MASK
                        self.ahead[at] = (block << BLOCK_SHIFT) + index
        for at in range(self.ahead_stop - start):
            if self.ahead[at] >= 0:
                self.ahead[at] = self.slots[self.ahead[at]] - 1
        for at in range(self.ahead_stop - start):
            index = self.ahead[at]
            if index >= 0 and (event[start + at] or not self.flags[index] & PRESENT):
                touched += self.page[index].version
        self.touched = touched

    # ---- growth ----

    def grow(self) -> None:
        """Double the columns over pages."""
        self.room *= 2
        self.flags = grown(self.flags, self.room)
        self.page = None
        self.lru.resize_items(self.room)
        self.page = self.records.array

    def grow_blocks(self) -> None:
        """Double the columns over blocks, and the table with them."""
        room: cython.int = 2 * len(self.block_key)
        self.block_space = grown(self.block_space, room)
        self.block_key = grown(self.block_key, room)
        self.slots = grown(self.slots, room << BLOCK_SHIFT)
        self.table = column(4 * room, INT, -1)
        self.mask = 4 * room - 1
        block: cython.int
        for block in range(self.nr_blocks):
            self.enter(block)
