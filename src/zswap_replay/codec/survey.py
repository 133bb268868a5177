"""How often each class occurs in a run of contents, and how well compressors do on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zswap_replay.codec.footprint import footprint
from zswap_replay.units import PAGE_SIZE

if TYPE_CHECKING:
    from zswap_replay.codec.base import Codec
    from zswap_replay.payload.source import PageSource

_TOLD_EVERY = 256
"""Pages after which progress is told: some milliseconds."""


@dataclass(slots=True)
class Yield:
    """What one compressor made of the pages of a class; refused pages are in `refused` alone."""

    stored: int = 0
    refused: int = 0
    length: int = 0
    """Sum of the compressed lengths in bytes."""
    pool: float = 0.0
    """Bytes of a zsmalloc pool that they take (codec.footprint)."""

    @property
    def ratio(self) -> float | None:
        """Bytes of the stored pages over their lengths; None where none was stored."""
        return self.stored * PAGE_SIZE / self.length if self.length else None

    @property
    def pool_ratio(self) -> float | None:
        """Bytes of the stored pages over what they take of the pool; None where none was stored."""
        return self.stored * PAGE_SIZE / self.pool if self.pool else None

    def add(self, length: int | None) -> None:
        """Count one page of that compressed length, None for a refused one."""
        if length is None:
            self.refused += 1
        else:
            self.stored += 1
            self.length += length
            self.pool += footprint(length)


@dataclass(slots=True)
class ClassSurvey:
    """One class: its pages and, in the order of the compressors, what became of those not same-filled."""

    name: str
    yields: list[Yield] = field(default_factory=list)
    pages: int = 0


def survey(
    source: PageSource,
    pages: int,
    codecs: Sequence[Codec],
    write: Callable[[bytes], object] | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[ClassSurvey]:
    """Make contents 0 to pages - 1, hand each to `write`, and compress those that are not same-filled.

    One row for each class that occurs, by name, and a last one named ``all``. `progress` is told now and then the
    pages done, the pages in all, and ``pages``.
    """
    total = ClassSurvey("all", [Yield() for _ in codecs])
    rows: dict[str, ClassSurvey] = {}
    for content in range(pages):
        if progress is not None and not content % _TOLD_EVERY:
            progress(content, pages, "pages")
        page = source.page(content)
        if write:
            write(page)
        name = source.class_of(content)
        row = rows.setdefault(name, ClassSurvey(name, [Yield() for _ in codecs]))
        row.pages += 1
        total.pages += 1
        if source.same_filled(content) is not None:
            continue
        for codec, mine, every in zip(codecs, row.yields, total.yields, strict=True):
            data = codec.compress(page)
            length = None if data is None else len(data)
            mine.add(length)
            every.add(length)
    return [*(rows[name] for name in sorted(rows)), total]
