"""The compressors of a zram device, as far as lengths go. Models drivers/block/zram/zcomp.c, v6.12."""

import cython

from zswap_replay.lib.length_index import Lengths
from zswap_replay.mm.contents import Contents

if not cython.compiled:  # compiled, they are the C constants of the .pxd
    from zswap_replay.lib.length_index import KIND_MASK


class Zcomp:
    """A compressor with a priority. Models struct zcomp, as far as lengths go."""

    def __init__(
        self, name: str, contents: Contents, lengths: Lengths, learned: Lengths | None, header_length: int
    ) -> None:
        """Take ``header_length``, what the swap header is compressed to, in bytes."""
        self.name = name
        self.contents = contents
        self.lengths = lengths
        self.learned = learned
        self.header_length = header_length

    def kind_of_content(self, content: cython.ulonglong) -> cython.int:
        """Return whether one word fills a page, and whether it is zero: NORMAL, ZERO_FILLED or SAME_FILLED."""
        known: cython.longlong = self.lengths.find(content)
        if known >= 0:
            return self.lengths.kind_at(known) & KIND_MASK
        return self.contents.same_filled(content)
