"""``zswap-replay trace import lackey``: a trace from the output of valgrind's lackey."""

from __future__ import annotations

from dataclasses import asdict

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_force, trace_output


@click.command(
    epilog=example(
        "valgrind --tool=lackey --trace-mem=yes --log-fd=9 ls 9>&1 >/dev/null \\",
        "  | zswap-replay trace import lackey - --memcg /ls --window 64 -o ls.parquet",
    )
)
@click.argument("source", metavar="SOURCE", shell_complete=completers.files)
@trace_output
@trace_force
@click.option(
    "--memcg", default="/", show_default=True, metavar="PATH", help="The memcg that the program runs in."
)
@click.option(
    "--ns-per-instruction", default=1, show_default=True, type=click.IntRange(1), help="The clock's rate."
)
@click.option("--instructions", is_flag=True, help="Keep instruction fetches, as reads of their pages.")
@click.option(
    "--window",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Drop accesses to the N pages touched last, but for the first write to each.",
)
@click.option("--max-events", type=click.IntRange(1), help="Stop after so many events.")
@click.option("--origin", help="How the trace was made, for its metadata.")
@progress_option()
def lackey(
    source: str,
    output: str,
    force: bool,
    memcg: str,
    ns_per_instruction: int,
    instructions: bool,
    window: int,
    max_events: int | None,
    origin: str | None,
    progress: bool | None,
) -> None:
    """Import the output of valgrind's lackey, from a file (.gz too) or, with -, from standard input.

    Runs of accesses to one page become one event, a write if any of them is. The clock counts instructions.
    """
    from zswap_replay.trace.importers.lackey import import_lackey

    with Bar("import", shown=shows_progress(progress)) as bar:
        summary = import_lackey(
            source,
            output,
            memcg=memcg,
            ns_per_instruction=ns_per_instruction,
            instructions=instructions,
            window=window,
            max_events=max_events,
            origin=origin,
            overwrite=force,
            progress=bar.read,
        )
    for name, value in asdict(summary).items():
        click.echo(f"{name:<14}{value:>16,}")
    if summary.cut_off:
        click.echo("warning: the input ends in the middle of a line, which was dropped", err=True)
    if not summary.instructions:
        click.echo("warning: no instruction rows, so that all events have time 0", err=True)
