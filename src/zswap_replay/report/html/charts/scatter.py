"""Points in a plane: codecs by cost and ratio, the points of a sweep with their front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts import notes
from zswap_replay.report.html.charts.canvas import SMALL, Canvas, Frame, Key

_PLACES = ((9, 11), (-9, 0), (0, -13), (9, 0), (0, 13), (9, -11), (-9, 11), (-9, -11))
_FAR_PLACES = tuple(
    (round(far * dx), round(far * dy))
    for far in (26, 40, 56, 74)
    for dx, dy in ((0.7, 0.7), (0.7, -0.7), (-0.7, 0.7), (-0.7, -0.7), (0, 1), (1, 0), (0, -1), (-1, 0))
)
"""Pixels from a point to a label for which there is no room beside it, at the end of a line."""
_MOST_LABELS = 30
"""Labels that are written whatever they cover; of more, those that find no room are left out."""
_MOST_NAMES = 10
"""Labels that may have names beside them; of more the numbers alone are told apart."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point in the units of the axes, in the colour of ``slot``.

    ``label`` stands beside it where there is room; ``tip`` is the text that a reader sees who points at it.
    """

    x: float
    y: float
    slot: int
    label: str = ""
    tip: str = ""
    front: bool = False
    name: str = ""
    """Stands after the label where there is room for it."""


@dataclass(frozen=True, slots=True)
class ScatterChart:
    """Points, those of the front filled and joined by steps."""

    title: str
    x: str
    y: str
    points: Sequence[Point]
    keys: Sequence[tuple[str, int]] = ()
    height: float = 340
    from_zero: bool = False
    """Whether the y axis begins at 0."""
    joined: Literal["steps", "straight", "not"] = "steps"
    """How the points of the front are joined: by steps where less of both figures is better."""

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        xs, ys = [point.x for point in self.points], [point.y for point in self.points]
        low, high = _range(ys, from_zero=self.from_zero)
        ticks = on.ticks_for(
            low, high, max(2, int((self.height - Frame().top - Frame().bottom) / 52)), quarters=True
        )
        keys = [Key(name, canvas.theme.series(slot)) for name, slot in self.keys]
        figure, head = on.new_figure(canvas, self.height, self.title, keys)
        axes = on.add_axes(
            figure, canvas, Frame(left=on.left_margin(canvas, on.tick_texts(ticks)), right=26), head
        )
        on.set_y(axes, ticks, low, high)
        on.set_x(axes, canvas, *_range(xs, from_zero=False))
        on.grid(axes, canvas, "y")
        on.grid(axes, canvas, "x")
        on.label_axes(axes, canvas, self.x, self.y)
        front = sorted((point for point in self.points if point.front), key=lambda p: (p.x, -p.y))
        if len(front) > 1 and self.joined != "not":
            axes.plot(
                [point.x for point in front],
                [point.y for point in front],
                drawstyle="steps-post" if self.joined == "steps" else "default",
                color=canvas.theme["limit"],
                linewidth=1.3,
                linestyle=(0, (5, 3)),
                zorder=2,
            )
        for point in sorted(self.points, key=lambda p: p.front):
            self._draw_point(axes, canvas, point)
        self._label(axes, canvas)
        return figure

    def _draw_point(self, axes: Axes, canvas: Canvas, point: Point) -> None:
        colour = canvas.theme.series(point.slot)
        filled = point.front or not any(other.front for other in self.points)
        (drawn,) = axes.plot(
            [point.x],
            [point.y],
            marker="o",
            linestyle="none",
            clip_on=False,
            zorder=4 if filled else 3,
            markersize=8.5 if filled else 6,
            markeredgewidth=1.4,
            markerfacecolor=colour if filled else canvas.theme["surface"],
            markeredgecolor=canvas.theme["surface"] if filled else colour,
        )
        on.mark(drawn, point.tip or point.label)

    def _label(self, axes: Axes, canvas: Canvas) -> None:
        """Label points: with label and name where there is room for both, else with the label alone.

        A label that has no room beside its point stands farther away, at the end of a line.
        """
        box = axes.get_position()
        wide, tall = box.width * canvas.width, box.height * axes.figure.get_figheight() * on.PIXELS_PER_INCH  # type: ignore[union-attr]
        (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()

        def pixel(point: Point) -> tuple[float, float]:
            return (point.x - x0) / (x1 - x0) * wide, (point.y - y0) / (y1 - y0) * tall

        taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in map(pixel, self.points)]
        labelled = [point for point in self.points if point.label]
        whole = len(labelled) <= _MOST_NAMES
        for point in labelled:
            texts = [f"{point.label} · {point.name}"] if whole and point.name else []
            tries = [(text, place) for text in (*texts, point.label) for place in (*_PLACES, *_FAR_PLACES)]
            areas = [(_area(text, pixel(point), place), text, place) for text, place in tries]
            inside = [each for each in areas if _inside(each[0], wide, tall)] or areas
            # where all are covered, the one that is covered least
            area, text, place = min(inside, key=lambda each: sum(_overlap(each[0], box) for box in taken))
            if len(labelled) > _MOST_LABELS and any(_overlap(area, box) for box in taken):
                continue
            taken.append(area)
            self._write_label(axes, canvas, point, text, place)

    def _write_label(
        self, axes: Axes, canvas: Canvas, point: Point, text: str, place: tuple[int, int]
    ) -> None:
        dx = place[0]
        line = {
            "arrowstyle": "-",
            "color": canvas.theme["muted"],
            "linewidth": 0.8,
            "shrinkA": 1,
            "shrinkB": 4,
        }
        label = axes.annotate(
            text,
            (point.x, point.y),
            xytext=place,
            textcoords="offset points",
            ha="right" if dx < 0 else "left" if dx > 0 else "center",
            va="center",
            fontsize=SMALL,
            color=canvas.theme["text"],
            zorder=5,
            annotation_clip=False,
            arrowprops=line if place in _FAR_PLACES else None,
        )
        notes.halo(label, canvas)


def _area(text: str, at: tuple[float, float], place: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the box of a text that stands at a place beside a point: left, bottom, right, top, in pixels."""
    (x, y), (dx, dy) = at, place
    length = on.text_width(text, SMALL)
    left = x + dx - (length if dx < 0 else 0 if dx > 0 else length / 2)
    return left, y + dy - 6, left + length, y + dy + 6


def _inside(area: tuple[float, float, float, float], wide: float, tall: float) -> bool:
    return area[0] >= 0 and area[2] <= wide + 22 and area[1] >= -4 and area[3] <= tall + 8


def _range(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    floor = low - 0.12 * span
    if from_zero or (low >= 0 and floor < 0) or low == high:
        floor = min(0.0, low)
    return floor, high + 0.12 * span


def _overlap(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
