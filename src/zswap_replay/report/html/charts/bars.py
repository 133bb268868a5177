"""Horizontal bars in groups, each bar of one part or of several, with its value beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts import notes
from zswap_replay.report.html.charts.canvas import FONT, SMALL, Canvas, Frame
from zswap_replay.report.html.text import short

_BAR = 14.0
_ROW = 24.0
_HEADING = 22.0
_GAP = 8.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its parts in a row, each a length in the axis' unit and a colour slot, its text, and a limit to mark."""

    name: str
    parts: Sequence[tuple[float, int]]
    text: str
    limit: float | None = None

    @property
    def whole(self) -> float:
        """Length of the bar, in the axis' unit."""
        return sum(value for value, _slot in self.parts)


@dataclass(frozen=True, slots=True)
class BarChart:
    """Groups of bars, such as a memcg's with a bar for each run, on one scale that begins at 0."""

    title: str
    groups: Sequence[tuple[str, Sequence[Bar]]]

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        rows = sum(len(bars) for _name, bars in self.groups)
        height = (
            8 + rows * _ROW + len(self.groups) * _GAP + _HEADING * sum(bool(name) for name, _b in self.groups)
        )
        figure, head = on.new_figure(canvas, height, self.title)
        bars = [bar for _name, each in self.groups for bar in each]
        names = [short(bar.name, 16) for bar in bars]
        left = max((on.text_width(name, SMALL) + 10 for name in names if name), default=0.0)
        right = 16 + max((on.text_width(bar.text, SMALL) for bar in bars), default=0.0)
        axes = on.add_axes(figure, canvas, Frame(canvas.edge + left, right, 4, 4), head)
        peak = max([bar.whole for bar in bars] + [bar.limit or 0.0 for bar in bars], default=0.0) or 1.0
        axes.set_xlim(0, peak)
        axes.set_ylim(height - 8, 0)
        axes.axis("off")
        per_pixel = peak / (canvas.width - canvas.edge - left - right)
        most = int((canvas.width - 16) / (FONT * 0.62))
        y = 0.0
        for name, each in self.groups:
            if name:
                notes.beside(
                    axes, canvas, short(name, most), -left * per_pixel, y + _HEADING / 2, role="text"
                )
                y += _HEADING
            for bar in each:
                self._draw_bar(axes, canvas, bar, y + _ROW / 2, name, per_pixel)
                if bar.name:
                    notes.beside(axes, canvas, short(bar.name, 16), -left * per_pixel, y + _ROW / 2)
                y += _ROW
            y += _GAP
        return figure

    def _draw_bar(self, axes: Axes, canvas: Canvas, bar: Bar, y: float, group: str, per_pixel: float) -> None:
        start = 0.0
        about = " ".join(filter(None, (group, bar.name)))
        for value, slot in bar.parts:
            (drawn,) = axes.barh(
                y,
                value,
                _BAR,
                left=start,
                facecolor=canvas.theme.series(slot),
                edgecolor=canvas.theme["surface"],
                linewidth=1,
            )
            if value:
                on.mark(drawn, ", ".join(filter(None, (about, bar.text))))
            start += value
        if not bar.whole:
            axes.plot([0, 0], [y - _BAR / 2, y + _BAR / 2], color=canvas.theme["limit"], linewidth=1.2)
        if bar.limit is not None:
            axes.plot(
                [bar.limit, bar.limit],
                [y - _BAR / 2 - 3, y + _BAR / 2 + 3],
                color=canvas.theme["text"],
                linewidth=2,
                clip_on=False,
            )
        beside = bar.whole if bar.limit is None else max(bar.whole, bar.limit)
        notes.beside(axes, canvas, bar.text, beside + 7 * per_pixel, y, role="text")
