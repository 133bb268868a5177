"""A report as one HTML file that loads nothing: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from zswap_replay.report.html.charts import theme
from zswap_replay.report.html.charts.canvas import Canvas, drawing
from zswap_replay.report.html.charts.image import to_svg
from zswap_replay.report.html.pages.content import Chart, Page, Table
from zswap_replay.report.html.text import plain

_WIDTHS = {"full": 960, "half": 480, "third": 340}
"""Pixels of a chart by the part of the page's width that it takes."""

_HEADING = 14
"""Characters of a table's heading before it is broken."""

_TABLE = 1040
"""Pixels that a table may take on a wide screen; the columns of a wider one are put into several."""

_LETTER, _PADDING = 7.7, 28
"""Pixels of a letter in a table, and around a cell."""

_MOST_CELLS, _MOST_SHOWN = 3000, 400
"""Cells of a table that is laid out for the width of the screen, and of one that is shown in its whole length there."""

_LONG_NAME = 28
"""Characters of a name in a table before it may be broken anywhere."""

_AMOUNT = re.compile(r"(\d) ((?:[KMGT]i)?B\b|%|×|µs\b)")
_JOINT = re.compile(r"([a-z][._:/])(?=[a-z])")

_NARROW = 340
"""Pixels of a chart on a narrow screen."""


def render(page: Page, drawn: Callable[[int], None] = lambda _charts: None) -> str:
    """Render a page as HTML; the same page gives the same text. ``drawn`` hears how many charts are done."""
    done = 0

    def images(chart: Chart) -> Markup:
        nonlocal done
        markup = _images(chart)
        done += 1
        drawn(done)
        return markup

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
            images=images,
            breakable=_breakable,
            sentence=_sentence,
            parts=_parts,
            fits=_fits,
            most_shown=_MOST_SHOWN,
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


def _fits(table: Table) -> bool:
    """Tell whether a table is laid out for the width of the screen: see _MOST_CELLS."""
    return len(table.rows) * len(table.headings) <= _MOST_CELLS


def _parts(table: Table) -> list[Table]:
    """Put the columns of a table into as many tables as the page's width asks for, each with the names of the rows."""
    if not _fits(table):
        return [table]
    widths = [_column_width(table, place) for place in range(len(table.headings))]
    names = list(range(table.text_columns))
    rest = list(range(table.text_columns, len(widths)))
    room = _TABLE - sum(widths[place] for place in names)
    parts: list[list[int]] = [[]]
    for place in rest:
        if parts[-1] and sum(widths[each] for each in (*parts[-1], place)) > room:
            parts.append([])
        parts[-1].append(place)
    if len(parts) == 1:
        return [table]

    def only(texts: Sequence[str], places: Sequence[int]) -> tuple[str, ...]:
        return tuple(texts[place] for place in places) if texts else ()

    return [
        replace(
            table,
            caption=table.caption if not number else "",
            headings=only(table.headings, (*names, *part)),
            units=only(table.units, (*names, *part)),
            hints=only(table.hints, (*names, *part)),
            rows=[only(row, (*names, *part)) for row in table.rows],
        )
        for number, part in enumerate(parts)
    ]


def _column_width(table: Table, place: int) -> float:
    """Estimate the width of a column, in pixels."""
    heading = max(map(len, str(_breakable(table.headings[place])).split("<wbr>")))
    unit = len(table.units[place]) if table.units else 0
    cells = max((len(row[place]) for row in table.rows), default=0)
    if place < table.text_columns:
        cells = min(cells, _LONG_NAME)
    return max(heading, unit, cells) * _LETTER + _PADDING


def _sentence(text: str) -> Markup:
    """Let names in a sentence be broken after their parts, and keep numbers beside their units."""
    safe = str(escape(_AMOUNT.sub("\\1\u00a0\\2", text)))
    return Markup(_JOINT.sub("\\1<wbr>", safe))


def _breakable(name: str) -> Markup:
    """Let a long name be broken after a dot, an underscore, a colon or a space."""
    lines = [""]
    for part in re.findall(r"[^._: ]*[._: ]?", name):
        if len(lines[-1]) + len(part) > _HEADING and lines[-1]:
            lines.append("")
        lines[-1] += part
    return Markup("<wbr>").join(lines)
