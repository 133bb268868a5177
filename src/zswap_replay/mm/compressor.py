"""A compressor as the model knows it: by the lengths of what it compresses.

What is not known from the start is asked of the world outside (contents.py), under the interpreter's lock, which the
model does not hold otherwise.
"""

import cython

from zswap_replay.lib.length_index import Lengths
from zswap_replay.mm.contents import Contents

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import KIND_MASK
    from zswap_replay.mm.page import PAGE_SIZE


class Compressor:
    """The lengths of one compressor, and the bytes that are kept outside of what it compressed, by entry."""

    def __init__(self, contents: Contents, lengths: Lengths, learned: Lengths | None) -> None:
        self.contents = contents
        # lengths known from the start, for which no codec is called; and, if wanted, those found on the way
        self.lengths = lengths
        self.learned = learned

    def was_found(self, content: cython.ulonglong) -> cython.bint:
        """Tell whether another process has found a content's length, which is known from now on."""
        return self.lengths.wanted is not None and self.lengths.take(content)

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero: NORMAL, ZERO_FILLED or SAME_FILLED."""
        known: cython.longlong = self.lengths.find(content)
        if known < 0 and self.was_found(content):
            known = self.lengths.find(content)
        if known >= 0:
            return self.lengths.kind_at(known) & KIND_MASK
        return self.same_filled(content)

    # each of these takes the lock

    def same_filled(self, content: cython.ulonglong) -> cython.int:
        """Return what kind_of_content() does, of a content that is not known from the start."""
        return self.contents.same_filled(content)

    def count_same_filled(self, content: cython.ulonglong) -> None:
        """Count a same-filled page that was stored without the compressor."""
        self.contents.count_same_filled(content)

    def compress(self, entry: cython.int, content: cython.ulonglong) -> cython.int:
        """Keep a content, compressed, under an entry; return its length, 0 where it was refused.

        Raises ValueError: the length is none of a page's.
        """
        length: cython.int = self.contents.zswap_compress(entry, content)
        if not 0 <= length <= PAGE_SIZE:
            raise ValueError(f"content {content}: {length} bytes; expected 0 to {PAGE_SIZE}")
        if self.learned is not None and self.learned.find(content) < 0:
            self.learned.add(content, length, self.contents.kind_and_class(content))
        return length

    def keep_raw(self, entry: cython.int, content: cython.ulonglong) -> None:
        """Keep a content as it is under an entry."""
        self.contents.keep_raw(entry, content)

    def decompress(self, entry: cython.int, content: cython.ulonglong) -> None:
        """Decompress what is kept under an entry, and compare it with the content."""
        self.contents.zswap_decompress(entry, content)

    def free(self, entry: cython.int) -> None:
        """Drop what is kept under an entry."""
        self.contents.free(entry)
