"""``zswap-replay trace generate`` and ``merge``: traces out of nothing, and out of traces."""

from __future__ import annotations

import click

from zswap_replay.cli import completers
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_force, trace_output

_PATTERNS = ("zipf", "uniform", "scan", "hot-scan")


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


@click.command(
    epilog=example("zswap-replay trace generate zipf --pages 20000 --events 1000000 -o zipf.parquet")
)
@click.argument("pattern", type=click.Choice(_PATTERNS))
@trace_output
@trace_force
@click.option("--pages", default=4096, show_default=True, help="Distinct pages.")
@click.option("--events", default=100_000, show_default=True, help="Page events.")
@click.option("--write-share", default=0.3, show_default=True, help="Share of the events that are writes.")
@click.option("--memcg", default="/a", show_default=True, metavar="PATH", help="The memcg of all pages.")
@click.option("--seed", default=0, show_default=True, help="Of the random numbers.")
@click.option("--step-ns", default=1_000, show_default=True, help="Time from one event to the next.")
@click.option("--skew", default=1.0, show_default=True, help="zipf: the exponent.")
@click.option(
    "--hot-share", default=0.1, show_default=True, help="hot-scan: share of the pages that are hot."
)
@progress_option()
def generate(
    pattern: str,
    output: str,
    force: bool,
    pages: int,
    events: int,
    write_share: float,
    memcg: str,
    seed: int,
    step_ns: int,
    skew: float,
    hot_share: float,
    progress: bool | None,
) -> None:
    """Make a synthetic trace; equal options give equal rows."""
    from zswap_replay.trace.generate import Synthetic
    from zswap_replay.trace.generate import generate as generate_trace

    spec = Synthetic(
        pages=pages,
        events=events,
        write_share=write_share,
        memcg=memcg,
        seed=seed,
        step_ns=step_ns,
        skew=skew,
        hot_share=hot_share,
    )
    with Bar("generate", shown=shows_progress(progress)) as bar:
        rows = generate_trace(pattern, spec, output, overwrite=force, progress=bar.update)
    click.echo(f"{rows:,} rows: {output}")
