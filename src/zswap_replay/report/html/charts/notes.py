"""Texts in a chart: remarks, names and values."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from zswap_replay.report.html.charts.canvas import FONT, SMALL, Canvas


def halo(text: Text, canvas: Canvas) -> None:
    """Outline a text in the background's colour, so that it can be read where it lies on lines."""
    text.set_gid("halo")  # the page's style draws it; a picture has to draw it itself
    if canvas.alone:
        text.set_path_effects([withStroke(linewidth=3, foreground=canvas.theme["surface"])])


def at(
    axes: Axes, canvas: Canvas, text: str, x: float, y: float, *, below: bool = False, right: bool = False
) -> None:
    """Write a remark above and to the right of the place ``x``, ``y``; with ``below`` below it.

    With ``right`` the text ends at the place, to the left of it.
    """
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
    """Write a remark whose top left corner is at ``x``, ``y``, shares of the axes' width and height."""
    note = axes.text(x, y, text, transform=axes.transAxes, va="top", fontsize=SMALL, zorder=5)
    note.set_color(canvas.theme["muted"])
    halo(note, canvas)


def beside(axes: Axes, canvas: Canvas, text: str, x: float, y: float, *, role: str = "muted") -> None:
    """Write a name or a value that begins at ``x`` and is centred on ``y``, in the axes' own units."""
    size = SMALL if role == "muted" else FONT - 0.5
    axes.text(x, y, text, va="center_baseline", fontsize=size, color=canvas.theme[role], clip_on=False)
