"""Doubly linked lists over indices, circular as include/linux/list.h has them over pointers.

A list begins and ends at its head, which is linked as an item is: nothing branches on where on a list an item stands.
"""

import cython

from zswap_replay.lib.columns import INT, Fields, Records

LIST_HEAD: Fields = {"next": INT, "prev": INT}
"""struct list_head: the links of a head or an item; those of an item that is on no list mean nothing."""


class ListHeads:
    """Lists numbered from 0, each of items that are numbered from 0 and on one of the lists at a time."""

    def __init__(self, nr_lists: cython.int, nr_items: cython.int) -> None:
        """Make empty lists, and room for items 0 .. ``nr_items`` - 1."""
        head: cython.int
        self.nr_lists = nr_lists
        # those of the heads, then those of the items
        self.records = Records(nr_lists + nr_items, LIST_HEAD)
        self.link = self.records.array
        for head in range(nr_lists):
            self.link[head].next = head
            self.link[head].prev = head

    def resize_items(self, nr_items: cython.int) -> None:
        """Make room for items 0 .. ``nr_items`` - 1."""
        self.link = None
        self.records.resize(self.nr_lists + nr_items)
        self.link = self.records.array

    def list_first_entry_or_null(self, head: cython.int) -> cython.int:
        """Return the item at the head of a list, or -1 where the list is empty."""
        item: cython.int = self.link[head].next - self.nr_lists
        return max(item, -1)

    def list_insert(self, item: cython.int, before: cython.int, behind: cython.int) -> None:
        """Put an item between two links that follow each other. Models __list_add()."""
        at: cython.int = self.nr_lists + item
        self.link[at].prev = before
        self.link[at].next = behind
        self.link[before].next = at
        self.link[behind].prev = at

    def list_add(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the head of a list."""
        self.list_insert(item, head, self.link[head].next)

    def list_add_tail(self, head: cython.int, item: cython.int) -> None:
        """Put an item at the tail of a list."""
        self.list_insert(item, self.link[head].prev, head)

    def list_del(self, item: cython.int) -> None:
        """Take an item off the list that it is on."""
        before: cython.int = self.link[self.nr_lists + item].prev
        behind: cython.int = self.link[self.nr_lists + item].next
        self.link[before].next = behind
        self.link[behind].prev = before

    def list_pop(self, head: cython.int) -> cython.int:
        """Take the item at the head of a list off it, and return it; -1 where the list is empty."""
        item: cython.int = self.list_first_entry_or_null(head)
        if item >= 0:
            self.list_del(item)
        return item

    def in_order(self, head: cython.int) -> list[int]:
        """Return the items of a list from head to tail."""
        found: list[int] = []
        at: cython.int = self.link[head].next
        while at != head:
            found.append(at - self.nr_lists)
            at = self.link[at].next
        return found
