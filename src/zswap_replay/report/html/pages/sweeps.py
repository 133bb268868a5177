"""The report of a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zswap_replay.report.html.pages import front, maps, settings
from zswap_replay.report.html.pages.content import Figures, Page, Section, Table
from zswap_replay.report.html.pages.figures import (
    Figure,
    axis_title,
    figure,
    setting_text,
    values_of,
    varying,
)
from zswap_replay.report.html.text import plain
from zswap_replay.sweep.result import Cell, Sweep

DEFAULT_FIGURE = "derived.swap_write_bytes"

_MOST_ROWS = 1000


def sweep_page(sweep: Sweep, column: str = DEFAULT_FIGURE, axes: Sequence[str] = ()) -> Page:
    """Make the page of a sweep; its maps show the figure ``column`` over ``axes`` (x and y), or over axes that vary.

    Raises SettingsError: the sweep has no such figure or axes.
    """
    shown = figure(sweep, column)
    chosen = maps.map_axes(sweep, axes)
    trace = sweep.manifest.get("trace")
    path = trace.get("path") if isinstance(trace, dict) else None
    return Page(
        title=plain(str(path or "sweep")),
        about=(f"Sweep of {len(sweep):,} points", *settings.about_trace(sweep.manifest)),
        figures=list(_figures(sweep, shown)),
        sections=list(_sections(sweep, shown, chosen)),
    )


def _figures(sweep: Sweep, shown: Figure) -> Iterator[Figures]:
    counts = [f"{len(values_of(sweep, axis))} {plain(axis)}" for axis in varying(sweep)]
    yield Figures("Points", [("", None, f"{len(sweep):,}", " × ".join(counts))])
    found = {
        place: value
        for place, value in enumerate(sweep.column(shown.column))
        if isinstance(value, int | float)
    }
    for name, place in (
        ("Least", min(found, key=lambda at: found[at])),
        ("Most", max(found, key=lambda at: found[at])),
    ):
        title = f"{name} {shown.title[:1].lower()}{shown.title[1:]}"
        yield Figures(title, [("", None, shown.text(found[place]), maps.point_text(sweep, place))])


def _sections(sweep: Sweep, shown: Figure, axes: Sequence[str]) -> Iterator[Section]:
    for made in (maps.section(sweep, shown, axes), front.section(sweep)):
        if made is not None:
            yield made
    few = len(sweep) <= _MOST_ROWS
    intro = (
        ""
        if few
        else f"The first {_MOST_ROWS:,} of {len(sweep):,}; the Parquet file has all, with all counters."
    )
    yield Section("All points", intro, tables=(_points(sweep),), folded=True)
    base = sweep.manifest.get("settings")
    held = base if isinstance(base, dict) else {}
    rows = [
        (plain(str(name)), _base_text(name, value)) for name, value in held.items() if name not in sweep.axes
    ]
    yield from settings.folded(
        Table("", ("setting", "value"), rows, text_columns=2), json.dumps(dict(sweep.manifest), indent=2)
    )


def _base_text(name: str, value: object) -> str:
    if isinstance(value, list):
        return plain(", ".join(map(str, value))) or "–"
    return (
        setting_text(name, value) if isinstance(value, str | int | float | None) else plain(json.dumps(value))
    )


def _points(sweep: Sweep) -> Table:
    """Tabulate the settings and the derived figures of all points, exact."""
    columns = [
        name for name in sweep.columns if name.startswith("derived.") or name == "zswap.pool_total_size"
    ]
    rows = [
        (
            *(setting_text(axis, sweep.rows[place][axis]) for axis in sweep.axes),
            *(_exact(sweep.rows[place][column]) for column in columns),
        )
        for place in range(min(len(sweep), _MOST_ROWS))
    ]
    headings = (*map(axis_title, sweep.axes), *(column.partition(".")[2] for column in columns))
    return Table("", headings, rows, text_columns=len(sweep.axes))


def _exact(value: Cell) -> str:
    match value:
        case None:
            return "–"
        case bool() | str():
            return plain(str(value))
        case int():
            return f"{value:,}"
        case _:
            return f"{value:,.6g}"
