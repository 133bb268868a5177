"""``zswap-replay trace sample``: some of the pages of a trace, with all their events."""

from __future__ import annotations

from fractions import Fraction

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument, trace_force, trace_output
from zswap_replay.errors import SettingsError


def _rate(text: str) -> Fraction:
    from zswap_replay.units import parse_rate

    try:
        return parse_rate(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog=example(
        "zswap-replay trace sample long.parquet --rate 1/10 -o tenth.parquet",
        "zswap-replay run tenth.parquet --set /web:memory.max=2G",
    )
)
@trace_argument
@trace_output
@trace_force
@click.option(
    "--rate", type=_rate, metavar="SHARE", required=True, help="Share of the pages: 1/10, 0.1 or 10%."
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 64) - 1),
    default=0,
    show_default=True,
    help="Of the hash that chooses pages; another seed takes others.",
)
@strict
@progress_option()
def sample(
    trace: str, output: str, force: bool, rate: Fraction, seed: int, strict: bool, progress: bool | None
) -> None:
    """Keep some of the pages of TRACE, with all their events, below limits that are as much smaller.

    The limits that the trace sets, and its RAM, are scaled in it. Its metadata keep the rate: a replay takes limits
    given as flags as those of the whole, scales them too, and prints estimates for the whole beside its counters.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.trace.sample import sample as sample_trace

    with Bar("sample", shown=shows_progress(progress)) as bar:
        summary = sample_trace(
            trace,
            output,
            rate,
            seed=seed,
            strict=strict,
            overwrite=force,
            notes=note,
            progress=bar.update,
        )
    click.echo(f"{summary.rows:,} rows of {summary.rows_before:,}: {output}")
