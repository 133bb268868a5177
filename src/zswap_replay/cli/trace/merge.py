"""``zswap-replay trace merge``: a trace out of traces."""

from __future__ import annotations

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_force, trace_output


@click.command(
    epilog=example("zswap-replay trace merge build.parquet=/tenant-a db.parquet=/tenant-b -o tenants.parquet")
)
@click.argument(
    "inputs",
    nargs=-1,
    required=True,
    metavar="TRACE[=/MEMCG[+OFFSET]]...",
    shell_complete=completers.files,
)
@trace_output
@trace_force
@click.option(
    "--totalram-pages", type=click.IntRange(1), help="Pages of memory. [default: the most of any input]"
)
@click.option("--drop-recipe", is_flag=True, help="Leave the payload recipe out where the inputs differ.")
@progress_option()
def merge(
    inputs: tuple[str, ...],
    output: str,
    force: bool,
    totalram_pages: int | None,
    drop_recipe: bool,
    progress: bool | None,
) -> None:
    """Interleave traces by time, each below a memcg of its own (or, with =/ or nothing, as it is).

    Explicit content ids of two inputs must not overlap; OFFSET moves those of an input up.
    """
    from zswap_replay.cli.messages import note
    from zswap_replay.trace.merge import MergeInput
    from zswap_replay.trace.merge import merge as merge_traces

    with Bar("merge", shown=shows_progress(progress)) as bar:
        summary = merge_traces(
            [MergeInput.parse(text) for text in inputs],
            output,
            totalram_pages=totalram_pages,
            drop_recipe=drop_recipe,
            overwrite=force,
            notes=note,
            progress=bar.update,
        )
    click.echo(f"{summary.rows:,} rows, {summary.memcgs:,} memcgs: {output}")
