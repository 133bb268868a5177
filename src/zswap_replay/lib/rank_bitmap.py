"""A bitmap that counts: which places are taken, and how many of them lie before one."""

import cython

from zswap_replay.lib.columns import INT, ULONGLONG, column

if not cython.compiled:  # compiled, they are declared in the .pxd

    def popcount(word: int) -> int:
        """Count the bits of a word that are set."""
        return word.bit_count()

    WORD_SHIFT = 6
    """A word holds 64 places."""
    WORD_MASK = 63


class RankBitmap:
    """Places from 0 to ``room``, each taken or free. A Fenwick tree over the words of 64 of them sums those before."""

    def __init__(self, room: cython.int) -> None:
        """Make room for so many places, a multiple of 64, all of them free."""
        self.room = room
        self.word = column(room >> WORD_SHIFT, ULONGLONG)
        self.tree = column((room >> WORD_SHIFT) + 1, INT)

    def take(self, place: cython.int) -> None:
        """Take a place that is free."""
        one: cython.ulonglong = 1
        self.word[place >> WORD_SHIFT] |= one << (place & WORD_MASK)
        self.add(place, 1)

    def give(self, place: cython.int) -> None:
        """Free a place that is taken."""
        one: cython.ulonglong = 1
        self.word[place >> WORD_SHIFT] ^= one << (place & WORD_MASK)
        self.add(place, -1)

    def add(self, place: cython.int, change: cython.int) -> None:
        """Change the sums of which the word of a place is a part."""
        words: cython.int = self.room >> WORD_SHIFT
        node: cython.int = (place >> WORD_SHIFT) + 1
        while node <= words:
            self.tree[node] += change
            node += node & -node

    def before(self, place: cython.int) -> cython.int:
        """Return the number of places that are taken below one."""
        one: cython.ulonglong = 1
        below: cython.ulonglong = (one << (place & WORD_MASK)) - 1
        total: cython.int = popcount(self.word[place >> WORD_SHIFT] & below)
        node: cython.int = place >> WORD_SHIFT
        while node > 0:
            total += self.tree[node]
            node -= node & -node
        return total
