"""Lengths of many contents as arrays: what is known, and what processes send each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

UNMEASURED: Final = -1
"""The length of a page whose kind alone is known: one that is same-filled, and that no compressor has seen."""


@dataclass(frozen=True, slots=True, eq=False)
class LengthTable:
    """Lengths under one compressor: three arrays of equal size."""

    content: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int32]
    """1 to 4096 bytes; 0 where the compressor refuses the page; UNMEASURED where only its kind is known."""
    kind: npt.NDArray[np.uint8]
    """0 for most pages, 1 for zero pages, 2 for pages of another 8-byte word; the class above `CLASS_SHIFT`."""

    @classmethod
    def of_rows(cls, rows: list[tuple[int, int, int]]) -> LengthTable:
        """Make a table of rows (content, length, kind)."""
        content, length, kind = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(np.array(content, np.uint64), np.array(length, np.int32), np.array(kind, np.uint8))

    @classmethod
    def joined(cls, tables: Iterable[LengthTable]) -> LengthTable:
        """Join the rows of some tables, one table behind the other."""
        parts = [*tables, cls.of_rows([])]
        return cls(
            np.concatenate([part.content for part in parts]),
            np.concatenate([part.length for part in parts]),
            np.concatenate([part.kind for part in parts]),
        )
