"""Results as a report for people: on a terminal in colour, elsewhere plain text of one width."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from zswap_replay.report.terminal import memcgs, ranges, sections
from zswap_replay.report.terminal.grid import Grid
from zswap_replay.report.terminal.style import heading, plain_console
from zswap_replay.result.labels import kernel_title, labels, warnings
from zswap_replay.result.manifest import digest_title
from zswap_replay.result.memory import at_equal_memory, memory_figures
from zswap_replay.result.ranges import RANGE_DELAYS
from zswap_replay.result.result import Result

_GAP = 4
_LEFT_MIN = 35
"""Columns that the settings need to stand beside the counters; longer values are folded."""


def render(results: Sequence[Result], *, timing: bool) -> str:
    """Render the report as plain text of ``style.PLAIN_WIDTH`` columns, for pipes and files."""
    text = io.StringIO()
    show(results, plain_console(text), timing=timing)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


def show(results: Sequence[Result], console: Console, *, timing: bool) -> None:
    """Print the report on ``console``; of each result its last snapshot is shown."""
    _title(results, console)
    for text in warnings(results):
        console.print(Text(f"warning: {text}", style="bold yellow"))
    if any(result.at_equal_memory is not None for result in results):
        about = Text(
            "zram's compressed pages charged to memory.max as zswap's are; no kernel does that", style="dim"
        )
        _section(console, "at equal memory", sections.memory(results, at_equal_memory), about)
        _section(
            console, "at the same memory.max, as kernels charge", sections.memory(results, memory_figures)
        )
    _section(console, "derived", sections.derived(results))
    _section(console, "held over the trace's time", sections.held(results))
    _cost(results, console)
    _settings_and_counters(results, console)
    estimated = sections.estimates(results)
    if estimated is not None:
        rates = ", ".join(dict.fromkeys(str(result.sample_rate) for result in results))
        _section(console, f"estimates for the whole (a sample of {rates} of the pages)", estimated)
    for label, result in zip(labels(results), results, strict=True):
        title = "memcgs" if len(results) == 1 else f"memcgs, {label}"
        _section(console, title, *memcgs.parts(result.end, console))
    if any(result.range is not None for result in results):
        delays = ", ".join(map(str, RANGE_DELAYS))
        _section(console, f"range (--shrink-delay {delays})", *ranges.tables(results))
    if len(results) > 1:
        _section(console, "comparison", *_comparison(results, console, timing=timing))
    classes = sections.classes(results)
    if classes is not None:
        _section(console, "payload classes", classes)
    seconds = sections.timing(results) if timing else None
    if seconds is not None:
        _section(console, "time", seconds)


def _comparison(results: Sequence[Result], console: Console, *, timing: bool) -> list[RenderableType]:
    # one result alone, as of most runs, needs none of this
    from zswap_replay.compare.side_by_side import compare
    from zswap_replay.report.comparison_text import marked
    from zswap_replay.report.terminal.comparison import parts

    compared = compare(results, labels(results), timing=timing)
    told = [Text(line, style="bold yellow") for line in marked(compared)]
    return [*parts(compared, console), *told]


def _cost(results: Sequence[Result], console: Console) -> None:
    costing = [sections.costing(result) for result in results]
    titles = ["memcg"] if len(results) == 1 else [f"memcg, {label}" for label in labels(results)]
    of_memcgs = (sections.cost_by_memcg(*each) for each in zip(results, costing, titles, strict=True))
    tables = [sections.cost(results), *(table for table in of_memcgs if table is not None)]
    _section(console, sections.cost_title(results), *tables, sections.cost_basis(results, costing))


def _title(results: Sequence[Result], console: Console) -> None:
    manifest = results[0].manifest
    kernels = ", ".join(dict.fromkeys(kernel_title(result.manifest) for result in results))
    console.print(
        Text.assemble(
            (str(manifest.trace["path"]), "bold"),
            f": {manifest.trace['events']:,} events, kernel {kernels}, seed {manifest.seed}",
        )
    )
    read = digest_title(manifest.trace) or "not read to its end"
    about = f"{read}, zswap-replay {manifest.versions['zswap_replay']}"
    console.print(Text(about, style="dim"))
    counts = {len(result.snapshots) for result in results}
    if counts != {1}:
        console.print(
            Text(f"at the end of the trace; --format json holds all {max(counts):,} snapshots", style="dim")
        )


def _section(console: Console, title: str, *parts: RenderableType) -> None:
    console.print()
    console.print(heading(title))
    for place, part in enumerate(parts):
        if place:
            console.print()
        console.print(part)


def _settings_and_counters(results: Sequence[Result], console: Console) -> None:
    pairs = sections.settings(results)
    writes = [Text(f"  {write}") for write in sections.knob_writes(results)]
    settings = Group(_names_and_values(pairs, 1), *([Text("set"), *writes] if writes else []))
    counters = sections.counters(results)
    left = console.width - counters.natural_width - _GAP
    console.print()
    if left >= _LEFT_MIN:
        both = Table.grid(padding=(0, _GAP, 0, 0))
        both.add_column(max_width=left, overflow="fold")
        both.add_column()
        both.add_row(heading("settings"), heading("counters"))
        both.add_row(settings, counters)
        console.print(both)
        return
    console.print(heading("settings"))
    across = _names_and_values(pairs, 2)
    if across.natural_width <= console.width:
        settings.renderables[0] = across
    console.print(settings)
    console.print()
    console.print(heading("counters"))
    console.print(counters)


def _names_and_values(pairs: Sequence[tuple[str, str]], across: int) -> Grid:
    """Tabulate settings in ``across`` pairs of columns, read downwards."""
    table = Grid(*[""] * (2 * across), left=range(2 * across))
    deep = -(-len(pairs) // across)
    for line in range(deep):
        table.add_row(*(Text(text) for pair in pairs[line::deep] for text in pair))
    return table
