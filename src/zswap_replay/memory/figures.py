"""What is told of measured pages: plain figures, for people, programs and pages of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zswap_replay.units import PAGE_SIZE

GOOGLE_LIMIT: Final = 2990
"""Bytes above which Google's machines keep a page uncompressed (Software-Defined Far Memory, ASPLOS 2019)."""

BIN: Final = 64
"""Bytes of a bin of the histograms of JSON."""


@dataclass(frozen=True, slots=True)
class CompressorFigures:
    """What a compressor makes of the pages that no one word fills."""

    name: str
    stored: int
    """Pages that zswap would store."""
    incompressible: int
    """Pages above what the pool takes: those that the compressor refuses."""
    above_limit: int
    """Pages of more than ``GOOGLE_LIMIT`` bytes, with those that are refused."""
    length_bytes: int
    """Sum of the lengths of the stored pages."""
    pool_pages: int
    """Whole pages of a zsmalloc pool that holds them and nothing else, class by class."""
    ratio: float | None
    """Bytes of the stored pages over those of the pool; None where nothing is stored."""
    ratio_error: float | None
    """Standard error of ``ratio`` by the choice of the sample; None where all pages were measured."""
    compress_ns: float | None
    """Processor time to compress a page, on the machine that measured; None where it is not known."""
    decompress_ns: float | None
    histogram: Mapping[int, int]
    """Stored pages by length in bytes."""

    @property
    def length_ratio(self) -> float | None:
        """Bytes of the stored pages over their lengths, as though a pool added nothing."""
        return self.stored * PAGE_SIZE / self.length_bytes if self.length_bytes else None

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a JSON object."""
        bins: dict[int, int] = {}
        for length, pages in self.histogram.items():
            place = (length - 1) // BIN
            bins[place] = bins.get(place, 0) + pages
        return {
            "ratio": self.ratio,
            "ratio_error": self.ratio_error,
            "length_ratio": self.length_ratio,
            "stored": self.stored,
            "incompressible": self.incompressible,
            f"above_{GOOGLE_LIMIT}": self.above_limit,
            "length_bytes": self.length_bytes,
            "pool_pages": self.pool_pages,
            "compress_ns": self.compress_ns,
            "decompress_ns": self.decompress_ns,
            "histogram": [
                {"first": place * BIN + 1, "last": (place + 1) * BIN, "pages": bins[place]}
                for place in sorted(bins)
            ],
        }


@dataclass(frozen=True, slots=True)
class EntropyClass:
    """Pages whose bytes have ``least`` to less than ``most`` bits of entropy each."""

    least: int
    most: int
    pages: int
    ratios: Mapping[str, float | None]
    """By compressor: bytes of the stored pages over what they take of a well-filled pool."""

    def as_json(self) -> dict[str, Any]:
        """Return the class as a JSON object."""
        return {"least": self.least, "most": self.most, "pages": self.pages, "ratios": dict(self.ratios)}


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """One source: its kind, its pages, and those that were left out by reason."""

    name: str
    """Empty in a file of lengths, which does not say where pages came from."""
    kind: str
    pages: int
    """Pages that it has; with a sample more than were measured."""
    left_out: Mapping[str, int]
    incomplete: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the source as a JSON object."""
        return {
            "name": self.name,
            "kind": self.kind,
            "pages": self.pages,
            "left_out": dict(self.left_out),
            "incomplete": self.incomplete,
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is told of a measurement, or of a file of lengths."""

    sources: tuple[SourceFigures, ...]
    kernel: str
    sample: str
    """The share that was measured, ``1/16``; ``1`` for all."""
    blur: int
    """Bytes to whose multiples lengths are rounded; 1 for none."""
    pages: int
    """Pages that were measured."""
    population: int
    """Pages that they stand for."""
    zero: int
    same_filled: int
    """Pages that one word fills which is not zero."""
    duplicates: int | None
    """Pages that equal an earlier one, of those that no one word fills; None where that is not known."""
    compressors: tuple[CompressorFigures, ...]
    entropy: tuple[EntropyClass, ...]
    """Empty where it is not known."""

    @property
    def other(self) -> int:
        """Pages that no one word fills, which are a compressor's."""
        return self.pages - self.zero - self.same_filled

    @property
    def sampled(self) -> bool:
        """Whether a part of the pages was measured."""
        return self.sample != "1"

    def share(self, pages: int) -> float:
        """Return a number of pages as a share of those that were measured."""
        return pages / self.pages if self.pages else 0.0

    def share_error(self, pages: int) -> float | None:
        """Return the standard error of a share by the choice of the sample; None where all pages were measured."""
        if not self.sampled or not self.pages:
            return None
        share = self.share(pages)
        left = max(1 - self.pages / self.population, 0.0)
        return float((left * share * (1 - share) / self.pages) ** 0.5)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a JSON object."""
        kinds = {"zero": self.zero, "same_filled": self.same_filled, "duplicates": self.duplicates}
        return {
            "sources": [source.as_json() for source in self.sources],
            "kernel": self.kernel,
            "sample": self.sample,
            "blur": self.blur,
            "pages": self.pages,
            "population": self.population,
            **kinds,
            "shares": {name: None if pages is None else self.share(pages) for name, pages in kinds.items()},
            "share_errors": {
                name: None if pages is None else self.share_error(pages) for name, pages in kinds.items()
            },
            "compressors": {each.name: each.as_json() for each in self.compressors},
            "entropy": [each.as_json() for each in self.entropy],
        }
