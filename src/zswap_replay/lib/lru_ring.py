"""LRU lists as arrays: what struct list_head is to the kernel's LRUs, without its links.

A list is a ring of indices, and an item knows its place in it. An item that leaves from the middle leaves a hole, and
has no neighbours that would have to be read from memory; and who takes items from an end sees the next ones before they
are touched. A ring that is full of holes is closed up, one that is full of items grows.
"""

from typing import Any

import cython

from zswap_replay.lib.columns import INT, Column, Fields, Records, column

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch

    HOLE = -1
    FIRST_ROOM = 48
    """Places of a list at first; most of thousands need no more."""
    SLAB_RINGS = 256
    """Rings of that size that are made in one array: an array of its own costs as much as thirty page faults."""

    MOVES_AHEAD = 16
    """Items that are asked for before they move."""

    def item_of(items: "list[Ring]", at: int) -> "Ring":
        """Return an item of a list, which in C is not touched."""
        return items[at]


PLACE: Fields = {"at": INT}
"""Where an item stands in the ring of its list, which the item has in it."""


class Ring:
    """The places of one list: how many there are, its head, how many are used from there to its tail, and its items."""

    def __init__(self) -> None:
        self.slot: Any = None
        self.room = 0
        self.head = 0
        self.used = 0
        self.size = 0

    def take(self, slot: Column, room: cython.int) -> None:
        """Take the ``room`` places of ``slot``, all of them free."""
        self.slot = slot
        self.room = room
        self.head = 0
        self.used = 0
        self.size = 0

    def place_of(self, number: cython.int) -> cython.int:
        """Return the place that is ``number`` places behind the head."""
        at: cython.int = self.head + number
        return at - self.room if at >= self.room else at

    def trim(self) -> None:
        """Give up the holes at both ends."""
        while self.used and self.slot[self.head] == HOLE:
            self.head = self.place_of(1)
            self.used -= 1
        while self.used and self.slot[self.place_of(self.used - 1)] == HOLE:
            self.used -= 1


class LruRings:
    """Lists numbered from 0 over the structs of a column, which have their place in a field.

    -1 stands for the end of a list. An item is on one list at a time.
    """

    def __init__(self, items: Records, field: str = "lru") -> None:
        self.items = items
        self.field = field
        self.place = items.view(field)
        self.nr_lists = 0
        # the ring of all lists that have none of their own: most memcgs of a long trace are gone, or never had a page
        self.no_ring = Ring()
        # the array whose parts are the next rings, and how much of it is taken; rings of FIRST_ROOM that are free again
        self.slab = column(FIRST_ROOM, INT)
        self.slab_used = 0
        self.spare: list[Ring] = []
        # cast where one is taken out: its type need not be checked each time
        self.rings: list[Ring] = []

    def detach(self) -> None:
        """Let go of the items, which can be resized then."""
        self.place = None

    def attach(self) -> None:
        """Take hold of the items again."""
        self.place = self.items.view(self.field)

    def new_lists(self, count: cython.int) -> cython.int:
        """Add ``count`` empty lists; return the number of the first."""
        first: cython.int = self.nr_lists
        self.nr_lists += count
        self.rings.extend([self.no_ring] * count)
        return first

    def give_up(self, head: cython.int) -> None:
        """Free the ring of a list that is empty, and will hardly have an item again."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        if ring.size == 0:
            if ring.room == FIRST_ROOM:
                ring.used = 0
                self.spare.append(ring)
            self.rings[head] = self.no_ring

    # ---- looking ----

    def first(self, head: cython.int) -> cython.int:
        """Return the item at the head of a list, or -1."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        return ring.slot[ring.head] if ring.used else -1

    def last(self, head: cython.int) -> cython.int:
        """Return the item at the tail of a list, or -1."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        return ring.slot[ring.place_of(ring.used - 1)] if ring.used else -1

    def next(self, head: cython.int, item: cython.int) -> cython.int:
        """Return the item behind another one, or -1."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        number: cython.int = self.place[item].at - ring.head + 1
        if number <= 0:
            number += ring.room
        while number < ring.used:
            item = ring.slot[ring.place_of(number)]
            if item != HOLE:
                return item
            number += 1
        return -1

    def in_order(self, head: cython.int) -> list[int]:
        """Return the items of a list from head to tail."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        places = [ring.slot[ring.place_of(number)] for number in range(ring.used)]
        return [item for item in places if item != HOLE]

    def places(self, head: cython.int) -> cython.int:
        """Return how many items a list could have before it grows."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        return ring.room

    def size_of(self, head: cython.int) -> cython.int:
        """Return how many items a list has."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        return ring.size

    def tail(self, head: cython.int, count: cython.int, items: Column) -> cython.int:
        """Write up to ``count`` items from the tail of a list, the last one first, into ``items``; return how many."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        at: cython.int
        number: cython.int = ring.used
        found: cython.int = 0
        while number and found < count:
            number -= 1
            at = ring.place_of(number)
            if ring.slot[at] != HOLE:
                items[found] = ring.slot[at]
                found += 1
        return found

    # ---- what comes next ----

    def prefetch(self, head: cython.int) -> None:
        """Prefetch a list's ring, which will be needed, but not its places."""
        if cython.compiled:
            # Python's part of it, and the numbers, are in two cache lines
            prefetch(item_of(self.rings, head))
            prefetch(cython.cast(cython.p_char, item_of(self.rings, head)) + 40)

    def prefetch_item(self, item: cython.int) -> None:
        """Prefetch what an item has of its place."""
        if cython.compiled:
            prefetch(cython.address(self.place[item]))

    def prefetch_ends(self, head: cython.int) -> None:
        """Prefetch the places at both ends of a list."""
        if cython.compiled:
            ring: Ring = cython.cast(Ring, self.rings[head])
            if ring.room:
                prefetch(cython.address(ring.slot[ring.head]))
                prefetch(cython.address(ring.slot[ring.place_of(ring.used)]))

    def prefetch_place(self, head: cython.int, item: cython.int) -> None:
        """Prefetch the place of an item, if it is on this list."""
        if cython.compiled:
            ring: Ring = cython.cast(Ring, self.rings[head])
            if (
                self.place[item].at < ring.room
            ):  # of an item that is on another list, or on none, it may be any
                prefetch(cython.address(ring.slot[self.place[item].at]))

    # ---- lists ----

    def list_add(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the head of a list."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        if ring.used == ring.room:
            ring = self.make_room(head, ring.size)
        at: cython.int = ring.head - 1
        if at < 0:
            at = ring.room - 1
        ring.head = at
        ring.used += 1
        ring.slot[at] = item
        self.place[item].at = at
        ring.size += 1

    def list_add_all(self, head: cython.int, count: cython.int, items: Column) -> None:
        """Put ``count`` items at the head of a list, one after the other, so that the last of them is its first."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        i: cython.int
        at: cython.int = ring.head
        if ring.used + count > ring.room:
            for i in range(count):
                self.list_add(head, items[i])
        else:
            for i in range(count):
                at -= 1
                if at < 0:
                    at = ring.room - 1
                ring.slot[at] = items[i]
                self.place[items[i]].at = at
            ring.head = at
            ring.used += count
            ring.size += count

    def list_add_tail(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the tail of a list."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        if ring.used == ring.room:
            ring = self.make_room(head, ring.size)
        at: cython.int = ring.place_of(ring.used)
        ring.used += 1
        ring.slot[at] = item
        self.place[item].at = at
        ring.size += 1

    def list_del(self, head: cython.int, item: cython.int) -> None:
        """Take an item off the list that it is on."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        at: cython.int = self.place[item].at
        ring.slot[at] = HOLE
        ring.size -= 1
        if at == ring.head or at == ring.place_of(ring.used - 1):
            ring.trim()

    def list_pop_tail(self, head: cython.int, count: cython.int, items: Column) -> cython.int:
        """Take up to ``count`` items off the tail of a list into ``items``, the last one first; return how many."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        at: cython.int
        taken: cython.int = 0
        while ring.used and taken < count:
            ring.used -= 1
            at = ring.place_of(ring.used)
            if ring.slot[at] != HOLE:
                items[taken] = ring.slot[at]
                taken += 1
        ring.trim()
        ring.size -= taken
        return taken

    def list_replace(self, head: cython.int, old: cython.int, new: cython.int) -> None:
        """Put an item that is on no list in the place of one that is."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        self.place[new].at = self.place[old].at
        ring.slot[self.place[old].at] = new

    def list_move(self, head: cython.int, item: cython.int) -> None:
        """Move an item to the head of the list that it is on."""
        if self.first(head) != item:
            self.list_del(head, item)
            self.list_add(head, item)

    def list_move_tail(self, head: cython.int, item: cython.int) -> None:
        """Move an item to the tail of the list that it is on."""
        ring: Ring = cython.cast(Ring, self.rings[head])
        at: cython.int = self.place[item].at
        if at != ring.place_of(ring.used - 1):
            ring.slot[at] = HOLE
            if at == ring.head:
                ring.trim()
            if ring.used == ring.room:
                self.make_room(head, ring.size - 1)
            at = ring.place_of(ring.used)
            ring.used += 1
            ring.slot[at] = item
            self.place[item].at = at

    def list_splice_init(self, source: cython.int, head: cython.int) -> None:
        """Move all of ``source``, in its order, before the head of the list ``head``."""
        item: cython.int
        while self.size_of(source):
            item = self.last(source)
            self.list_del(source, item)
            self.list_add(head, item)
        self.give_up(source)

    def list_splice_tail_init(self, source: cython.int, head: cython.int) -> None:
        """Move all of ``source``, in its order, behind the tail of the list ``head``."""
        item: cython.int
        while self.size_of(source):
            item = self.first(source)
            self.list_del(source, item)
            self.list_add_tail(head, item)
        self.give_up(source)

    # ---- room ----

    def new_ring(self) -> Ring:
        """Return an empty ring of FIRST_ROOM places."""
        if self.spare:
            return self.spare.pop()
        if self.slab_used == len(self.slab):
            self.slab = column(SLAB_RINGS * FIRST_ROOM, INT)
            self.slab_used = 0
        ring: Ring = Ring()
        ring.take(self.slab[self.slab_used : self.slab_used + FIRST_ROOM], FIRST_ROOM)
        self.slab_used += FIRST_ROOM
        return ring

    def make_room(self, head: cython.int, size: cython.int) -> Ring:
        """Close the holes of a list's ring, and let it grow by half where they are fewer than a quarter of its places.

        ``size`` items are in it. A list that has none gets one. Return the ring.
        """
        ring: Ring = self.rings[head]
        if ring.room == 0:
            ring = self.new_ring()
            self.rings[head] = ring
            return ring
        room: cython.int = ring.room
        slot: Column = ring.slot
        count: cython.int = 0
        item: cython.int
        at: cython.int = ring.head
        left: cython.int = ring.used
        # prefetch the items that move next: each has its place in its struct
        asked: cython.int = ring.place_of(min(left, MOVES_AHEAD))
        if size > room // 4 * 3:
            if room == FIRST_ROOM:
                spare: Ring = Ring()
                spare.take(slot, room)
                self.spare.append(spare)
            room += room // 2
            slot = column(room, INT)
            ring.head = 0
        # where there is no room but the ring's own, items move towards its head, behind which all was looked at
        to: cython.int = ring.head
        while left:
            left -= 1
            if left >= MOVES_AHEAD:
                item = ring.slot[asked]
                asked += 1
                if asked == ring.room:
                    asked = 0
                if item != HOLE:
                    self.prefetch_item(item)
            item = ring.slot[at]
            at += 1
            if at == ring.room:
                at = 0
            if item != HOLE:
                slot[to] = item
                self.place[item].at = to
                to += 1
                if to == room:
                    to = 0
                count += 1
        ring.slot = slot
        ring.room = room
        ring.used = count
        return ring
