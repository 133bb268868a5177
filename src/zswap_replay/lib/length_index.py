"""Known compressed lengths by content id, in one open-addressing table."""

from typing import Any

import cython
import numpy as np
import numpy.typing as npt

from zswap_replay.lib.columns import INT, ULONGLONG, Column, Fields, Records
from zswap_replay.lib.splitmix import mix64
from zswap_replay.lib.wanted import kind_in, length_in

if not cython.compiled:  # compiled, they are declared in the .pxd
    from zswap_replay.lib.columns import prefetch

    AHEAD = 16
    """Contents that are looked up at once."""

    LINE_SLOTS = 4
    """Slots in a line of the processor's cache."""

    # what a page is: the kind of a content
    NORMAL = 0
    ZERO_FILLED = 1
    SAME_FILLED = 2
    """One word fills the page, and it is not zero."""
    KIND_MASK = 3
    CLASS_SHIFT = 2
    """The kind that is held has the number of the payload class above these bits; class 0 is unknown."""
    NR_CLASSES = 64

KNOWN: Fields = {"content": ULONGLONG, "length": INT, "kind": INT}
"""A slot of the table; ``kind`` is one more than the kind, so that 0 is an empty slot."""


class Lengths:
    """What a compressor makes of each content: the length, and whether one word fills the page."""

    def __init__(self) -> None:
        self.size = 0
        self.room = 128
        self.records = Records(self.room, KNOWN)
        self.slot = self.records.array
        # a store asks for its content up to three times
        self.last_slot = 0
        # where other processes find lengths that are not there yet, and the number that they know the compressor by
        self.wanted: Any = None  # a Wanted
        self.job = 0

    def add(self, content: cython.ulonglong, length: cython.int, kind: cython.int) -> None:
        """Take in a content that is not there yet: its length (0: refused) and its kind, with its class.

        Raises ValueError: the kind is none of a byte.
        """
        if not 0 <= kind < NR_CLASSES << CLASS_SHIFT:
            raise ValueError(
                f"content {content}: kind {kind}; expected 0 to {(NR_CLASSES << CLASS_SHIFT) - 1}"
            )
        if 2 * self.size >= self.room:
            self.grow(2 * self.room)
        self.size += 1
        self.enter(content, length, kind + 1)

    def add_all(self, content: Column, length: Column, kind: Column) -> None:
        """Take in columns of contents; those that are there already stay as they are."""
        index: cython.Py_ssize_t
        room: cython.longlong = self.room
        while 2 * (self.size + len(content)) > room:
            room *= 2
        if room > self.room:
            self.grow(room)
        for index in range(len(content)):
            self.look_ahead(content[min(index + AHEAD, len(content) - 1)])
            if self.find(content[index]) < 0:
                self.add(content[index], length[index], kind[index])

    def unknown(self, content: Column) -> npt.NDArray[np.bool_]:
        """Return which of some contents are not there, a bool each."""
        index: cython.Py_ssize_t
        found = np.zeros(len(content), np.bool_)
        marks = found.view(np.uint8).data
        for index in range(len(content)):
            self.look_ahead(content[min(index + AHEAD, len(content) - 1)])
            marks[index] = self.find(content[index]) < 0
        return found

    def slot_of(self, content: cython.ulonglong) -> cython.longlong:
        """Return the slot where the search for a content begins; four neighbouring ids begin in one cache line."""
        return (mix64(content >> 2) << 2 | content & 3) & (self.room - 1)

    def enter(self, content: cython.ulonglong, length: cython.int, kind: cython.int) -> None:
        """Put a content into the first free slot from its own on."""
        at: cython.longlong = self.slot_of(content)
        while self.slot[at].kind:
            at = (at + 1) & (self.room - 1)
        self.slot[at].content = content
        self.slot[at].length = length
        self.slot[at].kind = kind

    def grow(self, room: cython.longlong) -> None:
        """Move what is known to a table of ``room`` slots."""
        old = self.slot
        slots: cython.longlong = self.room
        at: cython.longlong
        self.room = room
        self.records = Records(room, KNOWN)
        self.slot = self.records.array
        self.last_slot = 0
        for at in range(slots):
            if old[at].kind:
                self.enter(old[at].content, old[at].length, old[at].kind)

    def find(self, content: cython.ulonglong) -> cython.longlong:
        """Return the slot of a content, or -1 where it is not there."""
        # it may be another's by now: replays in other threads share the lengths of a file
        at: cython.longlong = self.last_slot
        if self.slot[at].kind and self.slot[at].content == content:
            return at
        at = self.slot_of(content)
        while self.slot[at].kind and self.slot[at].content != content:
            at = (at + 1) & (self.room - 1)
        if not self.slot[at].kind:
            return -1
        self.last_slot = at
        return at

    def look_ahead(self, content: cython.ulonglong) -> None:
        """Prefetch the slot of a content that will be looked up."""
        if cython.compiled:
            at: cython.longlong = self.slot_of(content)
            prefetch(cython.address(self.slot[at]))
            # where others are in its way it is in the line behind
            prefetch(cython.address(self.slot[(at + LINE_SLOTS) & (self.room - 1)]))

    def want(self, content: cython.ulonglong) -> None:
        """Let others find the length of a content that will be looked up, where it is not there."""
        if self.find(content) < 0:
            self.wanted.want(content, self.job)

    def wanted_from(self, head: cython.int, tail: cython.longlong, last: cython.longlong) -> cython.longlong:
        """Return where a look at the contents of a list goes on, as Wanted.wanted_from() does."""
        number: cython.longlong = self.wanted.wanted_from(head, tail, last)
        return number

    def take(self, content: cython.ulonglong) -> cython.bint:
        """Take in what others have found of a content that is not there; tell whether they have."""
        answer: cython.int = self.wanted.take(content, self.job)
        if answer < 0:
            return False
        self.add(content, length_in(answer), kind_in(answer))
        return True

    def length_at(self, at: cython.longlong) -> cython.int:
        """Return the length, in bytes, in a slot that find() gave."""
        length: cython.int = self.slot[at].length
        return length

    def kind_at(self, at: cython.longlong) -> cython.int:
        """Return the kind, with the class above it, in a slot that find() gave."""
        kind: cython.int = self.slot[at].kind
        return kind - 1

    def columns(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """Return all that is known, sorted by content: contents, lengths and kinds."""
        at: cython.longlong
        used = np.empty((3, self.size), np.uint64)
        index: cython.Py_ssize_t = 0
        rows = used.data
        for at in range(self.room):
            if self.slot[at].kind:
                rows[0, index] = self.slot[at].content
                rows[1, index] = self.slot[at].length
                rows[2, index] = self.slot[at].kind - 1
                index += 1
        order = np.argsort(used[0])
        return used[0][order], used[1][order].astype(np.int32), used[2][order].astype(np.uint8)
