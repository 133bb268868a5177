"""A histogram of compressed lengths and, below it, the memory that zsmalloc's size classes add to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts import notes
from zswap_replay.report.html.charts.canvas import Canvas, Frame

_UPPER = 150.0
_LOWER = 80.0
_TOP = 26.0
_BETWEEN = 30.0
_BOTTOM = 40.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Lengths ``first`` to ``last`` bytes: number of pages, and MiB of pool beyond their bytes (None: unknown)."""

    first: int
    last: int
    pages: int
    waste: float | None


@dataclass(frozen=True, slots=True)
class LengthChart:
    """The bins of one compressor. ``most_pages`` and ``most_waste`` end the scales, which several charts share."""

    title: str
    bins: Sequence[Bin]
    slot: int
    median: int
    most_pages: int
    most_waste: float | None

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        waste = self.most_waste
        height = _TOP + _UPPER + _BOTTOM + (0 if waste is None else _BETWEEN + _LOWER)
        figure, head = on.new_figure(canvas, height, self.title)
        high, pages = _scale(float(self.most_pages), 3, whole=True)
        texts = on.tick_texts(pages)
        deep, lost = _scale(waste or 0.0, 2, whole=False)
        texts += on.tick_texts(lost)
        frame = Frame(left=on.left_margin(canvas, texts), right=20, top=_TOP)
        upper = on.add_axes(figure, canvas, frame, head, height=_UPPER)
        self._draw_bins(upper, canvas, [float(each.pages) for each in self.bins])
        on.set_y(upper, pages, 0, high)
        x = "compressed length, bytes"
        on.label_axes(upper, canvas, x if waste is None else "", "pages stored")
        upper.axvline(self.median, color=canvas.theme["text"], linewidth=1.2, zorder=4)
        notes.at(upper, canvas, f"median {self.median:,}", self.median, high, right=self.median > 2600)
        if waste is None:
            return figure
        lower = on.add_axes(figure, canvas, frame, head, below=_UPPER + _BETWEEN, height=_LOWER)
        self._draw_bins(lower, canvas, [each.waste or 0.0 for each in self.bins])
        on.set_y(lower, lost, 0, deep)
        on.label_axes(lower, canvas, x, "MiB of pool beyond the compressed bytes")
        upper.set_xticklabels([])
        return figure

    def _draw_bins(self, axes: Axes, canvas: Canvas, values: Sequence[float]) -> None:
        colour = canvas.theme.series(self.slot)
        on.grid(axes, canvas)
        axes.set_xlim(0, 4096)
        ticks = range(0, 4097, 1024)
        axes.set_xticks(list(ticks), [f"{tick:,}" for tick in ticks])
        for each, value in zip(self.bins, values, strict=True):
            if value > 0:
                wide = each.last - each.first + 1
                (drawn,) = axes.bar(
                    each.first, value, wide * 0.86, align="edge", color=colour, linewidth=0, zorder=3
                )
                lost = "" if each.waste is None else f", {each.waste:,.3f} MiB beyond their bytes"
                on.mark(drawn, f"{each.first:,} to {each.last:,} bytes: {each.pages:,} pages{lost}")


def _scale(most: float, steps: int, *, whole: bool) -> tuple[float, list[float]]:
    high = most * 1.12 or 1.0
    return high, on.ticks_for(0, high, steps, whole=whole, quarters=True)
