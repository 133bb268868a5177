"""``zswap-replay trace info``: what a trace holds, for people or as JSON."""

from __future__ import annotations

import json

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument
from zswap_replay.cli.trace.shared import opened, print_rows, warn_if_empty


@click.command(
    epilog=example(
        "zswap-replay trace info traces/two-tenants.parquet",
        "zswap-replay trace info --memcg /db --json traces/two-tenants.parquet",
    )
)
@trace_argument
@strict
@click.option("--rows", default=5, show_default=True, type=click.IntRange(0), help="First rows to print.")
@click.option(
    "--memcg",
    default="/",
    show_default=True,
    metavar="PATH",
    help="Whose accesses the working set, reuse distances and miss ratios are of; those below it included.",
)
@click.option(
    "--sample-pages",
    type=click.IntRange(1 << 10, 1 << 28),
    default=1 << 20,
    show_default=True,
    metavar="N",
    help="Pages up to which all are followed; of a trace with more, a sample of at most so many.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, without rows.")
@progress_option()
def info(
    trace: str,
    strict: bool,
    rows: int,
    memcg: str,
    sample_pages: int,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Show what a trace says about itself and what it holds.

    That is: events by kind, time and rates, memcgs with their limits and the most they would hold, the working set over
    time, reuse distances, and the miss ratios of LRU caches of all sizes.
    """
    from zswap_replay.trace.overview import overview

    reader = opened(trace, strict=strict)
    with Bar("info", shown=shows_progress(progress)) as bar:
        found = overview(trace, reader, bar.update, memcg=memcg, most_pages=sample_pages)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        from zswap_replay.report.terminal.trace_info import lines

        for line in lines(found):
            click.echo(line)
        if rows:
            click.echo()
            print_rows(reader, rows)
    warn_if_empty(trace, found.info.page_events)
