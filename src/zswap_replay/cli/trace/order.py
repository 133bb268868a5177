"""``zswap-replay trace sort`` and ``shift``: rows in order, and a clock that starts elsewhere."""

from __future__ import annotations

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_argument, trace_force, trace_output
from zswap_replay.errors import SettingsError


def _time(text: str) -> int:
    from zswap_replay.trace.shift import parse_time

    try:
        return parse_time(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


@click.command(epilog=example("zswap-replay trace sort cpus.parquet -o sorted.parquet"))
@trace_argument
@trace_output
@trace_force
@progress_option()
def sort(trace: str, output: str, force: bool, progress: bool | None) -> None:
    """Put the rows of TRACE in order of time; rows of the same time keep their order.

    For traces of any length: a million rows are in memory at a time, the others wait in files beside the output.
    """
    from zswap_replay.trace.sort import sort as sort_trace

    with Bar("sort", shown=shows_progress(progress)) as bar:
        summary = sort_trace(trace, output, overwrite=force, progress=bar.update)
    click.echo(f"{summary.rows:,} rows, {summary.out_of_order:,} of them out of order: {output}")


@click.command(epilog=example("zswap-replay trace shift boot.parquet --to 0 -o relative.parquet"))
@trace_argument
@trace_output
@trace_force
@click.option(
    "--to",
    "to_ns",
    type=_time,
    required=True,
    metavar="TIME",
    help="Time of the first row: nanoseconds (0), or a time after 0 (36h).",
)
@progress_option()
def shift(trace: str, output: str, force: bool, to_ns: int, progress: bool | None) -> None:
    """Move the clock of TRACE, so that its first row is at TIME: to merge captures whose clocks start elsewhere."""
    from zswap_replay.trace.shift import shift as shift_trace

    with Bar("shift", shown=shows_progress(progress)) as bar:
        summary = shift_trace(trace, output, to_ns=to_ns, overwrite=force, progress=bar.update)
    click.echo(f"{summary.rows:,} rows, from {to_ns:,} to {summary.last_ns:,} ns: {output}")
