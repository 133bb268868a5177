"""``zswap-replay trace filter``: a part of a trace."""

from __future__ import annotations

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_argument, trace_force, trace_output
from zswap_replay.cli.trace.shared import warn_if_empty


@click.command(
    name="filter",
    epilog=example(
        "zswap-replay trace filter traces/two-tenants.parquet --memcg /db -o alone.parquet",
        "zswap-replay trace filter alone.parquet --pages 0x4000-0x7fff --from 10ms --to 50ms -o part.parquet",
    ),
)
@trace_argument
@trace_output
@trace_force
@click.option(
    "--memcg", "memcgs", multiple=True, metavar="PATH", help="This memcg and those below it. Repeatable."
)
@click.option(
    "--pages",
    multiple=True,
    metavar="FIRST-LAST",
    help="These pages: 4096, 0x1000-0x1fff, 4096-. Repeatable.",
)
@click.option(
    "--from",
    "start",
    metavar="TIME",
    help="From this time of the trace's clock on: nanoseconds, 10ms, or +10ms after the first row.",
)
@click.option("--to", "end", metavar="TIME", help="Before this time.")
@click.option("--event", "events", multiple=True, metavar="EVENT", help="This kind of event. Repeatable.")
@progress_option()
def filter_(
    trace: str,
    output: str,
    force: bool,
    memcgs: tuple[str, ...],
    pages: tuple[str, ...],
    start: str | None,
    end: str | None,
    events: tuple[str, ...],
    progress: bool | None,
) -> None:
    """Write the rows of TRACE that fit all that is asked for, as a trace that is valid by itself.

    Memcgs above one that is asked for keep their limits, and events of the machine stay. Before --from stay the events
    that create, limit and remove memcgs, and set parameters; pages do not stay warm.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.trace.filter import Selection, filter_trace

    selection = Selection.parse(memcgs, pages, start, end, events)
    with Bar("filter", shown=shows_progress(progress)) as bar:
        summary = filter_trace(trace, output, selection, overwrite=force, notes=note, progress=bar.update)
    click.echo(f"{summary.rows:,} of {summary.of_rows:,} rows: {output}")
    warn_if_empty(output, summary.page_events)
