"""The report of a sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zswap_replay.report.html.pages import curves, front, maps, settings
from zswap_replay.report.html.pages.content import Figures, Page, Section, Table
from zswap_replay.report.html.pages.figures import (
    MARK_NAMES,
    Figure,
    axis_title,
    figure,
    has_numbers,
    point_text,
    setting_text,
    values_of,
    varying,
)
from zswap_replay.report.html.pages.hues import hues
from zswap_replay.report.html.text import plain
from zswap_replay.result.by_name import better_of
from zswap_replay.sweep import pareto
from zswap_replay.sweep.result import Cell, Sweep

_ON_CARDS = (curves.COLUMN, "derived.memory_saved_mean_bytes")
"""Figures that have cards whatever the front is of."""

_MOST_ROWS = 1000


def sweep_page(sweep: Sweep, column: str | None = None, axes: Sequence[str] = ()) -> Page:
    """Make the page of a sweep; its maps show the figure ``column`` over ``axes`` (x and y), or over axes that vary.

    Without ``column`` they show the first figure of the front that the sweep marks. Raises SettingsError: the sweep
    has no such figure or axes.
    """
    shown = figure(sweep, column or _leading(sweep))
    chosen = maps.map_axes(sweep, axes)
    trace = sweep.manifest.get("trace")
    path = trace.get("path") if isinstance(trace, dict) else None
    return Page(
        title=plain(str(path or "sweep")),
        about=(f"Sweep of {len(sweep):,} points", *settings.about_trace(sweep.manifest)),
        figures=list(_figures(sweep)),
        sections=list(_sections(sweep, shown, chosen)),
    )


def _leading(sweep: Sweep) -> str:
    """Name the figure that the page is about where none is asked for."""
    wanted = [figure.column for figure in front.figures_of(sweep)]
    derived = [column for column in sweep.columns if column.startswith("derived.")]
    for name in (*wanted, curves.COLUMN, *derived):
        if has_numbers(sweep, name):
            return name
    return curves.COLUMN


def _figures(sweep: Sweep) -> Iterator[Figures]:
    """Yield the headline: the size of the grid and of the front, and the best point by each figure of the front."""
    counts = [f"{len(values_of(sweep, axis))} {plain(axis)}" for axis in varying(sweep)]
    yield Figures("Points", [("", None, f"{len(sweep):,}", " × ".join(counts))])
    wanted = {each.column: each.higher for each in front.figures_of(sweep)}
    for name in _ON_CARDS:
        wanted.setdefault(name, better_of(name) == "higher")
    for name, higher in wanted.items():
        if has_numbers(sweep, name):
            yield _best(sweep, figure(sweep, name), higher=higher)


def _best(sweep: Sweep, shown: Figure, *, higher: bool) -> Figures:
    """Show the best value of a figure and its point; points that do not compete for the front are left out."""
    title = f"{'Most' if higher else 'Least'} {shown.title[:1].lower()}{shown.title[1:]}"
    found = {
        place: value
        for place, value in enumerate(sweep.column(shown.column))
        if isinstance(value, int | float) and pareto.competes(sweep.rows[place], allow_oom=sweep.allow_oom)
    }
    if not found:
        return Figures(title, [("", None, "–", "no point that stored something and killed nothing")])
    best = max(found.values()) if higher else min(found.values())
    places = [place for place, value in found.items() if value == best]
    more = f", and {len(places) - 1:,} more" if len(places) > 1 else ""
    return Figures(title, [("", None, shown.text(best), point_text(sweep, places[0]) + more)])


def _sections(sweep: Sweep, shown: Figure, axes: Sequence[str]) -> Iterator[Section]:
    hue = hues(sweep)
    curve = curves.section(sweep, hue, axes)
    said = curve is not None and shown.column == curves.COLUMN and list(axes) == [curves.limit_of(sweep)]
    for made in (
        curve,
        None if said else maps.section(sweep, shown, axes, hue),  # bars would show the same once more
        front.section(sweep, hue),
    ):
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
    """Tabulate the settings, marks and derived figures of all points, exact."""
    columns = [
        name for name in sweep.columns if name.startswith("derived.") or name == "zswap.pool_total_size"
    ]
    marked = any(sweep.marks(place) for place in range(len(sweep)))
    rows = [
        (
            *(setting_text(axis, sweep.rows[place][axis]) for axis in sweep.axes),
            *([", ".join(MARK_NAMES[mark] for mark in sweep.marks(place))] if marked else []),
            *(_exact(sweep.rows[place][column]) for column in columns),
        )
        for place in range(min(len(sweep), _MOST_ROWS))
    ]
    headings = (
        *map(axis_title, sweep.axes),
        *(["marks"] if marked else []),
        *(column.partition(".")[2] for column in columns),
    )
    return Table("", headings, rows, text_columns=len(sweep.axes) + marked)


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
