"""The table from (address space, key) to the number of a block: a key is the number of a block's first page over 8.

Blocks are found by groups of four neighbours. A group takes 32 bytes, so that to find a block is to look at one cache
line. At most half of the places are used.
"""

import cython

from zswap_replay.lib.columns import INT, ULONGLONG, Fields, Records

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    GROUP_SHIFT = 2
    """Neighbouring blocks stand together, 4 in a place."""
    GROUP_MASK = 3

MASK64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MIX1 = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)

GROUP: Fields = {"key": ULONGLONG, "space": INT, "nr_blocks": INT, "block": f"4{INT}"}
"""A group: its address space, its key, which is that of its blocks over 4, and how many of them there are.

``block`` has of each one more than its number, 0 where there is none. A place is free where ``nr_blocks`` is 0.
"""


class BlockTable:
    """A hash table of groups, which are looked for from where their hash says on, place by place."""

    def __init__(self) -> None:
        self.nr_groups = 0
        self.groups = Records(256, GROUP)
        self.group = self.groups.array
        self.mask = 256 - 1
        self.shift = 64 - 8

    def slot_of(self, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the place where the search for a group begins."""
        return ((group ^ space * MIX1) * GOLDEN & MASK64) >> self.shift

    def place_of(self, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the place of a group, or the free one where it belongs."""
        slot: cython.ulonglong = self.slot_of(space, group)
        while self.group[slot].key != group or self.group[slot].space != space:
            if not self.group[slot].nr_blocks:
                break
            slot = (slot + 1) & self.mask
        return slot

    def find(self, space: cython.int, key: cython.ulonglong) -> cython.int:
        """Return the number of a block, or -1 where there is none."""
        slot: cython.ulonglong = self.place_of(space, key >> GROUP_SHIFT)
        found: cython.int = self.group[slot].block[key & GROUP_MASK]  # of a free place 0
        return found - 1

    def enter(self, space: cython.int, key: cython.ulonglong, block: cython.int) -> None:
        """Note the number of a block that is not there yet."""
        slot: cython.ulonglong = self.place_of(space, key >> GROUP_SHIFT)
        self.group[slot].block[key & GROUP_MASK] = block + 1
        self.group[slot].nr_blocks += 1
        if self.group[slot].nr_blocks == 1:
            self.group[slot].key = key >> GROUP_SHIFT
            self.group[slot].space = space
            self.nr_groups += 1
            if 2 * self.nr_groups > self.mask:
                self.grow()

    def leave(self, space: cython.int, key: cython.ulonglong) -> None:
        """Forget a block that is there; groups behind its own that would not be found any more move up."""
        gap: cython.ulonglong = self.place_of(space, key >> GROUP_SHIFT)
        self.group[gap].block[key & GROUP_MASK] = 0
        self.group[gap].nr_blocks -= 1
        if self.group[gap].nr_blocks:
            return
        self.nr_groups -= 1
        slot: cython.ulonglong = (gap + 1) & self.mask
        first: cython.ulonglong
        while self.group[slot].nr_blocks:
            first = self.slot_of(self.group[slot].space, self.group[slot].key)
            if (slot - first & self.mask) >= (slot - gap & self.mask):
                self.move(slot, gap)
                gap = slot
            slot = (slot + 1) & self.mask

    def move(self, slot: cython.ulonglong, to: cython.ulonglong) -> None:
        """Move a group to a place that is free."""
        at: cython.int
        self.group[to].key = self.group[slot].key
        self.group[to].space = self.group[slot].space
        self.group[to].nr_blocks = self.group[slot].nr_blocks
        self.group[slot].nr_blocks = 0
        for at in range(1 << GROUP_SHIFT):
            self.group[to].block[at] = self.group[slot].block[at]
            self.group[slot].block[at] = 0

    def grow(self) -> None:
        """Double the places."""
        old = self.group
        size: cython.ulonglong = self.mask + 1
        self.mask = 2 * size - 1
        self.shift -= 1
        self.groups = Records(2 * size, GROUP)
        self.group = self.groups.array
        at: cython.ulonglong
        for at in range(size):
            if old[at].nr_blocks:
                self.group[self.place_of(old[at].space, old[at].key)] = old[at]
