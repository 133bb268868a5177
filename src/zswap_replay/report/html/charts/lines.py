"""Lines over time, with their names at their ends and dashed limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zswap_replay.report.html.charts import canvas as on
from zswap_replay.report.html.charts import notes
from zswap_replay.report.html.charts.canvas import SMALL, Canvas, Frame, Key
from zswap_replay.report.html.text import short

_AROUND = Frame().top + Frame().bottom
_LABEL_GAP = 14.0
_ABOVE = 10.0
"""Pixels above the axes that the name of a limit may take."""
_LABEL_CHARACTERS = 18
_FAR = 3.0
"""A limit more than this many times above all data is named, not drawn: the data would lie flat."""


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity over time: ``y`` (in the axis' unit) at ``x``, in the colour of ``slot``.

    ``end`` is the text of its last value.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    slot: int
    end: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit over time, drawn in steps and named by ``text``; where ``y`` is None there is no limit."""

    x: Sequence[float]
    y: Sequence[float | None]
    text: str
    below: bool = False

    @property
    def peak(self) -> float:
        """Highest value of the limit."""
        return max(value for value in self.y if value is not None)


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over one time axis, with their limits."""

    title: str
    x: str
    y: str
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()
    height: float = 250
    named: bool = True
    """Whether the lines' names stand at their ends; otherwise in a legend."""
    until: float | None = None
    """The end of the time axis, where that is not the end of its lines."""

    def draw(self, canvas: Canvas) -> Figure:
        """Draw the chart."""
        peak = max((max(line.y) for line in self.lines), default=0.0)
        near = [limit for limit in self.limits if limit.peak <= max(peak, 1e-12) * _FAR]
        high = max([peak, *(limit.peak for limit in near)]) * 1.08 or 1.0
        ticks = on.ticks_for(
            0, high, max(2, int((self.height - _AROUND) / 38)), whole=_whole(self.lines), quarters=True
        )
        names = [short(line.name, _LABEL_CHARACTERS) for line in self.lines] if self.named else []
        ends = [line.end for line in self.lines]
        room = max((on.text_width(text, SMALL) for text in (*names, *ends)), default=0.0)
        frame = Frame(left=on.left_margin(canvas, on.tick_texts(ticks)), right=14 + room if room else 14)
        keys = (
            [Key(line.name, canvas.theme.series(line.slot)) for line in self.lines] if not self.named else []
        )
        figure, head = on.new_figure(canvas, self.height, self.title, keys)
        axes = on.add_axes(figure, canvas, frame, head)
        last = self.until or max((line.x[-1] for line in self.lines), default=1.0)
        on.set_y(axes, ticks, 0, high)
        on.set_x(axes, canvas, 0, last or 1.0)
        on.grid(axes, canvas)
        on.label_axes(axes, canvas, self.x, self.y)
        for limit in near:
            _draw_limit(axes, canvas, limit, last, self.lines)
        self._say_far(axes, canvas, [limit for limit in self.limits if limit not in near])
        for line in self.lines:
            self._draw_line(axes, canvas, line)
        self._label_ends(axes, canvas, names)
        return figure

    def _draw_line(self, axes: Axes, canvas: Canvas, line: Line) -> None:
        colour = canvas.theme.series(line.slot)
        x, y = thin(line.x, line.y, int(canvas.width))
        (drawn,) = axes.plot(x, y, color=colour, linewidth=2.0, solid_joinstyle="round", zorder=3)
        on.mark(drawn, f"{line.name}: {line.end}" if line.end else line.name)
        axes.plot([x[-1]], [y[-1]], marker="o", markersize=5, color=colour, clip_on=False, zorder=4)

    def _say_far(self, axes: Axes, canvas: Canvas, far: Sequence[Limit]) -> None:
        if far:
            words = ", ".join(limit.text for limit in far)
            notes.inside(axes, canvas, f"↑ {words}", 0.01, 1.0)

    def _label_ends(self, axes: Axes, canvas: Canvas, names: Sequence[str]) -> None:
        low, high = axes.get_ylim()
        tall = self.height - _AROUND
        texts = names or [line.end for line in self.lines]
        gap = _LABEL_GAP * (2 if self.named and any(line.end for line in self.lines) else 1)
        heights = [line.y[-1] / (high - low) * tall for line in self.lines]
        for line, text, height in zip(self.lines, texts, spread(heights, gap, tall), strict=True):
            if not text:
                continue
            colour = canvas.theme.series(line.slot)
            words = f"{text}\n{line.end}" if self.named and line.end else text
            axes.annotate(
                words,
                (line.x[-1], height / tall),
                xycoords=("data", "axes fraction"),
                xytext=(9, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL,
                color=colour,
                annotation_clip=False,
                linespacing=1.15,
            )


def _draw_limit(axes: Axes, canvas: Canvas, limit: Limit, last: float, lines: Sequence[Line]) -> None:
    y = [np.nan if value is None else value for value in (limit.y[0], *limit.y, limit.y[-1])]
    x = [0.0, *limit.x, max(last, limit.x[-1])]
    named = next(place for place, value in enumerate(y) if not np.isnan(value))
    axes.step(
        x,
        y,
        where="post",
        color=canvas.theme["limit"],
        linewidth=1.3,
        linestyle=(0, (1.2, 2.2)) if limit.below else (0, (5, 3)),
        zorder=2,
    )
    places = [(x[named], y[named], below, False) for below in (limit.below, not limit.below)]
    if len(set(limit.y)) == 1:  # its other end bears the same name
        places += [(x[-1], y[-1], below, True) for below in (limit.below, not limit.below)]
    covered = [_covered(axes, canvas, limit.text, place, lines) for place in places]
    at, level, below, right = places[covered.index(min(covered))]
    notes.at(axes, canvas, limit.text, at, level, below=below, right=right)


def _covered(
    axes: Axes, canvas: Canvas, text: str, place: tuple[float, float, bool, bool], lines: Sequence[Line]
) -> int:
    """Count the places, of 20 along a text, at which a line would run through it; 1000 where the text does not fit."""
    at, level, below, right = place
    box, (x0, x1), (y0, y1) = axes.get_position(), axes.get_xlim(), axes.get_ylim()
    wide = (on.text_width(text, SMALL) + 10) * (x1 - x0) / (box.width * canvas.width)
    pixel = (y1 - y0) / (box.height * axes.figure.get_figheight() * on.PIXELS_PER_INCH)  # type: ignore[union-attr]
    tall = 18 * pixel
    if not y0 <= (level - tall if below else level + tall) <= y1 + _ABOVE * pixel:
        return 1000
    low, high = (level - tall, level) if below else (level, level + tall)
    along = np.linspace(at - wide if right else at, at if right else at + wide, 20)
    found = [np.interp(along, line.x, line.y) for line in lines]
    return sum(int(((heights > low) & (heights < high)).sum()) for heights in found)


def _whole(lines: Sequence[Line]) -> bool:
    return all(isinstance(value, int) for line in lines for value in line.y)


def spread(heights: Sequence[float], gap: float, most: float) -> list[float]:
    """Move heights apart until each is ``gap`` from the next, in their order and, where they fit, below ``most``."""
    order = sorted(range(len(heights)), key=lambda place: (heights[place], -place))
    placed = dict.fromkeys(order, 0.0)
    low = -gap
    for place in order:
        low = max(heights[place], low + gap)
        placed[place] = low
    high = most + gap
    for place in reversed(order):
        high = min(placed[place], high - gap)
        placed[place] = high
    return [placed[place] for place in range(len(heights))]


def thin(x: Sequence[float], y: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """Thin a line to about ``most`` points: the first, least and greatest of each stretch, in their order.

    The first and last points are kept, and so are the least and the greatest value of all.
    """
    if len(x) <= most:
        return list(x), list(y)
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    edges = np.linspace(0, len(xs), max(most // 3, 1) + 1).astype(np.int64)
    kept = {0, len(xs) - 1}
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        piece = ys[start:stop]
        kept.update((start, start + int(piece.argmin()), start + int(piece.argmax())))
    places = sorted(kept)
    return xs[places].tolist(), ys[places].tolist()
