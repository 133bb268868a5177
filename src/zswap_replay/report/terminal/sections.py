"""The sections of the report for people that have a column for each result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rich.text import Text

from zswap_replay.report.terminal import memcgs
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import heading, number, ratio, share, size
from zswap_replay.result.cost import OverTime, worth_showing
from zswap_replay.result.cost_profile import PARTS
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.derived import DERIVED, OF_MEMCG, PRICED, Figure
from zswap_replay.result.labels import labels
from zswap_replay.result.memory import FIGURES
from zswap_replay.result.over_time import Number
from zswap_replay.result.result import TIMING_PARTS, Result, Timing
from zswap_replay.units import PAGE_SIZE, format_size, format_time

_HIDDEN_AT = {
    "exclusive_loads": False,
    "same_filled_pages_enabled": True,
    "non_same_filled_pages_enabled": True,
    "warmup": 0,
    "charge_zram": False,
}
"""Settings that are not shown at these values: switches of old releases, and options that were not given."""

_LISTS = ("set", "fixed")
"""No settings, but lists of them: the writes to memcgs' knobs, and the parameters that were given as flags."""

_ALARMS = frozenset({"mismatches", "decompress_fail", "oom", "swap_full"})


def settings(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Return the names and values of the settings that have one; where results differ, the values of all in order.

    A parameter that the trace changed has its last value, marked ``(trace)``. The writes of ``set`` are not among
    them; see ``knob_writes``.
    """
    first = results[0].manifest.settings
    found = []
    for name in first:
        if name in _LISTS:
            continue
        values = [_in_effect(name, result) for result in results]
        if name in _HIDDEN_AT and all(r.manifest.settings.get(name) == _HIDDEN_AT[name] for r in results):
            continue
        text = values[0] if len(set(values)) == 1 else ", ".join(values)
        if text:
            found.append((name, text))
    return found


def _in_effect(name: str, result: Result) -> str:
    asked = result.manifest.settings.get(name)
    spelled = _spelled(name, asked)
    if name == "recipe" and asked == "default":
        now = str(result.manifest.recipe.get("name", asked))
    elif name in result.end.params:
        value = result.end.params[name]
        now = _spelled(name, bool(value) if isinstance(asked, bool) else value)
    else:
        return spelled
    return spelled if now == spelled else f"{now} (trace)"


def _spelled(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "Y" if value else "N"
        case int() if name in ("totalram", "disksize", "mem_limit", "backing_dev"):
            return format_size(value)
        case int() if name != "seed":
            return f"{value:,}"
        case _:
            return str(value)


def knob_writes(results: Sequence[Result]) -> list[str]:
    """List the writes to memcgs' knobs before the first event, as ``/web:memory.zswap.max=8388608``."""
    writes: list[str] = []
    for result in results:
        match result.manifest.settings.get("set"):
            case list(found):
                writes.extend(str(write) for write in found)
    return list(dict.fromkeys(writes))


def counters(results: Sequence[Result]) -> Grid:
    """Tabulate the counters at the end, by group, a column for each result."""
    table = Grid("", *labels(results), "", left=(0, len(results) + 1))
    groups: tuple[tuple[str, Group, Callable[[Result], dict[str, int]]], ...] = (
        ("zswap", "zswap", lambda result: result.end.zswap),
        ("zram", "zram", lambda result: result.end.zram),
        ("meminfo", "meminfo", lambda result: result.end.meminfo),
        ("vmstat", "vmstat", lambda result: result.end.vmstat),
        ("replay (not the kernel's)", "replay", lambda result: result.end.replay),
    )
    there = [each for each in groups if any(each[2](result) for result in results)]
    for place, (title, group, values_of) in enumerate(there):
        if place:
            table.add_row()
        table.add_row(heading(title))
        for name, counter in COUNTERS[group].items():
            values = [values_of(result).get(name) for result in results]
            if any(value is not None for value in values):
                cells = [number(value) for value in values]
                if name in _ALARMS:
                    for cell, value in zip(cells, values, strict=True):
                        cell.stylize("bold red" if value else "")
                table.add_row(f"  {name}", *cells, Text(counter.unit, style="dim"))
    return table


def memory(results: Sequence[Result], figures: Callable[[Result], Mapping[str, int]]) -> Grid:
    """Tabulate faults, disk traffic and memory inside and outside memcgs, a column for each result."""
    table = Grid("", *labels(results))
    found = [figures(result) for result in results]
    for name, (title, unit) in FIGURES.items():
        table.add_row(title, *(_tier_figure(each.get(name), unit) for each in found))
    return table


def _tier_figure(value: int | None, unit: str) -> Text:
    if value is None or unit == "ns":
        return Text("-" if value is None else format_time(value))
    return size(value) if unit == "bytes" else number(value)


def derived(results: Sequence[Result]) -> Grid:
    """Tabulate the derived figures that add up and the meaning of each, a column for each result."""
    table = Grid("", *(labels(results) if len(results) > 1 else [""]), "", left=(0, len(results) + 1))
    figures = [result.derived for result in results]

    for figure in DERIVED.values():
        if figure.when is None and figure.name not in PRICED:
            cells = [_figure(figure, found[figure.name]) for found in figures]
            table.add_row(figure.title, *cells, Text(figure.meaning, style="dim"))
    return table


def estimates(results: Sequence[Result]) -> Grid | None:
    """Tabulate what the counters of a sample come to in the whole, a column for each result; None where none is one."""
    estimated = [result.estimates for result in results]
    if all(each is None for each in estimated):
        return None
    several = len(results) > 1
    table = Grid("", *(labels(results) if several else [""]), "", left=(0, len(results) + 1))
    for figure in DERIVED.values():
        if figure.unit == "bytes":
            found = [None if each is None else each[f"derived.{figure.name}"] for each in estimated]
            cells = [size(None if value is None else int(value)) for value in found]
            table.add_row(figure.title, *cells, "")
    groups: tuple[Group, ...] = ("vmstat", "zswap")
    for group in groups:
        for name, counter in COUNTERS[group].items():
            if counter.unit == "bytes" or not any(name in getattr(result.end, group) for result in results):
                continue
            counts = [None if each is None else each.get(f"{group}.{name}") for each in estimated]
            cells = [number(None if value is None else int(value)) for value in counts]
            table.add_row(name, *cells, Text(counter.unit, style="dim"))
    return table


def cost(results: Sequence[Result]) -> Grid:
    """Tabulate the figures of time and wear and the meaning of each, a column for each result."""
    table = Grid("", *(labels(results) if len(results) > 1 else [""]), "", left=(0, len(results) + 1))
    figures = [result.derived for result in results]
    for name in PRICED:
        figure = DERIVED[name]
        cells = [priced(figure, found[name]) for found in figures]
        table.add_row(figure.title, *cells, Text(figure.meaning, style="dim"))
    return table


def cost_by_memcg(result: Result, costing: Mapping[str, OverTime], title: str) -> Grid | None:
    """Tabulate what memcgs cost and save, as ``costing()`` returned it; None where the root alone does.

    ``title`` is what stands above their paths.
    """
    if not costing:
        return None
    figures = [DERIVED[name] for name in worth_showing(costing)]
    headings = (figure.title if figure.when else figure.heading or figure.title for figure in figures)
    table = Grid(title, *headings)
    for path in filter(costing.__contains__, memcgs.shown(result.end)):
        table.add_row(path, *(priced(figure, costing[path][figure.name]) for figure in figures))
    return table


def costing(result: Result) -> Mapping[str, OverTime]:
    """Return the figures of the memcgs that cost or save anything, by path; none where the root alone does."""
    found = {path: each for path, each in result.cost_by_memcg.items() if any(each.values())}
    return found if len(found) > 1 else {}


def cost_title(results: Sequence[Result]) -> str:
    """Name the cost profile, and say where nobody chose it."""
    names = ", ".join(dict.fromkeys(result.cost_profile.name for result in results))
    chosen = all(result.priced_by is not None for result in results)
    return f"cost, by {names}" if chosen else f"cost, by {names} (--cost says another)"


def cost_basis(results: Sequence[Result], memcgs_costing: Sequence[Mapping[str, OverTime]]) -> Grid:
    """Say what the figures rest on: the counters, and where the numbers of the cost profile come from.

    ``memcgs_costing`` is what ``costing()`` returned for each result.
    """
    table = Grid("", "", left=(0, 1))
    modelled = "what was counted, times what the profile says; reclaim as if it waited for each write"
    rows = [("modelled", modelled)]
    if any(worth_showing(each) == OF_MEMCG for each in memcgs_costing):
        rows.append(
            (
                "counted",
                "memory saved, over all the time: of memcgs less compressed bytes, of / less the pool",
            )
        )
    for result in results:
        rows += [(part, result.cost_profile.source(part)) for part in PARTS]
    for row in dict.fromkeys(rows):
        table.add_row(*(Text(text, style="dim") for text in row))
    return table


def priced(figure: Figure, value: Number | None) -> Text:
    """Spell a figure of time and wear; a dash where it is not known."""
    if value is None:
        return Text("-", style="dim")
    if figure.unit == "ns":
        return Text(format_time(value), style="" if value else "dim")
    return size(int(value)) if figure.unit == "bytes" else Text(f"{value:.2%}".replace("%", " %"))


def held(results: Sequence[Result]) -> Grid:
    """Tabulate what was held: the mean over the trace's time, the peak and the end, a line for each result."""
    several = len(results) > 1
    left = range(1 + several)
    table = Grid(
        "",
        *(("",) if several else ()),
        "mean",
        "peak",
        "end",
        "",
        left={*left, 4 + several},
        keys=1 + several,
    )
    about: dict[str, dict[str, Figure]] = {}
    for figure in DERIVED.values():
        if figure.when is not None:
            about.setdefault(figure.about, {})[figure.when] = figure
    for title, figures in about.items():
        name, meaning = title, figures["mean"].meaning
        for label, result in zip(labels(results), results, strict=True):
            found = result.derived
            cells = [_held(figure, found[figure.name]) for figure in figures.values()]
            table.add_row(name, *((label,) if several else ()), *cells, Text(meaning, style="dim"))
            name = meaning = ""
    return table


def _held(figure: Figure, value: Number | None) -> Text:
    if figure.unit == "bytes":
        return size(None if value is None else int(value))
    if figure.unit == "ratio" or value is None:
        return ratio(value)
    return Text(f"{value:,.1f}") if isinstance(value, float) else number(value)


def _figure(figure: Figure, value: Number | None) -> Text:
    if figure.unit == "bytes":
        return _bytes_and_pages(int(value or 0))
    if figure.unit == "ratio":
        return Text(share(value)) if figure.name.endswith("_rate") else ratio(value)
    return number(int(value or 0))


def _bytes_and_pages(many: int) -> Text:
    return Text(f"{format_size(many)} ({many // PAGE_SIZE:,} pages)", style="" if many else "dim")


def classes(results: Sequence[Result]) -> Grid | None:
    """Tabulate ratio and pages of each payload class, by compressor; None where no payload was made."""
    named = labels(results)
    names = list(dict.fromkeys(row.name for result in results for row in result.classes))
    if not names:
        return None
    several = len(results) > 1
    titles = ("class", *(("compressor",) if several else ()))
    table = Grid(
        *titles,
        "ratio",
        "stored",
        "same-filled",
        "refused",
        "compressed",
        left=range(len(titles)),
        keys=len(titles),
    )
    for name in names:
        shown = name
        for label, result in zip(named, results, strict=True):
            for row in result.classes:
                if row.name == name:
                    counts = (number(row.stored), number(row.same_filled), number(row.refused))
                    compressed = Text(format_size(row.bytes_out), style="" if row.bytes_out else "dim")
                    table.add_row(
                        shown, *((label,) if several else ()), ratio(row.ratio), *counts, compressed
                    )
                    shown = ""
    return table


def timing(results: Sequence[Result]) -> Grid | None:
    """Tabulate the parts of the time, in seconds and percent, and the rates; None where no result was timed.

    Where other processes found lengths, the parts are more than the total, which then has no percent of them.
    """
    timed = {
        label: result.timing
        for label, result in zip(labels(results), results, strict=True)
        if result.timing is not None
    }
    if not timed:
        return None
    table = Grid("", *(timed if len(timed) > 1 else [""]))
    for part in TIMING_PARTS:
        table.add_row(part, *(_seconds(one, part) for one in timed.values()))
    rates = [one.as_json() for one in timed.values()]
    for name, rate in (("events", "events_per_second"), ("compressed pages", "pages_compressed_per_second")):
        table.add_row(name, *(number(int(values[rate]), "/s") for values in rates))
    return table


def _seconds(timing: Timing, part: str) -> Text:
    seconds: float = getattr(timing, part)
    of_all = sum(getattr(timing, each) for each in TIMING_PARTS if each != "total")
    if of_all <= 1.001 * timing.total:  # nobody else did anything
        of_all = timing.total
    percent = share(None if (part == "total" and of_all > timing.total) or not of_all else seconds / of_all)
    return Text(f"{seconds:.3f} s {percent:>7}")
