"""Lines over the values of a setting, which stand at equal distances in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts.canvas import SMALL, Canvas, Frame, Key
from zswap_replay.report.html.text import short

_AROUND = Frame().top + Frame().bottom
_MOST_LETTERS = 12


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A value at one setting: the setting's index, the value in the axis' unit, and the text for who points at it."""

    place: int
    value: float
    tip: str
    hollow: bool = False
    """Whether the point is marked as one not to be taken for a good one."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, in the order of their places, in the colour of ``slot``."""

    name: str
    slot: int
    points: Sequence[CurvePoint]


@dataclass(frozen=True, slots=True)
class CurveChart:
    """Curves over one setting. ``most`` ends the scale, which begins at 0 and which several charts may share."""

    title: str
    x: str
    y: str
    settings: Sequence[str]
    """The values of the setting, in their order."""
    curves: Sequence[Curve]
    most: float
    height: float = 300

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        high = self.most * 1.08 or 1.0
        ticks = on.ticks_for(0, high, max(2, int((self.height - _AROUND) / 38)), quarters=True)
        keys = [Key(curve.name, canvas.theme.series(curve.slot)) for curve in self.curves if curve.name]
        figure, head = on.new_figure(canvas, self.height, self.title, keys)
        frame = Frame(left=on.left_margin(canvas, on.tick_texts(ticks)), right=14)
        axes = on.add_axes(figure, canvas, frame, head)
        on.set_y(axes, ticks, 0, high)
        axes.set_xlim(-0.5, len(self.settings) - 0.5)
        wide = (canvas.width - frame.left - frame.right) / len(self.settings)
        names = [short(setting, _MOST_LETTERS) for setting in self.settings]
        every = max(1, -(-int(max(on.text_width(name, SMALL) for name in names) + 10) // max(int(wide), 1)))
        shown = [place for place in range(len(names)) if place % every == 0]
        axes.set_xticks(shown, [names[place] for place in shown])
        on.grid(axes, canvas)
        on.label_axes(axes, canvas, self.x, self.y)
        for curve in self.curves:
            _draw_curve(axes, canvas, curve)
        return figure


def _draw_curve(axes: Axes, canvas: Canvas, curve: Curve) -> None:
    colour = canvas.theme.series(curve.slot)
    points = sorted(curve.points, key=lambda point: point.place)
    axes.plot(
        [point.place for point in points],
        [point.value for point in points],
        color=colour,
        linewidth=2.0,
        solid_joinstyle="round",
        zorder=3,
    )
    for point in points:
        (drawn,) = axes.plot(
            [point.place],
            [point.value],
            marker="o",
            linestyle="none",
            markersize=7,
            markeredgewidth=1.6,
            markerfacecolor=canvas.theme["surface"] if point.hollow else colour,
            markeredgecolor=colour,
            clip_on=False,
            zorder=4,
        )
        on.mark(drawn, point.tip)
