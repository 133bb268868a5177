"""The table from (address space, key) to the number of a block of 8 neighbouring pages.

The key of a block is the number of its first page divided by 8.

Blocks are found by groups of four neighbours. A group takes 32 bytes, and two neighbouring groups stand in one cache
line, so that to find a block is to look at one line, and 64 pages share it. At most half of the places are used.
"""

import cython

from zswap_replay.lib.columns import INT, ULONGLONG, Fields, Records

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch

    BLOCK_SHIFT = 3
    """Neighbouring pages are looked up together, 8 at a time."""
    BLOCK_MASK = 7
    GROUP_SHIFT = 2
    """Blocks of a group: log2 of 4."""
    GROUP_MASK = 3

MASK64 = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
MIX1 = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)

GROUP: Fields = {"key": ULONGLONG, "space": INT, "nr_blocks": INT, "block": f"4{INT}"}
"""A group: its address space, its key (that of its blocks divided by 4), and how many blocks it has.

``block`` holds the number of each block plus one, 0 for a block that is not there. A place is free where ``nr_blocks``
is 0: it keeps the key of the group that was there last, but all four of ``block`` are 0.
"""


class BlockTable:
    """A hash table of groups, which are looked for from where their hash says on, place by place."""

    def __init__(self) -> None:
        self.nr_groups = 0
        self.groups = Records(256, GROUP)
        self.group = self.groups.array
        self.mask = 256 - 1
        self.shift = 64 - 7

    def first_place(self, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the place where the search for a group begins: its half of the line of its pair."""
        scattered: cython.ulonglong = (group >> 1 ^ space * MIX1) * GOLDEN
        if not cython.compiled:  # what goes beyond 64 bits is lost in C
            scattered &= MASK64
        return (scattered >> self.shift) * 2 + (group & 1)

    def place_of(self, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the place of a group, or the free one where it belongs."""
        return self.search(self.first_place(space, group), space, group)

    def search(self, place: cython.ulonglong, space: cython.int, group: cython.ulonglong) -> cython.ulonglong:
        """Return the place of a group, or a free one, from a place on.

        A free place may have the group's key: then the group is nowhere, as none stands behind a free place that the
        search for it comes by.
        """
        while self.group[place].key != group or self.group[place].space != space:
            if not self.group[place].nr_blocks:
                break
            place = (place + 1) & self.mask
        return place

    def find(self, space: cython.int, key: cython.ulonglong) -> cython.int:
        """Return the number of a block, or -1 where there is none."""
        return self.find_from(self.first_place(space, key >> GROUP_SHIFT), space, key)

    def find_from(self, place: cython.ulonglong, space: cython.int, key: cython.ulonglong) -> cython.int:
        """Return the number of a block whose group is searched for from a place on, or -1 where it is not found.

        From another place than begin() returned for it, before the table grew, it may not be found though it is there.
        """
        place = self.search(place, space, key >> GROUP_SHIFT)
        found: cython.int = self.group[place].block[key & GROUP_MASK]  # of a free place 0
        return found - 1

    def begin(self, space: cython.int, key: cython.ulonglong) -> cython.ulonglong:
        """Return the place where the search for the group of a block begins, which is asked for."""
        place: cython.ulonglong = self.first_place(space, key >> GROUP_SHIFT)
        if cython.compiled:
            prefetch(cython.address(self.group[place]))
        return place

    def enter(self, space: cython.int, key: cython.ulonglong, block: cython.int) -> None:
        """Note the number of a block that is not there yet."""
        place: cython.ulonglong = self.place_of(space, key >> GROUP_SHIFT)
        self.group[place].block[key & GROUP_MASK] = block + 1
        self.group[place].nr_blocks += 1
        if self.group[place].nr_blocks == 1:
            self.group[place].key = key >> GROUP_SHIFT
            self.group[place].space = space
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
        place: cython.ulonglong = (gap + 1) & self.mask
        first: cython.ulonglong
        while self.group[place].nr_blocks:
            first = self.first_place(self.group[place].space, self.group[place].key)
            if (place - first & self.mask) >= (place - gap & self.mask):
                self.move(place, gap)
                gap = place
            place = (place + 1) & self.mask

    def move(self, place: cython.ulonglong, to: cython.ulonglong) -> None:
        """Move a group to a place that is free."""
        at: cython.int
        self.group[to].key = self.group[place].key
        self.group[to].space = self.group[place].space
        self.group[to].nr_blocks = self.group[place].nr_blocks
        self.group[place].nr_blocks = 0
        for at in range(1 << GROUP_SHIFT):
            self.group[to].block[at] = self.group[place].block[at]
            self.group[place].block[at] = 0

    def grow(self) -> None:
        """Double the places."""
        old = self.group
        size: cython.ulonglong = self.mask + 1
        self.groups = Records(
            2 * size, GROUP
        )  # raises where memory is short, with the old places as they were
        self.group = self.groups.array
        self.mask = 2 * size - 1
        self.shift -= 1
        at: cython.ulonglong
        for at in range(size):
            if old[at].nr_blocks:
                self.group[self.place_of(old[at].space, old[at].key)] = old[at]
