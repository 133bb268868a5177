"""The parts of a report before it is HTML or PNG: figures, charts and tables in sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zswap_replay.report.html.charts.canvas import Canvas

Span = Literal["full", "half", "third"]


class Drawing(Protocol):
    """Plain data that can draw itself."""

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the data on a canvas."""


@dataclass(frozen=True, slots=True)
class LegendKey:
    """A name beside the colour of a series, or beside a dashed line where ``slot`` is None."""

    name: str
    slot: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the ``name`` of its file, its title, a ``note`` below that, and its content in words (``told``)."""

    name: str
    title: str
    drawing: Drawing
    note: str = ""
    told: str = ""
    legend: Sequence[LegendKey] = ()
    span: Span = "third"


@dataclass(frozen=True, slots=True)
class Figures:
    """One headline figure: its name and, for each run, the run's name, colour slot (or None), value and remark."""

    name: str
    values: Sequence[tuple[str, int | None, str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first ``text_columns`` are names, the others numbers. ``hints`` explain the headings."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1
    hints: Sequence[str] = ()
    units: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. ``folded`` shows its title alone until it is opened."""

    title: str
    intro: str = ""
    legend: Sequence[LegendKey] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    heat_scale: tuple[str, str] | None = None
    """Texts of the least and the greatest value of the section's heat maps."""
    text: str = ""
    """Text that keeps its lines."""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report."""

    title: str
    about: Sequence[str]
    sections: Sequence[Section]
    figures: Sequence[Figures] = ()
    warnings: Sequence[str] = ()
    explained: Sequence[tuple[str, Sequence[str]]] = ()
    """What happened, in sentences, for each result with its name; the name of a single one is empty."""

    def charts(self) -> Iterator[Chart]:
        """Yield all charts, in their order."""
        return (chart for section in self.sections for chart in section.charts)
