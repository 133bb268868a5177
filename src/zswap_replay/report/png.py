"""The charts of a report as PNG files."""

from __future__ import annotations

from collections.abc import Iterator

from zswap_replay.report.charts.canvas import Canvas, drawing
from zswap_replay.report.charts.image import to_png
from zswap_replay.report.charts.theme import LIGHT
from zswap_replay.report.pages.page import Page

_WIDTHS = {"full": 900, "half": 560, "third": 480}


def render(page: Page) -> Iterator[tuple[str, bytes]]:
    """For each chart the name of its file and the PNG, on a light background; the same bytes for the same page."""
    with drawing():
        for chart in page.charts():
            canvas = Canvas(_WIDTHS[chart.span], LIGHT, alone=True)
            yield f"{chart.name}.png", to_png(chart.drawing.draw(canvas))
