"""``zswap-replay trace validate``: everything that is wrong with a trace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import strict, trace_argument
from zswap_replay.cli.trace.shared import opened, warn_if_empty
from zswap_replay.units import counted

if TYPE_CHECKING:
    from zswap_replay.trace.reader import TraceReader


@click.command(
    epilog=example(
        "zswap-replay trace validate --strict traces/db.parquet",
        "zswap-replay trace validate --limit 1000 --json whole.parquet",
    )
)
@trace_argument
@strict
@click.option(
    "--nodes", type=click.IntRange(1, 64), help="NUMA nodes, as in run. [default: the trace's, else 1]"
)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Problems to print at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@progress_option()
@click.pass_context
def validate(
    context: click.Context,
    trace: str,
    strict: bool,
    nodes: int | None,
    limit: int,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Read a whole trace and name all that is wrong with it, row by row; what is good, run replays.

    The status is 2 where anything is wrong. A row that is wrong counts as not there for those after it.
    """
    from zswap_replay.trace.problems import problems

    def reader() -> TraceReader:
        found = opened(trace, strict=strict)
        found.nodes = nodes or found.metadata.nodes or 1
        return found

    with Bar("validate", shown=shows_progress(progress)) as bar:
        found = problems(reader, limit, bar.update)
    if as_json:
        click.echo(json.dumps({"trace": trace, **found.as_json()}, indent=2))
    elif not found.problems:
        click.echo(
            f"{trace}: good; {found.rows:,} rows, {found.page_events:,} page events, sha256 {found.sha256}"
        )
    for problem in found.problems if not as_json else ():
        click.echo(f"zswap-replay: {problem}", err=True)
    if len(found.problems) > 1 and not as_json:
        told = (
            f"{counted(len(found.problems), 'problem')} shown; there are more (--limit)"
            if found.cut_off
            else counted(len(found.problems), "problem")
        )
        click.echo(f"zswap-replay: {trace}: {told}", err=True)
    if found.problems:
        context.exit(2)
    warn_if_empty(trace, found.page_events)
