"""Golden lengths of every compressor on 300 pages of the default recipe."""

from __future__ import annotations

GOLDEN = {
    "zstd": (438_861, 8),
    "zstd:1": (453_779, 8),
    "zstd:19": (415_725, 8),
    "lz4": (605_089, 8),
    "lz4:8": (711_300, 8),
    "lz4hc": (547_757, 8),
    "lz4hc:12": (547_288, 8),
    "deflate": (436_750, 8),
    "lzo": (584_636, 8),
    "lzo-rle": (593_239, 8),
}
"""By spec, sums of the lengths of the pages and how many are refused, as kernels up to 6.12 have them.

A change means another library, other parameters or other pages, and other counters in every replay.
"""

GOLDEN_6_18 = {"zstd": (439_838, 8), "zstd:1": (439_195, 8), "zstd:19": (415_725, 8)}
"""The same as 6.18 has them, of the compressors whose lengths changed."""
