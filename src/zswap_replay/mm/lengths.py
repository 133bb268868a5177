"""Known compressed lengths by content id, in one open-addressing table."""

import cython

from zswap_replay.mm.columns import INT, UCHAR, ULONGLONG, Column, column, grown
from zswap_replay.mm.page_table import mix64


class Lengths:
    """What a compressor makes of each content: the length, and whether one word fills the page."""

    def __init__(self) -> None:
        self.size = 0
        self.content = column(64, ULONGLONG)
        self.length = column(64, INT)
        self.kind = column(64, UCHAR)
        self.table = column(128, INT, -1)
        self.mask = 127

    def add(self, content: cython.ulonglong, length: cython.int, kind: cython.int) -> None:
        """Take in a content that is not there yet: its length (0: refused) and its kind (of zswap.py)."""
        index: cython.int = self.size
        if index == len(self.content):
            self.grow()
        self.size += 1
        self.content[index] = content
        self.length[index] = length
        self.kind[index] = kind
        self.enter(index)

    def add_all(self, content: Column, length: Column, kind: Column) -> None:
        """Take in columns of contents, none of which is there yet."""
        index: cython.Py_ssize_t
        for index in range(len(content)):
            self.add(content[index], length[index], kind[index])

    def enter(self, index: cython.int) -> None:
        """Put a content into the table."""
        slot: cython.ulonglong = mix64(self.content[index]) & self.mask
        while self.table[slot] >= 0:
            slot = (slot + 1) & self.mask
        self.table[slot] = index

    def grow(self) -> None:
        """Double the columns, and the table with them."""
        room: cython.int = 2 * len(self.content)
        self.content = grown(self.content, room)
        self.length = grown(self.length, room)
        self.kind = grown(self.kind, room)
        self.table = column(2 * room, INT, -1)
        self.mask = 2 * room - 1
        index: cython.int
        for index in range(self.size):
            self.enter(index)

    def find(self, content: cython.ulonglong) -> cython.int:
        """Index of a content in the columns, or -1."""
        slot: cython.ulonglong = mix64(content) & self.mask
        index: cython.int = self.table[slot]
        while index >= 0 and self.content[index] != content:
            slot = (slot + 1) & self.mask
            index = self.table[slot]
        return index
