"""A measurement: lengths of pages under some compressors, and what was found besides, without a byte of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from zswap_replay.codec.footprint import footprint
from zswap_replay.lib.length_index import NORMAL, SAME_FILLED, ZERO_FILLED
from zswap_replay.memory.chunk import ENTROPY_CLASSES
from zswap_replay.memory.figures import (
    GOOGLE_LIMIT,
    CompressorFigures,
    EntropyClass,
    Figures,
    SourceFigures,
)
from zswap_replay.mm.zsmalloc import ZS_HANDLE_SIZE, ZsPool
from zswap_replay.units import PAGE_SIZE

Times = tuple[float | None, float | None]
"""Nanoseconds to compress and to decompress a page."""

_LENGTHS: Final = PAGE_SIZE + 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """Arrays of an item for each page, in the order of content ids; ``length`` has one for each compressor."""

    kernel: str
    content: npt.NDArray[np.uint64]
    kind: npt.NDArray[np.uint8]
    length: dict[str, npt.NDArray[np.int32]]
    """Bytes, 0 where the compressor refuses the page. Of same-filled pages those of a zero or of one other page."""
    sources: tuple[SourceFigures, ...] = ()
    sample: Fraction = Fraction(1)
    blur: int = 1
    times: dict[str, Times] = field(default_factory=dict)
    duplicates: int | None = None
    twins: int = 0
    """Pages that are equal to another one, the first of each kind too."""
    twin_groups: int = 0
    """Kinds of pages that there is more than one of."""
    entropy: tuple[EntropyClass, ...] = ()

    @property
    def population(self) -> int:
        """The pages that those measured stand for."""
        return sum(source.pages for source in self.sources) if self.sample != 1 else self.content.size

    def blurred(self, step: int) -> Measurement:
        """Return the same with lengths rounded to the nearest multiple of ``step`` bytes, which is one at least.

        A length of a page stays one at most, and 0, a refused page, stays 0.
        """
        lengths = {
            name: np.where(
                values > 0, np.clip((values + step // 2) // step * step, min(step, PAGE_SIZE), PAGE_SIZE), 0
            ).astype(np.int32)
            for name, values in self.length.items()
        }
        return replace(self, length=lengths, blur=step)

    def normal(self, name: str) -> npt.NDArray[np.int32]:
        """Return a compressor's lengths of the pages that no one word fills."""
        lengths: npt.NDArray[np.int32] = self.length[name][self.kind == NORMAL]
        return lengths

    def figures(self) -> Figures:
        """Compute all that is told of it."""
        sampled = self.sample != 1
        rate = self.population / self.content.size if self.content.size else 1.0
        return Figures(
            self.sources,
            self.kernel,
            str(self.sample),
            self.blur,
            int(self.content.size),
            self.population,
            int(np.count_nonzero(self.kind == ZERO_FILLED)),
            int(np.count_nonzero(self.kind == SAME_FILLED)),
            self.duplicates,
            tuple(
                compressor_figures(name, self.normal(name), rate, self.times.get(name), sampled=sampled)
                for name in self.length
            ),
            self.entropy,
        )


def compressor_figures(
    name: str,
    lengths: npt.NDArray[np.int32],
    rate: float = 1.0,
    times: Times | None = None,
    *,
    sampled: bool = False,
) -> CompressorFigures:
    """Compute what a compressor makes of pages by their lengths, each of which stands for ``rate`` pages."""
    counts = np.bincount(lengths, minlength=_LENGTHS)
    refused = int(counts[0])
    counts[0] = 0
    stored = int(counts.sum())
    pool = pool_pages(counts, rate)
    compress_ns, decompress_ns = times or (None, None)
    ratio = stored * rate / pool if pool else None
    return CompressorFigures(
        name,
        stored,
        refused,
        int(counts[GOOGLE_LIMIT + 1 :].sum()) + refused,
        int(np.arange(_LENGTHS) @ counts),
        pool,
        ratio,
        _ratio_error(counts, rate) if sampled and stored else None,
        compress_ns,
        decompress_ns,
        {int(length): int(counts[length]) for length in np.flatnonzero(counts)},
    )


def pool_pages(counts: npt.NDArray[np.int64], rate: float = 1.0) -> int:
    """Return the pages of a zsmalloc pool that holds objects and nothing else: ``counts`` by length, times ``rate``.

    Each class is filled zspage by zspage, as ``ZsPool`` does where nothing is freed.
    """
    pool = ZsPool()
    objects: dict[int, float] = {}
    for length in np.flatnonzero(counts).tolist():
        size_class = int(pool.size_class[pool.get_size_class_index(length + ZS_HANDLE_SIZE)])
        objects[size_class] = objects.get(size_class, 0) + counts[length] * rate
    return sum(
        -(-round(number) // int(pool.objs_per_zspage[each])) * int(pool.pages_per_zspage[each])
        for each, number in objects.items()
    )


def _ratio_error(counts: npt.NDArray[np.int64], rate: float) -> float:
    """Return the standard error of a ratio of two sums over a sample, linearized (Cochran, Sampling Techniques, 6.3).

    The share of the population that was measured makes it smaller, to none where that is all.
    """
    number = int(counts.sum())
    room = footprints() / PAGE_SIZE
    mean = float(room @ counts) / number
    spread = float((1 - room / mean) ** 2 @ counts) / max(number - 1, 1)
    return float((max(1 - 1 / rate, 0.0) * spread / number) ** 0.5) / mean


@cache
def footprints() -> npt.NDArray[np.float64]:
    """Return what a page of each length takes of a well-filled pool, in bytes."""
    return np.array([0.0, *(footprint(length) for length in range(1, _LENGTHS))])


def entropy_classes(
    bits: npt.NDArray[np.uint8], lengths: dict[str, npt.NDArray[np.int32]]
) -> tuple[EntropyClass, ...]:
    """Compute the classes of entropy of pages, and how well each compresses; classes without a page are left out."""
    room = footprints()
    found = []
    for least in range(ENTROPY_CLASSES):
        mine = bits == least
        ratios: dict[str, float | None] = {}
        for name, values in lengths.items():
            stored = values[mine]
            stored = stored[stored > 0]
            ratios[name] = stored.size * PAGE_SIZE / float(room[stored].sum()) if stored.size else None
        if mine.any():
            found.append(EntropyClass(least, least + 1, int(np.count_nonzero(mine)), ratios))
    return tuple(found)


def about(measurement: Measurement) -> dict[str, Any]:
    """Return what a file of lengths says beside its rows, as a JSON object: neither names nor anything of a page."""
    return {
        "sources": [{**source.as_json(), "name": "", "incomplete": ""} for source in measurement.sources],
        "sample": str(measurement.sample),
        "blur": measurement.blur,
        "times": {name: list(times) for name, times in measurement.times.items()},
        "duplicates": measurement.duplicates,
        "twins": measurement.twins,
        "twin_groups": measurement.twin_groups,
        "entropy": [each.as_json() for each in measurement.entropy],
    }
