"""What pages of a recipe hold and how well compressors do on them, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import number

if TYPE_CHECKING:
    from zswap_replay.codec.survey import ClassSurvey

_COLUMNS = ("ratio", "pool", "refused")
"""What is shown of each compressor."""


def table(rows: Sequence[ClassSurvey], compressors: Sequence[str]) -> Grid:
    """Tabulate classes of pages, the last row being the sum: pages, and ratios and refused pages by compressor."""
    made = Grid("class", "pages", *(f"{name} {what}" for name in compressors for what in _COLUMNS))
    for row in rows:
        if row is rows[-1]:
            made.add_row()
        cells = [number(row.pages)]
        for found in row.yields:
            cells += [_ratio(found.ratio), _ratio(found.pool_ratio), number(found.refused)]
        made.add_row(row.name, *cells)
    return made


def _ratio(ratio: float | None) -> Text:
    return Text("-", style="dim") if ratio is None else Text(f"{ratio:.2f}")
