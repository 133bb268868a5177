"""``zswap-replay trace info``, ``validate``, ``cat`` and ``head``: what a trace holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from zswap_replay.cli.messages import note
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument

if TYPE_CHECKING:
    from zswap_replay.trace.reader import TraceReader


@click.command(epilog=example("zswap-replay trace info traces/two-tenants.parquet"))
@trace_argument
@strict
@click.option("--rows", default=5, show_default=True, type=click.IntRange(0), help="First rows to print.")
@progress_option()
def info(trace: str, strict: bool, rows: int, progress: bool | None) -> None:
    """Show what a trace says about itself and what it holds."""
    from zswap_replay.trace.info import describe, row_texts

    reader = _opened(trace, strict=strict)
    with Bar("info", shown=shows_progress(progress)) as bar:
        found = describe(reader, bar.update)
    for name, value in asdict(reader.metadata).items():
        if value is not None and (name, value) != ("schema", 1):
            click.echo(f"{name:<16}{value}")
    click.echo(f"{'files':<16}{len(reader.files)}")
    click.echo(f"{'rows':<16}{found.rows:,}")
    click.echo(f"{'time':<16}{found.first_ns:,} to {found.last_ns:,} ns")
    click.echo(f"{'distinct pages':<16}{found.pages:,}")
    click.echo(f"{'snapshots':<16}{len(found.snapshots)}")
    click.echo(f"{'sha256':<16}{found.sha256}")
    for event, count in found.events.items():
        click.echo(f"  {event:<14}{count:>14,}")
    for memcg in found.memcgs:
        click.echo(f"  {memcg.path}: {memcg.page_events:,} page events, {memcg.pages:,} distinct pages")
    if rows:
        _print_rows(row_texts(reader, rows))
    _warn_if_empty(trace, found.page_events)


@click.command(epilog=example("zswap-replay trace validate --strict traces/db.parquet"))
@trace_argument
@strict
@click.option(
    "--nodes", type=click.IntRange(1, 64), help="NUMA nodes, as in run. [default: the trace's, else 1]"
)
@progress_option()
def validate(trace: str, strict: bool, nodes: int | None, progress: bool | None) -> None:
    """Read a whole trace and name its first fault, if there is one; what is good, run replays."""
    reader = _opened(trace, strict=strict)
    reader.nodes = nodes or reader.metadata.nodes or 1
    with Bar("validate", shown=shows_progress(progress)) as bar:
        for batch in reader.batches():
            bar.update(batch.first_row + len(batch), reader.num_rows)
    digest = reader.sha256()
    click.echo(
        f"{trace}: good; {reader.num_rows:,} rows, {reader.page_events:,} page events, sha256 {digest}"
    )
    _warn_if_empty(trace, reader.page_events)


@click.command(epilog=example("zswap-replay trace cat traces/db.parquet | grep memcg_"))
@trace_argument
def cat(trace: str) -> None:
    """Print the rows of a trace, tab-separated, with - for a null."""
    from zswap_replay.trace.info import row_texts

    _print_rows(row_texts(_opened(trace)))


@click.command(epilog=example("zswap-replay trace head -n 3 traces/db.parquet"))
@trace_argument
@click.option("-n", "--rows", default=10, show_default=True, type=click.IntRange(0), help="Rows to print.")
def head(trace: str, rows: int) -> None:
    """Print the first rows of a trace, as cat does."""
    from zswap_replay.trace.info import row_texts

    _print_rows(row_texts(_opened(trace), rows))


def _opened(trace: str, *, strict: bool = False) -> TraceReader:
    """Open a trace, and say on standard error what of it is passed over."""
    from zswap_replay.trace.reader import open_trace

    reader = open_trace(trace, strict=strict)
    for text in reader.notes:
        note(text)
    return reader


def _print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    from zswap_replay.trace.info import column_names

    click.echo("\t".join(column_names()))
    for row in rows:
        click.echo("\t".join(row))


def _warn_if_empty(trace: str, page_events: int) -> None:
    if not page_events:
        click.echo(f"warning: {trace} holds no page event; a replay of it stores nothing", err=True)
