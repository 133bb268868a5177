"""A heat map: cells over two axes, coloured by value, with the value written in where there is room."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts.canvas import SMALL, Canvas, Frame, Key
from zswap_replay.report.html.charts.theme import HEAT_STEPS
from zswap_replay.report.html.text import short

_LEAST_CELL = 34.0
_CROSS = "×"


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Values by column and row; ``low`` and ``high`` are the ends of the scale, which several maps may share."""

    title: str
    x: str
    y: str
    columns: Sequence[str]
    rows: Sequence[str]
    values: Mapping[tuple[int, int], float]
    """By index in ``columns`` and in ``rows``; a cell without a value stays empty."""
    texts: Mapping[tuple[int, int], str]
    tips: Mapping[tuple[int, int], str]
    low: float
    high: float
    crossed: Collection[tuple[int, int]] = ()
    """Cells that get a cross: their settings are not to be taken for good ones."""
    scale: tuple[str, str] = ("", "")
    """Texts of ``low`` and ``high``, for a map that stands alone."""

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        names = [short(row, 16) for row in self.rows]
        left = on.left_margin(canvas, names)
        wide = (canvas.width - left - 12) / len(self.columns)
        tall = min(44.0, max(18.0, 260.0 / len(self.rows)))
        height = 26 + tall * len(self.rows) + 40
        keys = [
            Key(self.scale[0], canvas.theme["heat-0"]),
            Key(self.scale[1], canvas.theme[f"heat-{HEAT_STEPS - 1}"]),
        ]
        figure, head = on.new_figure(canvas, height, self.title, keys)
        axes = on.add_axes(figure, canvas, Frame(left=left), head)
        axes.set_xlim(0, len(self.columns))
        axes.set_ylim(0, len(self.rows))
        axes.spines["bottom"].set_visible(False)
        every = _every(self.columns, wide)
        shown = [(place, text) for place, text in enumerate(self.columns) if place % every == 0]
        axes.set_xticks([place + 0.5 for place, _t in shown], [short(text, 12) for _p, text in shown])
        axes.set_yticks([place + 0.5 for place in range(len(names))], names)
        on.label_axes(axes, canvas, self.x, self.y)
        written = wide >= max(
            _LEAST_CELL, 8 + max((on.text_width(self._text(at), SMALL) for at in self.texts), default=0)
        )
        gap_x, gap_y = 1.5 / wide, 1.5 / tall
        for place, value in self.values.items():
            self._draw_cell(axes, canvas, place, step_of(value, self.low, self.high), gap_x, gap_y, written)
        return figure

    def _draw_cell(
        self,
        axes: Axes,
        canvas: Canvas,
        place: tuple[int, int],
        step: int,
        gap_x: float,
        gap_y: float,
        written: bool,
    ) -> None:
        x, y = place
        cell = Rectangle(
            (x + gap_x / 2, y + gap_y / 2),
            1 - gap_x,
            1 - gap_y,
            facecolor=canvas.theme[f"heat-{step}"],
            linewidth=0,
        )
        axes.add_patch(cell)
        on.mark(cell, self.tips.get(place, ""))
        text = self._text(place) if written else _CROSS * (place in self.crossed)
        if text:
            axes.text(
                x + 0.5,
                y + 0.5,
                text,
                ha="center",
                va="center_baseline",
                fontsize=SMALL,
                color=canvas.theme[f"heat-text-{step}"],
            )

    def _text(self, place: tuple[int, int]) -> str:
        text = self.texts.get(place, "")
        return f"{_CROSS} {text}" if place in self.crossed else text


def step_of(value: float, low: float, high: float) -> int:
    """Return the step of a heat map's colours, from 0, that a value falls in; the middle one where all are equal."""
    if high <= low:
        return HEAT_STEPS // 2
    return min(HEAT_STEPS - 1, int((value - low) / (high - low) * HEAT_STEPS))


def _every(names: Sequence[str], wide: float) -> int:
    widest = max(on.text_width(short(name, 12), SMALL) for name in names) + 8
    return max(1, -(-int(widest) // max(int(wide), 1)))
