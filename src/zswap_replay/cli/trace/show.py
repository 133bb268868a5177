"""``zswap-replay trace cat`` and ``head``: the rows of a trace."""

from __future__ import annotations

import click

from zswap_replay.cli.options import example
from zswap_replay.cli.trace.options import trace_argument
from zswap_replay.cli.trace.shared import opened, print_rows


@click.command(epilog=example("zswap-replay trace cat traces/db.parquet | grep memcg_"))
@trace_argument
def cat(trace: str) -> None:
    """Print the rows of a trace, tab-separated, with - for a null."""
    print_rows(opened(trace))


@click.command(epilog=example("zswap-replay trace head -n 3 traces/db.parquet"))
@trace_argument
@click.option("-n", "--rows", default=10, show_default=True, type=click.IntRange(0), help="Rows to print.")
def head(trace: str, rows: int) -> None:
    """Print the first rows of a trace, as cat does."""
    print_rows(opened(trace), rows)
