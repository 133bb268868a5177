"""Known compressed lengths by content id, in one open-addressing table."""

import cython

from zswap_replay.mm.columns import INT, UCHAR, ULONGLONG, Column, column
from zswap_replay.mm.page_table import mix64


class Lengths:
    """What a compressor makes of each content: the length, and whether one word fills the page."""

    def __init__(self, content: Column, length: Column, kind: Column) -> None:
        """Take columns of equal length: content ids (no id twice), lengths (0: refused), kinds (of Zswap)."""
        count: cython.int = len(content)
        room: cython.int = 16
        while room < 2 * count:
            room *= 2
        self.content = column(max(count, 1), ULONGLONG)
        self.length = column(max(count, 1), INT)
        self.kind = column(max(count, 1), UCHAR)
        self.table = column(room, INT, -1)
        self.mask = room - 1
        index: cython.int
        slot: cython.ulonglong
        for index in range(count):
            self.content[index] = content[index]
            self.length[index] = length[index]
            self.kind[index] = kind[index]
            slot = mix64(content[index]) & self.mask
            while self.table[slot] >= 0:
                slot = (slot + 1) & self.mask
            self.table[slot] = index

    def find(self, content: cython.ulonglong) -> cython.int:
        """Index of a content in the columns, or -1."""
        slot: cython.ulonglong = mix64(content) & self.mask
        index: cython.int = self.table[slot]
        while index >= 0 and self.content[index] != content:
            slot = (slot + 1) & self.mask
            index = self.table[slot]
        return index
