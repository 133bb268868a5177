"""What all charts share: figures of a size in pixels, the same on every machine, with axes, ticks and labels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from zswap_replay.report.html.charts.theme import Theme
from zswap_replay.report.html.text import plain

PIXELS_PER_INCH = 72
FONT = 12.0
"""Pixels of the charts' text, where a chart is shown in its own size."""
SMALL = 11.0

_FAMILY = (
    "DejaVu Sans"  # comes with matplotlib, and is wider than the fonts of browsers: what fits it fits them
)
_RC: dict[str, Any] = {
    "figure.dpi": PIXELS_PER_INCH,
    "font.family": [_FAMILY],
    "font.size": FONT,
    "text.parse_math": False,  # a memcg may have a $ in its name
    "svg.fonttype": "none",
    "svg.hashsalt": "zswap-replay",
    "path.simplify": False,
    "axes.unicode_minus": True,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class Canvas:
    """The medium of a chart: its width in pixels, its colours, and whether it stands without a page around it."""

    width: int
    theme: Theme
    alone: bool = False
    """The figure then holds its title and legend itself, as a PNG does."""

    @property
    def edge(self) -> float:
        """Pixels that stay free at the left; in a page less, as the page has a margin around its charts."""
        return 12.0 if self.alone else 4.0

    def resized(self, width: int) -> Canvas:
        """Return the same canvas with another width, in pixels."""
        return replace(self, width=width)


@dataclass(frozen=True, slots=True)
class Frame:
    """Space around the axes, in pixels."""

    left: float = 8
    right: float = 12
    top: float = 26
    bottom: float = 40


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: a name and the colour of its marks."""

    name: str
    colour: str


@contextmanager
def drawing() -> Iterator[None]:
    """Set matplotlib's defaults and ours for the block, so that the user's matplotlibrc has no effect."""
    defaults = {name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith("backend")}
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        parameters: Any = mpl.rcParams
        parameters.update(defaults | _RC)
        yield


@lru_cache(4096)
def text_width(text: str, size: float = FONT, *, bold: bool = False) -> float:
    """Measure the width of a text, in pixels."""
    if not text.strip():
        return 0.0
    font = FontProperties(family=_FAMILY, weight="bold" if bold else "normal")
    path = TextPath((0, 0), text, size=size, prop=font, usetex=False)
    return float(path.get_extents().width)


def new_figure(
    canvas: Canvas, height: float, title: str = "", keys: Sequence[Key] = ()
) -> tuple[Figure, float]:
    """Make an empty figure of ``height`` pixels and, where it stands alone, its title and legend above that.

    Returns the figure and the height of title and legend, in pixels.
    """
    head = 0.0
    lines = _legend_lines(canvas, keys) if canvas.alone else []
    if canvas.alone:
        head = 34.0 + 20.0 * len(lines)
    figure = Figure(
        figsize=(canvas.width / PIXELS_PER_INCH, (height + head) / PIXELS_PER_INCH),
        facecolor=canvas.theme["surface"] if canvas.alone else "none",
    )
    if canvas.alone:
        total = height + head
        words = plain(title)
        size = min(14.0, 14.0 * (canvas.width - 24) / max(text_width(words, 14.0, bold=True), 1))
        figure.text(
            canvas.edge / canvas.width,
            1 - 20 / total,
            words,
            fontsize=size,
            weight="bold",
            color=canvas.theme["text"],
        )
        for place, line in enumerate(lines):
            _draw_legend(figure, canvas, line, total, 42.0 + 20.0 * place)
    return figure, head


def _legend_lines(canvas: Canvas, keys: Sequence[Key]) -> list[list[Key]]:
    lines: list[list[Key]] = []
    room = 0.0
    for key in keys:
        needs = 37 + text_width(key.name, SMALL)
        if not lines or needs > room:
            lines.append([])
            room = canvas.width - 24
        lines[-1].append(key)
        room -= needs
    return lines


def _draw_legend(figure: Figure, canvas: Canvas, line: list[Key], total: float, top: float) -> None:
    left = canvas.edge
    for key in line:
        y = 1 - top / total
        mark = Line2D(
            [left / canvas.width, (left + 11) / canvas.width],
            [y, y],
            color=key.colour,
            linewidth=9,
            transform=figure.transFigure,
            solid_capstyle="butt",
        )
        figure.add_artist(mark)
        figure.text(
            (left + 18) / canvas.width,
            y,
            key.name,
            fontsize=SMALL,
            va="center_baseline",
            color=canvas.theme["text"],
        )
        left += 37 + text_width(key.name, SMALL)


def add_axes(
    figure: Figure, canvas: Canvas, frame: Frame, head: float, *, below: float = 0, height: float = 0
) -> Axes:
    """Add axes inside ``frame``; ``below`` (from the top) and ``height``, in pixels, place one of several rows."""
    total = figure.get_figheight() * PIXELS_PER_INCH
    top = head + below + frame.top
    tall = height or total - head - frame.top - frame.bottom
    axes = figure.add_axes(
        (
            frame.left / canvas.width,
            1 - (top + tall) / total,
            (canvas.width - frame.left - frame.right) / canvas.width,
            tall / total,
        )
    )
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(canvas.theme["limit"])
        spine.set_linewidth(0.8)
    axes.tick_params(
        axis="both",
        length=0,
        pad=6,
        labelsize=SMALL,
        labelcolor=canvas.theme["muted"],
        color=canvas.theme["limit"],
    )
    axes.set_axisbelow(True)
    return axes


def grid(axes: Axes, canvas: Canvas, which: str = "y") -> None:
    """Draw thin lines at the ticks of an axis."""
    (axes.yaxis if which == "y" else axes.xaxis).grid(True, color=canvas.theme["grid"], linewidth=0.9)


def ticks_for(
    low: float, high: float, most: int, *, whole: bool = False, quarters: bool = False
) -> list[float]:
    """Choose about ``most`` round values from ``low`` to ``high``; ``quarters`` allows steps of 2.5, as 25, 50, 75."""
    steps = [1, 2, 2.5, 5, 10] if quarters else [1, 2, 5, 10]
    locator = MaxNLocator(nbins=most, steps=steps, integer=whole, min_n_ticks=2)
    slack = (high - low) * 1e-9
    return [float(tick) for tick in locator.tick_values(low, high) if low - slack <= tick <= high + slack]


def number_text(value: float, step: float = 1.0) -> str:
    """Spell a value with thousands separators and no more decimals than ``step`` needs."""
    decimals = 0
    while decimals < 6 and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return f"{value:,.{decimals}f}"


def tick_texts(ticks: Sequence[float]) -> list[str]:
    """Spell ticks, all with the same number of decimals."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    return [number_text(tick, step) for tick in ticks]


def set_y(axes: Axes, ticks: Sequence[float], low: float, high: float) -> None:
    """Set the range of the y axis and its ticks."""
    axes.set_ylim(low, high)
    axes.set_yticks(list(ticks), tick_texts(ticks))


def set_x(axes: Axes, canvas: Canvas, low: float, high: float, *, whole: bool = False) -> None:
    """Set the range of the x axis, with as many ticks as there is room for."""
    axes.set_xlim(low, high)
    inside = axes.get_position().width * canvas.width
    for most in range(max(2, min(9, int(inside / 48))), 1, -1):
        ticks = ticks_for(low, high, most, whole=whole)
        widest = max((text_width(text, SMALL) for text in tick_texts(ticks)), default=0.0)
        if (widest + 16) * len(ticks) <= inside:
            break
    axes.set_xticks(ticks, tick_texts(ticks))


def label_axes(axes: Axes, canvas: Canvas, x: str, y: str) -> None:
    """Write the names of the axes: y's above its ticks, x's below at the right."""
    box = axes.get_position()
    figure = axes.figure
    total = figure.get_figheight() * PIXELS_PER_INCH  # type: ignore[union-attr]
    style: dict[str, Any] = {"fontsize": SMALL, "color": canvas.theme["muted"]}
    if y:
        figure.text(canvas.edge / canvas.width, box.y1 + 12 / total, y, **style)
    if x:
        figure.text(box.x1, box.y0 - 34 / total, x, ha="right", **style)


def left_margin(canvas: Canvas, texts: Sequence[str]) -> float:
    """Measure the space that labels at the left of the axes need, in pixels."""
    return canvas.edge + 8 + max((text_width(text, SMALL) for text in texts), default=0)


def mark(artist: Artist, tip: str = "") -> None:
    """Mark an artist as one that shows data; ``tip`` is the text that a reader sees who points at it."""
    artist.set_gid(f"mark:{plain(tip)}")
