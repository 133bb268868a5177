"""LRU lists as arrays: what struct list_head is to the kernel's LRUs, without its links.

A list is a ring of indices, and an item knows its place in it. An item that leaves from the middle leaves a hole, and
has no neighbours that would have to be read from memory; and who takes items from an end sees the next ones before they
are touched. A ring that is full of holes is closed up, one that is full of items grows.

The rings of all lists stand in one array and their places in another, so that a list that was not touched for long
costs two cache lines.
"""

import cython

from zswap_replay.lib.columns import INT, LONGLONG, Column, Fields, Records, column

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.columns import prefetch

    HOLE = -1
    FIRST_ROOM = 32
    """Places of a ring at first; most of thousands need no more. What is full has twice as many next."""
    MAX_PLACES = 0x7FFFFFFF
    """Places of all rings together, which an int numbers."""
    NR_ROOMS = 27
    """Sizes of rooms: FIRST_ROOM doubled 0 to 26 times, of which the last is more than MAX_PLACES."""

    LARGE_ROOM = 1 << 20
    """Places whose memory is given back while no list has them: 4 MiB."""

    MOVES_AHEAD = 16
    """Items that are asked for before they move."""


PLACE: Fields = {"at": INT}
"""Where an item stands among the places of all lists, which have the item there."""

RING: Fields = {"head": LONGLONG, "tail": LONGLONG, "start": INT, "room": INT, "size": INT}
"""The ring of a list, in 32 bytes: two lists that belong together are one cache line.

Its items, ``size`` of them, have the numbers from ``head`` on to the one before ``tail``, holes among them. Numbers go
up and down without an end; a number modulo ``room``, a power of two, is the offset of its place from ``start``. Most
memcgs of a long trace are gone, or never had a page: a list that is all 0 is empty, and has no places.
"""


class LruRings:
    """Lists numbered from 0 over the structs of a column, which have their place in a field.

    -1 stands for the end of a list. An item is on one list at a time.
    """

    def __init__(self, items: Records, field: str = "lru") -> None:
        self.items = items
        self.field = field
        self.place = items.view(field)
        self.nr_lists = 0
        self.rings = Records(8, RING)
        self.ring = self.rings.array
        # the places of all rings, one behind the other, and how many of them were ever given out
        self.places = Records(FIRST_ROOM, INT)
        self.slot = self.places.array
        self.nr_places = 0
        # by size the start of places that were given back, which have the next such start first; -1 for none
        self.free = column(NR_ROOMS, INT, -1)

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
        if self.nr_lists > self.rings.size:
            self.ring = None
            self.rings.resize(2 * self.nr_lists)
            self.ring = self.rings.array
        return first

    def give_up(self, head: cython.int) -> None:
        """Free the places of a list that is empty, and will hardly have an item again."""
        if self.ring[head].size == 0 and self.ring[head].room:
            self.give_back(self.ring[head].start, self.ring[head].room)
            self.ring[head].room = 0
            self.ring[head].tail = self.ring[head].head

    # ---- looking ----

    def place_of(self, head: cython.int, number: cython.longlong) -> cython.int:
        """Return the place that a number of a list stands for."""
        at: cython.int = self.ring[head].start + (number & (self.ring[head].room - 1))
        return at

    def first(self, head: cython.int) -> cython.int:
        """Return the item at the head of a list, or -1."""
        item: cython.int = -1
        if self.ring[head].size:
            item = self.slot[self.place_of(head, self.ring[head].head)]
        return item

    def last(self, head: cython.int) -> cython.int:
        """Return the item at the tail of a list, or -1."""
        item: cython.int = -1
        if self.ring[head].size:
            item = self.slot[self.place_of(head, self.ring[head].tail - 1)]
        return item

    def next(self, head: cython.int, item: cython.int) -> cython.int:
        """Return the item behind another one, or -1."""
        first: cython.longlong = self.ring[head].head
        behind: cython.longlong = self.place[item].at - self.ring[head].start - first
        number: cython.longlong = first + (behind & (self.ring[head].room - 1)) + 1
        while number < self.ring[head].tail:
            item = self.slot[self.place_of(head, number)]
            if item != HOLE:
                return item
            number += 1
        return -1

    def in_order(self, head: cython.int) -> list[int]:
        """Return the items of a list from head to tail."""
        items = []
        item: cython.int
        number: cython.longlong
        for number in range(self.ring[head].head, self.ring[head].tail):
            item = self.slot[self.place_of(head, number)]
            if item != HOLE:
                items.append(item)
        return items

    def room_of(self, head: cython.int) -> cython.int:
        """Return how many items a list could have before it grows."""
        room: cython.int = self.ring[head].room
        return room

    def size_of(self, head: cython.int) -> cython.int:
        """Return how many items a list has."""
        size: cython.int = self.ring[head].size
        return size

    def tail(self, head: cython.int, count: cython.int, items: Column, at: cython.int) -> cython.int:
        """Write up to ``count`` items from the tail of a list, the last one first, into ``items`` from ``at`` on.

        Return how many there are.
        """
        item: cython.int
        number: cython.longlong = self.ring[head].tail
        found: cython.int = 0
        while number > self.ring[head].head and found < count:
            number -= 1
            item = self.slot[self.place_of(head, number)]
            if item != HOLE:
                items[at + found] = item
                found += 1
        return found

    # ---- what comes next ----

    def prefetch(self, head: cython.int) -> None:
        """Prefetch a list's ring, which will be needed, but not its places."""
        if cython.compiled:
            prefetch(cython.address(self.ring[head]))

    def prefetch_item(self, item: cython.int) -> None:
        """Prefetch what an item has of its place."""
        if cython.compiled:
            prefetch(cython.address(self.place[item]))

    def prefetch_head(self, head: cython.int) -> None:
        """Prefetch the place that the next item at the head of a list takes."""
        if cython.compiled and self.ring[head].room:
            prefetch(cython.address(self.slot[self.place_of(head, self.ring[head].head - 1)]))

    def prefetch_ends(self, head: cython.int) -> None:
        """Prefetch the places at both ends of a list."""
        if cython.compiled and self.ring[head].room:
            prefetch(cython.address(self.slot[self.place_of(head, self.ring[head].head - 1)]))
            prefetch(cython.address(self.slot[self.place_of(head, self.ring[head].tail)]))

    def prefetch_place(self, item: cython.int) -> None:
        """Prefetch the place of an item, if it is on a list."""
        # an item that is on none may have any number there
        if cython.compiled and self.place[item].at < self.nr_places:
            prefetch(cython.address(self.slot[self.place[item].at]))

    # ---- lists ----

    def put(self, item: cython.int, at: cython.int) -> None:
        """Let an item have a place."""
        self.slot[at] = item
        self.place[item].at = at

    def trim(self, head: cython.int) -> None:
        """Give up the holes at both ends of a list."""
        first: cython.longlong = self.ring[head].head
        end: cython.longlong = self.ring[head].tail
        while first < end and self.slot[self.place_of(head, first)] == HOLE:
            first += 1
        while first < end and self.slot[self.place_of(head, end - 1)] == HOLE:
            end -= 1
        self.ring[head].head = first
        self.ring[head].tail = end

    def list_add(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the head of a list."""
        if self.ring[head].tail - self.ring[head].head == self.ring[head].room:
            self.make_room(head, self.ring[head].size)
        self.ring[head].head -= 1
        self.ring[head].size += 1
        self.put(item, self.place_of(head, self.ring[head].head))

    def list_add_all(self, head: cython.int, count: cython.int, items: Column) -> None:
        """Put ``count`` items at the head of a list, one after the other, so that the last of them is its first."""
        i: cython.int
        number: cython.longlong = self.ring[head].head
        if self.ring[head].tail - number + count > self.ring[head].room:
            for i in range(count):
                self.list_add(head, items[i])
        else:
            for i in range(count):
                number -= 1
                self.put(items[i], self.place_of(head, number))
            self.ring[head].head = number
            self.ring[head].size += count

    def list_add_tail(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the tail of a list."""
        if self.ring[head].tail - self.ring[head].head == self.ring[head].room:
            self.make_room(head, self.ring[head].size)
        self.put(item, self.place_of(head, self.ring[head].tail))
        self.ring[head].tail += 1
        self.ring[head].size += 1

    def list_del(self, head: cython.int, item: cython.int) -> None:
        """Take an item off the list that it is on."""
        at: cython.int = self.place[item].at
        self.slot[at] = HOLE
        self.ring[head].size -= 1
        if at == self.place_of(head, self.ring[head].head) or at == self.place_of(
            head, self.ring[head].tail - 1
        ):
            self.trim(head)

    def list_pop_tail(self, head: cython.int, count: cython.int, items: Column) -> cython.int:
        """Take up to ``count`` items off the tail of a list into ``items``, the last one first; return how many."""
        item: cython.int
        number: cython.longlong = self.ring[head].tail
        taken: cython.int = 0
        while number > self.ring[head].head and taken < count:
            number -= 1
            item = self.slot[self.place_of(head, number)]
            if item != HOLE:
                items[taken] = item
                taken += 1
        self.ring[head].tail = number
        self.ring[head].size -= taken
        self.trim(head)
        return taken

    def list_replace(self, old: cython.int, new: cython.int) -> None:
        """Put an item that is on no list in the place of one that is."""
        self.put(new, self.place[old].at)

    def list_move(self, head: cython.int, item: cython.int) -> None:
        """Move an item to the head of the list that it is on."""
        if self.first(head) != item:
            self.list_del(head, item)
            self.list_add(head, item)

    def list_move_tail(self, head: cython.int, item: cython.int) -> None:
        """Move an item to the tail of the list that it is on."""
        at: cython.int = self.place[item].at
        if at != self.place_of(head, self.ring[head].tail - 1):
            self.slot[at] = HOLE
            if at == self.place_of(head, self.ring[head].head):
                self.trim(head)
            if self.ring[head].tail - self.ring[head].head == self.ring[head].room:
                self.make_room(head, self.ring[head].size - 1)
            self.put(item, self.place_of(head, self.ring[head].tail))
            self.ring[head].tail += 1

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

    def make_room(self, head: cython.int, size: cython.int) -> None:
        """Close the holes of a list, and let its room double where they are fewer than a quarter of it.

        ``size`` items are in it. Raises OverflowError: there are more places than an index is for.
        """
        old_start: cython.int = self.ring[head].start
        old_room: cython.longlong = self.ring[head].room
        start: cython.int = old_start
        room: cython.longlong = old_room
        if size >= room - (room >> 2):
            room = max(2 * room, FIRST_ROOM)
            start = self.take(room)
        # items move towards the head, behind which all was looked at
        to: cython.longlong = self.ring[head].head
        number: cython.longlong
        item: cython.int
        for number in range(self.ring[head].head, self.ring[head].tail):
            if number + MOVES_AHEAD < self.ring[head].tail:
                # each has its place in its struct
                item = self.slot[self.place_of(head, number + MOVES_AHEAD)]
                if item != HOLE:
                    self.prefetch_item(item)
            item = self.slot[self.place_of(head, number)]
            if item != HOLE:
                self.put(item, start + (to & (room - 1)))
                to += 1
        self.ring[head].tail = to
        self.ring[head].start = start
        self.ring[head].room = room
        if 0 < old_room < room:
            self.give_back(old_start, old_room)

    def size_of_room(self, room: cython.longlong) -> cython.int:
        """Return which of the sizes of rings ``room`` is, from 0 on."""
        number: cython.int = 0
        while room > FIRST_ROOM:
            room >>= 1
            number += 1
        return number

    def take(self, room: cython.longlong) -> cython.int:
        """Return the first of ``room`` places that no list has; make_room() says what is raised."""
        number: cython.int = self.size_of_room(room)
        start: cython.int = self.free[number]
        if start >= 0:
            self.free[number] = self.slot[start]
            return start
        start = self.nr_places
        if room > MAX_PLACES - start:
            self.refuse()
        self.nr_places += room
        if self.nr_places > self.places.size:
            self.grow()
        return start

    def give_back(self, start: cython.int, room: cython.longlong) -> None:
        """Let other lists have ``room`` places; most of the memory of a large one is given back until then."""
        number: cython.int = self.size_of_room(room)
        if room >= LARGE_ROOM:
            self.forget(start, room)
        self.slot[start] = self.free[number]
        self.free[number] = start

    def forget(self, start: cython.int, room: cython.longlong) -> None:
        """Give the memory of a large room back to the system."""
        self.places.forget(start, room)

    def grow(self) -> None:
        """Make room for the places that are taken, and for as many more."""
        self.slot = None
        self.places.resize(self.nr_places + min(self.nr_places, MAX_PLACES - self.nr_places))
        self.slot = self.places.array

    def refuse(self) -> None:
        """Say that there is no room. Raises OverflowError."""
        raise OverflowError(f"lists of pages need more than {MAX_PLACES} places")
