"""Remarks, names and values written into a chart."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from zswap_replay.report.html.charts.canvas import FONT, SMALL, Canvas


def halo(text: Text, canvas: Canvas) -> None:
    """Keeps a text readable where it lies on lines: the background shines around its letters."""
    text.set_gid("halo")  # the page's style draws it; a picture has to draw it itself
    if canvas.alone:
        text.set_path_effects([withStroke(linewidth=3, foreground=canvas.theme["surface"])])


def at(
    axes: Axes, canvas: Canvas, text: str, x: float, y: float, *, below: bool = False, right: bool = False
) -> None:
    """A remark beside a line: just above the place ``x``, ``y``, or below it, and to its right, or its left."""
    note = axes.annotate(
        text,
        (x, y),
        xytext=(-5 if right else 5, -4 if below else 4),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top" if below else "bottom",
        fontsize=SMALL,
        color=canvas.theme["muted"],
        zorder=5,
    )
    halo(note, canvas)


def inside(axes: Axes, canvas: Canvas, text: str, x: float, y: float) -> None:
    """A remark that begins below a share of the axes' width and height."""
    note = axes.text(x, y, text, transform=axes.transAxes, va="top", fontsize=SMALL, zorder=5)
    note.set_color(canvas.theme["muted"])
    halo(note, canvas)


def beside(axes: Axes, canvas: Canvas, text: str, x: float, y: float, *, role: str = "muted") -> None:
    """A name or a value at a place in the axes' own units, at the middle of its line."""
    size = SMALL if role == "muted" else FONT - 0.5
    axes.text(x, y, text, va="center_baseline", fontsize=size, color=canvas.theme[role], clip_on=False)
