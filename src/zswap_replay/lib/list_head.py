"""Doubly linked lists over indices, as include/linux/list.h has them over pointers.

An item is on one list at a time; a list is known by a number and has its head, tail and length in columns.
"""

import cython

from zswap_replay.lib.columns import INT, Fields, Records, column, grown

LIST_HEAD: Fields = {"next": INT, "prev": INT}
"""struct list_head: the links of an item, which stand in the item."""


class ListHeads:
    """Lists numbered from 0 over the structs of a column, which have their links in the field ``lru``.

    -1 stands for the end of a list.
    """

    def __init__(self, items: Records) -> None:
        self.first = column(8, INT, -1)
        self.last = column(8, INT, -1)
        self.size = column(8, INT)
        self.items = items
        self.link = items.view("lru")
        self.nr_lists = 0

    def resize_items(self, size: cython.int) -> None:
        """Make room for items 0 .. ``size`` - 1."""
        self.link = None
        self.items.resize(size)
        self.link = self.items.view("lru")

    def new_lists(self, count: cython.int) -> cython.int:
        """Add ``count`` empty lists; return the number of the first."""
        first: cython.int = self.nr_lists
        self.nr_lists += count
        if self.nr_lists > len(self.first):
            room: cython.int = 2 * self.nr_lists
            self.first = grown(self.first, room, -1)
            self.last = grown(self.last, room, -1)
            self.size = grown(self.size, room)
        return first

    def list_add(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the head of a list."""
        old: cython.int = self.first[head]
        self.link[item].next = old
        self.link[item].prev = -1
        if old < 0:
            self.last[head] = item
        else:
            self.link[old].prev = item
        self.first[head] = item
        self.size[head] += 1

    def list_add_tail(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the tail of a list."""
        old: cython.int = self.last[head]
        self.link[item].prev = old
        self.link[item].next = -1
        if old < 0:
            self.first[head] = item
        else:
            self.link[old].next = item
        self.last[head] = item
        self.size[head] += 1

    def list_del(self, head: cython.int, item: cython.int) -> None:
        """Take an item off the list that it is on."""
        before: cython.int = self.link[item].prev
        behind: cython.int = self.link[item].next
        if before < 0:
            self.first[head] = behind
        else:
            self.link[before].next = behind
        if behind < 0:
            self.last[head] = before
        else:
            self.link[behind].prev = before
        self.size[head] -= 1

    def in_order(self, head: cython.int) -> list[int]:
        """Return the items of a list from head to tail."""
        found: list[int] = []
        item: cython.int = self.first[head]
        while item >= 0:
            found.append(item)
            item = self.link[item].next
        return found
