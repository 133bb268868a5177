"""``zswap-replay trace cut``: a part of a trace, with a prologue that has pages where they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from zswap_replay.cli.options import (
    example,
    progress_option,
    quiet_option,
    settings_from,
    settings_options,
    shows_progress,
)
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument, trace_force, trace_output

if TYPE_CHECKING:
    from zswap_replay.replay.cut import Between

_ROWS = re.compile(r"([0-9]{0,19})(?:\.\.|:)([0-9]{0,19})|([0-9]{1,19})")


@click.command(
    epilog=example(
        "zswap-replay trace cut long.parquet --to 60s -o minute.parquet",
        "zswap-replay trace cut long.parquet --from 60s --set /web:memory.max=1G -o rest.parquet",
        "zswap-replay trace cut long.parquet --events 10000..20000 -o second.parquet",
    )
)
@trace_argument
@trace_output
@trace_force
@click.option(
    "--from",
    "first",
    metavar="TIME",
    help="The first row that is kept: so long after the first of all (10s), or at a time of the clock (in ns).",
)
@click.option("--to", "end", metavar="TIME", help="The first row that is not, given likewise.")
@click.option(
    "--events",
    metavar="A..B|N",
    help="Rows A up to B, which is not among them, counted from 0; or N rows, from --from on.",
)
@click.option(
    "--warm",
    type=click.IntRange(0, 1 << 62),
    default=0,
    show_default=True,
    metavar="EVENTS",
    help="Keep so many rows before the cut in the prologue, as they are.",
)
@settings_options(several=False)
@strict
@progress_option()
@quiet_option("No notes and no bar.")
@click.pass_context
def cut(
    context: click.Context,
    /,
    trace: str,
    output: str,
    force: bool,
    first: str | None,
    end: str | None,
    events: str | None,
    warm: int,
    strict: bool,
    progress: bool | None,
    quiet: bool,
    **_settings: object,
) -> None:
    """Keep the rows of TRACE between two places, with a prologue for what was there before.

    The rows before the first one are replayed under the settings, which are those of run. The prologue makes the
    memcgs, puts each page where it was, on the swap device, in zswap or in memory, and writes the knobs that the trace
    wrote. A replay of the output counts nothing in the prologue. With --to alone there is none.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.replay.cut import cut as cut_trace

    settings = settings_from(context)
    between = _between(first, end, events)
    with Bar("cut", shown=shows_progress(progress, quiet)) as bar:
        summary = cut_trace(
            trace,
            output,
            between,
            settings,
            warm_rows=warm,
            strict=strict,
            overwrite=force,
            notes=None if quiet else note,
            progress=bar.update,
        )
    made = (
        f" after a prologue of {summary.prologue_rows:,}, for {summary.pages:,} pages"
        if summary.before
        else ""
    )
    click.echo(f"{summary.rows:,} rows{made}: {output}")


def _between(first: str | None, end: str | None, events: str | None) -> Between:
    from zswap_replay.replay.cut import Between

    if first is None and end is None and events is None:
        raise click.UsageError("found no place to cut at; expected --from, --to or --events")
    start_row, end_row, rows = 0, None, None
    if events is not None:
        match = _ROWS.fullmatch(events)
        if match is None or events in ("..", ":"):
            raise click.BadParameter(
                f"{events!r}: expected rows such as 1000..2000, 1000.. or ..2000, or how many: 5000",
                param_hint="'--events'",
            )
        if match[3] is not None:
            rows = int(match[3])
        else:
            if first is not None or end is not None:
                raise click.UsageError("--events A..B and --from or --to: give one")
            start_row, end_row = int(match[1] or 0), int(match[2]) if match[2] else None
    return Between(first, end, start_row, end_row, rows)
