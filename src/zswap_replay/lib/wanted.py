"""Contents whose lengths are wanted soon, and the lengths that others find, in memory that several processes share.

One process names contents in the order in which it will come to them; the others measure them, and answer. Nothing is
locked: a name or an answer that is lost costs time alone, since who finds no answer measures the content itself. An
answer holds a hash of 64 bits of what was asked, and most of it once more, so that no other one is taken for it,
however the processors order what each of them writes.
"""

import cython

from zswap_replay.lib.columns import ULONGLONG, Column, column
from zswap_replay.lib.splitmix import mix64

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    # words of the shared memory, those that one process writes and another reads in cache lines of their own
    NAMED = 0
    """How many contents were named."""
    COME_TO = 8
    """The number of the last one that was come to."""
    STOP = 16
    """Whether the others are to stop."""
    NAMES = 24
    """The last names, each a content and the number of a job."""
    NR_NAMES = 1 << 11
    """Names that were not come to: if there are more, what is named is not what is stored, and no more is named."""
    ANSWERS = 4120
    """Sets of answers: each answer a key, then what is left of the key with kind and length below it; 0: none."""
    NR_SETS = 1 << 12
    SET_SIZE = 4
    NR_WORDS = 36888

    TAG_SHIFT = 21
    KIND_SHIFT = 13
    LENGTH_MASK = 0x1FFF
    """One more than the length, which is -1 where the kind alone is known."""
    NR_RECENT_SETS = 1 << 12
    MARGIN = 16
    """Names behind the one that was come to, which are left to who comes to them."""


def key_of(content: cython.ulonglong, job: cython.int) -> cython.ulonglong:
    """Return a number for what a job makes of a content; of one job no two contents have the same."""
    return mix64(content ^ mix64(job + 1))


class Wanted:
    """The side of the process that comes to the contents."""

    def __init__(self, words: Column) -> None:
        """Take NR_WORDS words of shared memory, all 0."""
        self.words = words
        self.named = 0
        # the list that was looked at last, and the number down to which
        self.head = -1
        self.looked_at = 0
        # the keys named last, in sets by their lowest bits, and their numbers
        self.recent = column(NR_RECENT_SETS * SET_SIZE, ULONGLONG)
        self.numbers = column(NR_RECENT_SETS * SET_SIZE, ULONGLONG)

    def wanted_from(self, head: cython.int, tail: cython.longlong, last: cython.longlong) -> cython.longlong:
        """Return the number down to which the items of a list were looked at, of those from ``tail`` down to ``last``.

        The rest is taken to be looked at next.
        """
        first: cython.longlong = tail
        if head == self.head and last <= self.looked_at <= tail:
            first = self.looked_at
        self.head = head
        self.looked_at = last
        return first

    def recent_of(self, key: cython.ulonglong) -> cython.int:
        """Return the place of a key among the recent ones; if it is not there, that of the oldest it can replace."""
        first: cython.int = SET_SIZE * (key & (NR_RECENT_SETS - 1))
        oldest: cython.int = first
        at: cython.int
        for at in range(first, first + SET_SIZE):
            if self.recent[at] == key:
                return at
            if self.numbers[at] < self.numbers[oldest]:
                oldest = at
        return oldest

    def want(self, content: cython.ulonglong, job: cython.int) -> None:
        """Name a content, unless that was done lately."""
        key: cython.ulonglong = key_of(content, job)
        at: cython.int = self.recent_of(key)
        if self.recent[at] == key or self.named - self.words[COME_TO] >= NR_NAMES:
            return
        name: cython.int = NAMES + 2 * (self.named & (NR_NAMES - 1))
        self.words[name] = content
        self.words[name + 1] = job
        self.recent[at] = key
        self.numbers[at] = self.named
        self.named += 1
        self.words[NAMED] = self.named

    def take(self, content: cython.ulonglong, job: cython.int) -> cython.int:
        """Return an answer as it was packed, and forget it; -1: there is none."""
        key: cython.ulonglong = key_of(content, job)
        at: cython.int = self.recent_of(key)
        if self.recent[at] == key and self.numbers[at] > self.words[COME_TO]:
            self.words[COME_TO] = self.numbers[at]
        elif self.named - self.words[COME_TO] >= NR_NAMES:  # so that there are new names again
            self.words[COME_TO] += 1
        first: cython.int = ANSWERS + 2 * SET_SIZE * (key & (NR_SETS - 1))
        found: cython.ulonglong
        for at in range(first, first + 2 * SET_SIZE, 2):
            found = self.words[at + 1]
            if found and self.words[at] == key and found >> TAG_SHIFT == key >> TAG_SHIFT:
                self.words[at + 1] = 0
                return found & ((1 << TAG_SHIFT) - 1)
        return -1


def length_in(answer: cython.int) -> cython.int:
    """Return the length in an answer; -1 where the kind alone is known."""
    return (answer & LENGTH_MASK) - 1


def kind_in(answer: cython.int) -> cython.int:
    """Return the kind in an answer, with the class above it."""
    return answer >> KIND_SHIFT


class Answers:
    """The side of one of the processes that measure: of the names it takes each ``parts``-th."""

    def __init__(self, words: Column, part: int, parts: int) -> None:
        """Take the shared memory and the place of this process among the ``parts`` that share the names."""
        self.words = words
        self.part = part
        self.parts = parts
        self.next_name = part
        # the content that next_job() found
        self.content = 0

    def is_stopped(self) -> cython.bint:
        """Tell whether the others are to stop."""
        return self.words[STOP] != 0

    def next_job(self) -> cython.int:
        """Find the next content that is to be measured; return the number of its job, -1 while there is none."""
        named: cython.longlong = self.words[NAMED]
        come_to: cython.longlong = self.words[COME_TO]
        first: cython.longlong = come_to + MARGIN if come_to else 0
        if self.next_name < first:  # the same part of those that are still to come
            self.next_name += (first - self.next_name + self.parts - 1) // self.parts * self.parts
        if self.next_name >= named:
            return -1
        name: cython.int = NAMES + 2 * (self.next_name & (NR_NAMES - 1))
        self.content = self.words[name]
        return self.words[name + 1]

    def skip(self) -> None:
        """Pass over the content that next_job() found."""
        self.next_name += self.parts

    def answer(self, job: cython.int, length: cython.int, kind: cython.int) -> None:
        """Answer with the length of the content that next_job() found, -1 or 0 to 4096, and its kind; pass over it."""
        key: cython.ulonglong = key_of(self.content, job)
        first: cython.int = ANSWERS + 2 * SET_SIZE * (key & (NR_SETS - 1))
        place: cython.int = first + 2 * (key >> 12 & (SET_SIZE - 1))
        at: cython.int
        for at in range(first, first + 2 * SET_SIZE, 2):
            if not self.words[at + 1]:
                place = at
                break
        self.words[place] = key
        self.words[place + 1] = key >> TAG_SHIFT << TAG_SHIFT | kind << KIND_SHIFT | length + 1
        self.next_name += self.parts
