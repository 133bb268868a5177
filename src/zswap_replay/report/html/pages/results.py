"""The report of one replay, or of several over one trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from zswap_replay.compare.explain import explain
from zswap_replay.errors import ResultError
from zswap_replay.report.html.pages import compression, endbars, overtime, ranges, settings
from zswap_replay.report.html.pages.compression import microseconds_per_page
from zswap_replay.report.html.pages.content import Figures, Page, Section, Table
from zswap_replay.report.html.pages.runs import Runs
from zswap_replay.report.html.text import plain
from zswap_replay.result.by_name import tree_order
from zswap_replay.result.cost import worth_showing
from zswap_replay.result.cost_profile import PARTS
from zswap_replay.result.counters import COUNTERS, Group
from zswap_replay.result.derived import DERIVED, PRICED, Figure
from zswap_replay.result.labels import labels, warnings
from zswap_replay.result.over_time import Number
from zswap_replay.result.pool_limits import pool_limit
from zswap_replay.result.result import TIMING_PARTS, Result
from zswap_replay.units import UNLIMITED, format_size, format_time

_LIMITS = ("memory.max", "memory.high", "memory.swap.max", "memory.zswap.max")
_DASH = "–"
_NEEDED = {
    "zswap": ("pool_total_size", "stored_pages", "written_back_pages"),
    "vmstat": ("pswpin", "pswpout", "zswpin", "zswpout"),
    "replay": ("compressed_bytes", "memcg_limit_reject", "pool_limit_reject", "compress_reject"),
}
"""Counters that every kernel has, and that the headline figures are made of."""


def result_page(results: Sequence[Result]) -> Page:
    """Make the page of one or several results over one trace.

    Raises ResultError: a result lacks a counter that its figures are made of.
    """
    for result in results:
        _check(result)
    runs = Runs([plain(label) for label in labels(results)], results)
    manifest = results[0].manifest
    return Page(
        title=plain(str(manifest.trace["path"])),
        about=tuple(settings.about(results)),
        warnings=[plain(text) for text in warnings(results)],
        explained=[
            (label if len(runs) > 1 else "", [plain(sentence.text) for sentence in explain(result)])
            for _slot, label, result in runs
        ],
        figures=list(_figures(runs)),
        sections=list(_sections(runs)),
    )


def _check(result: Result) -> None:
    groups = (("zswap", result.end.zswap), ("vmstat", result.end.vmstat), ("replay", result.end.replay))
    for group, values in groups:
        for name in _NEEDED[group]:
            if name not in values:
                raise ResultError(
                    f"the last snapshot has no {group}.{name}; expected this counter in a result"
                )


def _sections(runs: Runs) -> Iterator[Section]:
    if runs.over_time:
        yield overtime.pool_section(runs)
        yield overtime.memcg_pool_section(runs)
        yield from overtime.activity_sections(runs)
    yield _cost_section(runs)
    yield endbars.section(runs)
    yield from ranges.sections(runs)
    compressed = compression.section(runs)
    if compressed is not None:
        yield compressed
    yield Section(
        "Counters per memcg",
        "At the end of the trace, exact. A memcg counts with its descendants.",
        tables=[_memcg_table(label if len(runs) > 1 else "", result) for _s, label, result in runs],
    )
    yield Section("Counters of the machine", tables=list(_machine_tables(runs)), folded=True)
    classes = _class_table(runs)
    if classes is not None:
        yield Section("Payload classes", tables=(classes,), folded=True)
    timing = _timing_table(runs)
    if timing is not None:
        yield Section("Where the time went", tables=(timing,), folded=True)
    yield from settings.folded(
        settings.settings_table(runs.labels, runs.results),
        json.dumps([result.manifest.as_json() for result in runs.results], indent=2),
    )


def _figures(runs: Runs) -> Iterator[Figures]:
    def each(name: str, value: Callable[[Result], tuple[str, str]]) -> Figures:
        several = len(runs) > 1
        return Figures(
            name,
            [
                (label if several else "", slot if several else None, *value(result))
                for slot, label, result in runs
            ],
        )

    yield each("Swap device writes", lambda r: _bytes_and_pages(r, "swap_write_bytes"))
    yield each("Swap device reads", lambda r: _bytes_and_pages(r, "swap_read_bytes"))
    yield each("Memory saved, mean", lambda r: _held(r, "memory_saved"))
    yield each("Pool size, mean", lambda r: _held(r, "pool_size", f" of {format_size(pool_limit(r, r.end))}"))
    yield each("Compression ratio, mean", _ratio)
    yield each("Stall of faults", _stall)
    yield each("Endurance used a year", _wear)
    yield each("Rejected stores", _rejected)
    yield each("Zswap writeback", lambda r: _bytes_and_pages(r, "writeback_bytes"))
    yield each(
        "Loads from zswap", lambda r: (f"{r.end.vmstat['zswpin']:,}", f"{r.end.vmstat['zswpout']:,} stores")
    )


def _held(result: Result, name: str, limit: str = "") -> tuple[str, str]:
    """Spell the mean of what was held over the trace's time, and its peak and end; files of old have the end alone."""
    mean, peak, end = (_size(result, f"{name}_{when}_bytes") for when in ("mean", "peak", "end"))
    return mean, f"peak {peak}{limit}, end {end}"


def _size(result: Result, name: str) -> str:
    value = result.derived[name]
    return _DASH if value is None else format_size(value)


def _ratio(result: Result) -> tuple[str, str]:
    mean, end = (_times(result.derived[name]) for name in ("compression_ratio_mean", "compression_ratio"))
    return mean, ", ".join(filter(None, (f"end {end}", _cost(result))))


def _stall(result: Result) -> tuple[str, str]:
    return _time(result.derived["stall_ns"]), f"{_time(result.derived['compress_ns'])} compressing"


def _wear(result: Result) -> tuple[str, str]:
    endured, daily = result.derived["endurance_per_year"], result.derived["swap_write_bytes_per_day"]
    written = "" if daily is None else f"{format_size(daily)} written a day"
    return _DASH if endured is None else f"{endured:.2%}".replace("%", " %"), written


def _time(nanoseconds: Number | None) -> str:
    return _DASH if nanoseconds is None else format_time(nanoseconds)


def _cost_section(runs: Runs) -> Section:
    """Tabulate time and wear, of the machine and of memcgs, with what each figure rests on."""
    figures = [DERIVED[name] for name in PRICED]
    rows = [
        (
            figure.title,
            figure.basis,
            *(_priced(figure, result.derived[figure.name]) for result in runs.results),
        )
        for figure in figures
    ]
    heads = runs.labels if len(runs) > 1 else ["in all"]
    tables = [Table("", ("figure", "what it rests on", *heads), rows, text_columns=2)]
    for _slot, label, result in runs:
        found = {path: each for path, each in result.cost_by_memcg.items() if any(each.values())}
        if len(found) > 1:
            columns = [DERIVED[name] for name in worth_showing(found)]
            cells = [
                (plain(path), *(_priced(figure, found[path][figure.name]) for figure in columns))
                for path in tree_order(found)
            ]
            caption = label if len(runs) > 1 else ""
            tables.append(Table(caption, ("memcg", *(figure.title for figure in columns)), cells))
    profiles = {result.cost_profile.name: result.cost_profile for result in runs.results}
    sources = "; ".join(
        f"{part} {text}" for each in profiles.values() for part in PARTS for text in (each.source(part),)
    )
    return Section("Cost", plain(f"By the cost profile {', '.join(profiles)}: {sources}."), tables=tables)


def _priced(figure: Figure, value: Number | None) -> str:
    if value is None:
        return _DASH
    if figure.unit == "ns":
        return format_time(value)
    return format_size(value) if figure.unit == "bytes" else f"{value:.2%}".replace("%", " %")


def _times(ratio: float | None) -> str:
    return _DASH if ratio is None else f"{ratio:.2f} ×"


def _cost(result: Result) -> str:
    cost = microseconds_per_page(result)
    return "" if cost is None else f"{cost:,.1f} µs to compress a page"


def _bytes_and_pages(result: Result, name: str) -> tuple[str, str]:
    size = int(result.derived[name] or 0)
    return format_size(size), f"{size // 4096:,} pages"


def _rejected(result: Result) -> tuple[str, str]:
    rate = result.derived["reject_rate"]
    share = "" if rate is None else f"{rate:.1%} of stores tried".replace("%", " %")
    return f"{int(result.derived['rejects'] or 0):,}", share


def _memcg_table(label: str, result: Result) -> Table:
    """Tabulate all counters of all memcgs of a run, and the limits that are set."""
    end = result.end
    limits = [name for name in _LIMITS if any(name in each for each in end.limits.values())]
    kernels = [name for name in COUNTERS["memcg"] if any(name in each for each in end.memcg.values())]
    ours = [
        name
        for name in COUNTERS["replay.memcg"]
        if name not in kernels and any(name in each for each in end.replay_memcg.values())
    ]
    rows = []
    for path in tree_order(end.replay_memcg | end.memcg):
        set_to = end.limits.get(path, {})
        cells = [_number(end.memcg.get(path, {}).get(name)) for name in kernels]
        cells += [_number(end.replay_memcg.get(path, {}).get(name)) for name in ours]
        cells += [
            "max" if set_to.get(name, UNLIMITED) == UNLIMITED else f"{set_to[name]:,}" for name in limits
        ]
        off = set_to.get("memory.zswap.writeback") == 0
        rows.append((f"{plain(path)} (writeback off)" if off else plain(path), *cells))
    about = [COUNTERS["memcg"][name] for name in kernels] + [COUNTERS["replay.memcg"][name] for name in ours]
    return Table(
        caption=label,
        headings=("memcg", *kernels, *ours, *limits),
        units=("", *(counter.unit for counter in about), *("bytes" for _name in limits)),
        hints=("", *(counter.meaning for counter in about), *("the limit that is set" for _name in limits)),
        rows=rows,
    )


def _machine_tables(runs: Runs) -> Iterator[Table]:
    groups: tuple[tuple[str, Group, Callable[[Result], dict[str, int]]], ...] = (
        ("zswap (debugfs)", "zswap", lambda result: result.end.zswap),
        ("zram", "zram", lambda result: result.end.zram),
        ("meminfo", "meminfo", lambda result: result.end.meminfo),
        ("vmstat", "vmstat", lambda result: result.end.vmstat),
        ("replay (not the kernel's)", "replay", lambda result: result.end.replay),
    )
    for title, group, values_of in groups:
        rows = []
        for name, counter in COUNTERS[group].items():
            values = [values_of(result).get(name) for result in runs.results]
            if any(value is not None for value in values):
                rows.append((name, counter.meaning, counter.unit, *(_number(value) for value in values)))
        heads = runs.labels if len(runs) > 1 else ["at the end"]
        yield Table(title, ("counter", "rises when, or what it is", "unit", *heads), rows, text_columns=3)


def _class_table(runs: Runs) -> Table | None:
    rows = [
        (
            plain(row.name),
            label,
            _times(row.ratio),
            *map(_number, (row.stored, row.same_filled, row.refused)),
            format_size(row.bytes_out),
        )
        for _slot, label, result in runs
        for row in result.classes
    ]
    headings = ("class", "compressor", "ratio", "stored", "same-filled", "refused", "compressed")
    return Table("", headings, rows, text_columns=2) if rows else None


def _timing_table(runs: Runs) -> Table | None:
    if all(result.timing is None for result in runs.results):
        return None
    rows = [
        (part, *(_DASH if r.timing is None else f"{getattr(r.timing, part):,.3f}" for r in runs.results))
        for part in TIMING_PARTS
    ]
    return Table("", ("part, s", *runs.labels), rows)


def _number(value: int | None) -> str:
    return _DASH if value is None else f"{value:,}"
