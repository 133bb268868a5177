"""Golden lengths of every compressor on 300 pages of the default recipe."""

from __future__ import annotations

GOLDEN = {
    "zstd": (431_048, 8),
    "zstd:1": (459_842, 8),
    "zstd:19": (405_860, 8),
    "lz4": (603_363, 8),
    "lz4:8": (717_663, 8),
    "lz4hc": (542_426, 8),
    "lz4hc:12": (541_200, 8),
    "deflate": (426_442, 8),
    "lzo": (554_142, 8),
    "lzo-rle": (564_500, 8),
}
"""By spec, sums of the lengths of the pages and how many are refused, as kernels up to 6.12 have them.

A change means another library, other parameters or other pages, and other counters in every replay.
"""

GOLDEN_6_18 = {"zstd": (431_792, 8), "zstd:1": (432_848, 8), "zstd:19": (405_860, 8)}
"""The same as 6.18 has them, of the compressors whose lengths changed."""
