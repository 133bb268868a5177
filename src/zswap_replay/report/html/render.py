"""A report as one HTML file that loads nothing: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from zswap_replay.report.html.charts import theme
from zswap_replay.report.html.charts.canvas import Canvas, drawing
from zswap_replay.report.html.charts.image import to_svg
from zswap_replay.report.html.pages.content import Chart, Page
from zswap_replay.report.html.text import plain

_WIDTHS = {"full": 960, "half": 480, "third": 340}
"""Pixels of a chart by the part of the page's width that it takes."""

_HEADING = 14
"""Characters of a table's heading before it is broken."""

_LONG_NAME = 28
"""Characters of a name in a table before it may be broken anywhere."""

_NARROW = 340
"""Pixels of a chart on a narrow screen."""


def render(page: Page) -> str:
    """Render a page as HTML; the same page gives the same text."""
    environment = Environment(
        loader=PackageLoader("zswap_replay.report.html", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    css = files("zswap_replay.report.html").joinpath("templates/report.css").read_text(encoding="utf-8")
    with drawing():
        return environment.get_template("report.html").render(
            page=page,
            css=Markup(css),
            light=list(theme.variables(theme.LIGHT)),
            dark=list(theme.variables(theme.DARK)),
            series=theme.SERIES,
            heat_steps=theme.HEAT_STEPS,
            images=_images,
            breakable=_breakable,
            long_name=_LONG_NAME,
            plain=plain,
        )


def _images(chart: Chart) -> Markup:
    """Render a chart's drawings: one for wide and one for narrow screens, where one does not serve both."""
    label = f"{plain(chart.title)}. {plain(chart.told)}" if chart.told else plain(chart.title)
    wide = Canvas(_WIDTHS[chart.span], theme.ROLES)
    if wide.width == _NARROW:
        return Markup(to_svg(chart.drawing.draw(wide), chart.name, label, ""))
    narrow = to_svg(chart.drawing.draw(wide.resized(_NARROW)), f"{chart.name}-narrow", label, "narrow")
    return Markup(to_svg(chart.drawing.draw(wide), chart.name, label, "wide") + narrow)


def _breakable(name: str) -> Markup:
    """Let a long name be broken after a dot, an underscore or a colon."""
    lines = [""]
    for part in re.findall(r"[^._:]*[._:]?", name):
        if len(lines[-1]) + len(part) > _HEADING and lines[-1]:
            lines.append("")
        lines[-1] += part
    return Markup("<wbr>").join(lines)
