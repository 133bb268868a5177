"""The pages of a trace as columns, and the one table from (address space, page number) to a page's index."""

import cython

from zswap_replay.mm.columns import INT, UCHAR, UINT, ULONGLONG, column, grown

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


class PageTable:
    """Columns over pages: identity, what they hold, where they are and whom they are charged to."""

    def __init__(self) -> None:
        room = 1024
        self.size = 0
        self.space_seed = column(8, ULONGLONG)
        self.space_group = column(8, ULONGLONG)
        self.page = column(room, ULONGLONG)
        self.space = column(room, INT)
        self.content = column(room, ULONGLONG)
        self.version = column(room, UINT)
        self.flags = column(room, UCHAR)
        self.node = column(room, UCHAR)
        self.memcg = column(room, INT, -1)
        self.slot_memcg = column(room, INT, -1)
        self.entry = column(room, INT, -1)
        self.table = column(4 * room, INT, -1)
        self.mask = 4 * room - 1

    def slot_of(self, space: cython.int, page: cython.ulonglong) -> cython.ulonglong:
        """Where the search for a page begins in the table."""
        return ((page ^ ((page >> 32) * GOLDEN) ^ (space * MIX1)) * GOLDEN & MASK64) >> 20 & self.mask

    def find(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Index of a page, or -1 where the trace has not named it yet."""
        slot: cython.ulonglong = self.slot_of(space, page)
        found: cython.int = self.table[slot]
        while found >= 0 and (self.page[found] != page or self.space[found] != space):
            slot = (slot + 1) & self.mask
            found = self.table[slot]
        return found

    def insert(self, space: cython.int, page: cython.ulonglong) -> cython.int:
        """Index of a new page, absent as yet. The caller has looked that it is not there."""
        new: cython.int = self.size
        if new == len(self.page):
            self.grow()
        self.size += 1
        self.page[new] = page
        self.space[new] = space
        self.enter(new)
        return new

    def enter(self, index: cython.int) -> None:
        """Put a page that has its identity into the table."""
        slot: cython.ulonglong = self.slot_of(self.space[index], self.page[index])
        while self.table[slot] >= 0:
            slot = (slot + 1) & self.mask
        self.table[slot] = index

    def new_space(self, space: cython.int, seed: cython.ulonglong, group: cython.ulonglong) -> None:
        """Make an address space known: the seed of what its pages hold, and the part of the recipe they follow."""
        if space >= len(self.space_seed):
            self.space_seed = grown(self.space_seed, 2 * space)
            self.space_group = grown(self.space_group, 2 * space)
        self.space_seed[space] = seed
        self.space_group[space] = group

    def content_of(self, index: cython.int) -> cython.ulonglong:
        """Content id of what a page holds.

        Where the trace does not say, it is a hash of (memcg, page, version) whose bit 63 is set and whose bits 56 to
        62 name the group of the recipe.
        """
        if self.flags[index] & EXPLICIT:
            return self.content[index]
        space: cython.int = self.space[index]
        mixed: cython.ulonglong = mix64(
            mix64(self.space_seed[space] ^ self.page[index]) ^ self.version[index]
        )
        return DERIVED | (self.space_group[space] << 56) | (mixed >> 8)

    def grow(self) -> None:
        """Double the columns, and the table with them."""
        room: cython.int = 2 * len(self.page)
        self.page = grown(self.page, room)
        self.space = grown(self.space, room)
        self.content = grown(self.content, room)
        self.version = grown(self.version, room)
        self.flags = grown(self.flags, room)
        self.node = grown(self.node, room)
        self.memcg = grown(self.memcg, room, -1)
        self.slot_memcg = grown(self.slot_memcg, room, -1)
        self.entry = grown(self.entry, room, -1)
        self.table = column(2 * room, INT, -1)
        self.mask = 2 * room - 1
        index: cython.int
        for index in range(self.size):
            self.enter(index)
