"""The compressors of a zram device, as far as lengths go. Models drivers/block/zram/zcomp.c, v6.12."""

from zswap_replay.lib.length_index import Lengths
from zswap_replay.mm.compressor import Compressor
from zswap_replay.mm.contents import Contents


class Zcomp(Compressor):
    """A compressor with a priority. Models struct zcomp, as far as lengths go."""

    def __init__(
        self, name: str, contents: Contents, lengths: Lengths, learned: Lengths | None, header_length: int
    ) -> None:
        """Take ``header_length``, what the swap header is compressed to, in bytes."""
        super().__init__(contents, lengths, learned)
        self.name = name
        self.header_length = header_length
