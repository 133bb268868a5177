"""The charts of a report as PNG files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zswap_replay.report.html.charts.canvas import Canvas, drawing
from zswap_replay.report.html.charts.image import to_png
from zswap_replay.report.html.charts.theme import LIGHT
from zswap_replay.report.html.pages.content import Chart

_WIDTHS = {"full": 900, "half": 560, "third": 480}


def file_name(chart: Chart) -> str:
    """Return the name of the file that a chart is written to."""
    return f"{chart.name}.png"


def render(charts: Iterable[Chart]) -> Iterator[bytes]:
    """Render charts as PNG on a light background, with titles and legends; the same chart gives the same bytes."""
    with drawing():
        for chart in charts:
            yield to_png(chart.drawing.draw(Canvas(_WIDTHS[chart.span], LIGHT, alone=True)))
