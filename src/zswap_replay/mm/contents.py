"""What the model asks of the world outside: the lengths of what it compresses, and to keep the bytes."""

from typing import Protocol


class Contents(Protocol):
    """A compressor, and the bytes that are kept of what it compressed. codec/contents.py has the real one."""

    def same_filled(self, content: int) -> int:
        """Return NORMAL, ZERO_FILLED or SAME_FILLED."""

    def kind_and_class(self, content: int) -> int:
        """Return the kind, with the number of the payload class above it."""

    def count_same_filled(self, content: int) -> None:
        """Count a same-filled page that was stored without a compressor."""

    def zswap_compress(self, entry: int, content: int) -> int:
        """Keep a content, compressed, under ``entry``; return its length, 1 to 4096 bytes; 0: it was refused."""

    def keep_raw(self, entry: int, content: int) -> None:
        """Keep the page under ``entry`` as it is."""

    def zswap_decompress(self, entry: int, content: int) -> None:
        """Decompress what is kept under ``entry``, and compare it with the page."""

    def free(self, entry: int) -> None:
        """Drop what is kept under ``entry``."""
