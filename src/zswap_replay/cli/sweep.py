"""``zswap-replay sweep``: replay a trace at every point of a grid of settings."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note, note_if_interpreted, warn
from zswap_replay.cli.options import (
    cost_option,
    force_option,
    format_option,
    missing_option,
    output_option,
    profile_for,
    progress_option,
    quiet_option,
    shows_progress,
    split,
    strict_option,
    timing_option,
)
from zswap_replay.cli.progress import LiveTable
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.cli.sweep_options import axis_options, options_from, workers_options
from zswap_replay.cli.switches import WithSwitches

if TYPE_CHECKING:
    from zswap_replay.sweep.result import Sweep

FORMATS = ("table", "json", "csv")


@click.command(
    cls=WithSwitches,
    epilog="\b\nExample:\n"
    "  zswap-replay sweep trace.parquet -c zstd,lz4 --max-pool-percent 5,10,20 --kernel 6.8,6.12 \\\n"
    "      --set /web:memory.max=0.5ws --set /web:memory.zswap.max=64M,128M,max \\\n"
    "      -o sweep.parquet",
)
@click.argument("trace", shell_complete=completers.files)
@axis_options
@click.option(
    "--pareto",
    type=split,
    metavar="FIGURE,...",
    help="Mark the points that no other beats in all of these columns [default: swap_write_bytes, swap_read_bytes, "
    "memory_saved_mean_bytes]. Less is better, but for ratios and memory saved; name:max and name:min say otherwise.",
)
@click.option(
    "--allow-oom",
    is_flag=True,
    help="Mark points too under which a kernel would have killed programs, or found a memory.swap.max reached.",
)
@cost_option
@strict_option
@missing_option
@workers_options
@format_option(FORMATS, "What is printed.")
@output_option(
    "Write the rows to a Parquet file. A sweep that was interrupted goes on from what it left beside it."
)
@force_option("Start anew, whatever FILE or what is beside it holds.")
@timing_option("Whether to add the seconds of each point.", default=False)
@progress_option("Show how it gets on [default: on a terminal].")
@quiet_option("No notes and no progress; warnings are still printed.")
@click.pass_context
def sweep(
    context: click.Context,
    /,
    trace: str,
    pareto: list[str] | None,
    allow_oom: bool,
    cost: str | None,
    strict: bool,
    allow_missing: bool,
    jobs: int | None,
    scheduler: str | None,
    form: str,
    output: str | None,
    force: bool,
    timing: bool,
    progress: bool | None,
    quiet: bool,
    **_settings: object,
) -> None:
    """Replay TRACE at every point of a grid, and print one row a point.

    Every setting takes several values between commas; the grid is the product of them, the last one moving fastest.
    Time and wear are reckoned by a cost profile, --cost: --pareto stall,memory_saved_mean_bytes takes them by name.
    Sizes may be shares of the working set: --totalram 1.5ws, --set /web:memory.max=0.5ws.
    """
    if jobs is not None and scheduler is not None:
        raise click.UsageError("--jobs and --scheduler: give one, since the cluster has its own workers")
    if output is not None and output.lower().endswith((".csv", ".json")):
        raise click.UsageError(
            f"--output {output}: a sweep's file is Parquet; --format csv and json print the rows"
        )
    profile = profile_for(cost)
    options = options_from(context)
    from zswap_replay.sweep.pareto import DEFAULT
    from zswap_replay.sweep.run import sweep as run
    from zswap_replay.sweep.workers import early_processes

    note_if_interpreted(quiet=quiet)
    with ExitStack() as stack:
        # before the table that shows how it gets on, which has a thread
        processes = stack.enter_context(early_processes(jobs, scheduler, options))
        found = run(
            trace,
            options,
            strict=strict,
            allow_missing=allow_missing,
            output=output,
            pareto=DEFAULT if pareto is None else pareto,
            allow_oom=allow_oom,
            cost=profile,
            timing=timing,
            force=force,
            jobs=jobs or 0,
            processes=processes,
            scheduler=scheduler,
            watch=stack.enter_context(LiveTable()) if shows_progress(progress, quiet) else None,
            notes=None if quiet else note,
        )
    for text in found.warnings:
        warn(text)
    with reader_may_leave():
        _print(found, form)
    verified = not any(row.get("replay.mismatches") for row in found.rows)
    for failure in found.failures:
        note(f"point {failure.point} failed: {failure.error}")
    if found.failures:
        kept = "the same command replays them again" if output else "without --output no row is kept"
        note(f"{len(found.failures)} of {len(found.failures) + len(found.rows)} points failed; {kept}")
        context.exit(max(failure.exit_code for failure in found.failures))
    if not verified:  # the warnings name the points and the contents
        context.exit(1)


def _print(found: Sweep, form: str) -> None:
    if form == "json":
        from zswap_replay.report.machine.sweep_json import render
    elif form == "csv":
        from zswap_replay.report.machine.sweep_csv import render
    else:
        from zswap_replay.report.terminal.sweep_table import render, show

        if sys.stdout.isatty():
            from rich.console import Console

            show(found, Console())
            return
    click.echo(render(found), nl=False)
