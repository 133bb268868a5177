"""``zswap-replay tune``: search the best settings under constraints."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note, note_if_interpreted, noting_once, warn
from zswap_replay.cli.options import (
    cost_option,
    example,
    force_option,
    format_option,
    output_option,
    profile_for,
    progress_option,
    quiet_option,
    shows_progress,
    strict_option,
)
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.cli.sweep_options import axis_options, options_from, workers_options
from zswap_replay.cli.switches import WithSwitches
from zswap_replay.cli.tune_options import axis

if TYPE_CHECKING:
    from zswap_replay.tune.result import Tuned
    from zswap_replay.tune.space import Axis

FORMATS = ("table", "json")
_FORMS = ("sysfs", "systemd", "kubelet", "kernel-cmdline")
"""The forms of tune.emit, which is not imported for a help."""


@click.command(
    cls=WithSwitches,
    epilog=example(
        "zswap-replay tune trace.parquet --set /web:memory.max=0.5ws --vary compressor=zstd,lz4 \\",
        "    --vary /web:memory.zswap.max=0.1ws..0.5ws --minimize swap_read_bytes --replays 20 \\",
        "    --subject-to 'swap_write_bytes<=2G' --subject-to 'oom==0' --emit sysfs -o tune.json",
    ),
)
@click.argument("traces", metavar="TRACE...", nargs=-1, required=True, shell_complete=completers.files)
@click.option(
    "--vary",
    "axes",
    type=axis,
    multiple=True,
    metavar="NAME=VALUES",
    help="Search among values between commas (compressor=zstd,lz4) or in a range (max_pool_percent=5..50, "
    "/web:memory.zswap.max=0.1ws..1ws). Repeatable; at least one.",
)
@click.option(
    "--minimize",
    multiple=True,
    metavar="FIGURE",
    help="Make this counter or derived figure small. Repeatable: the first one decides, and all make the front. "
    "This or --maximize is needed.",
)
@click.option("--maximize", multiple=True, metavar="FIGURE", help="Make this one large; after --minimize.")
@click.option(
    "--subject-to",
    multiple=True,
    metavar="FIGURE<=VALUE",
    help="Hold a counter or figure to a bound: 'swap_write_bytes<=2G', 'oom==0'. Repeatable.",
)
@click.option(
    "--over",
    type=click.Choice(("worst", "mean")),
    default="worst",
    show_default=True,
    help="How several traces count.",
)
@click.option(
    "--replays",
    type=click.IntRange(2),
    default=60,
    show_default=True,
    help="Points that are tried, each over every trace; the default settings are the first.",
)
@click.option("--search-seed", type=click.IntRange(0, (1 << 32) - 1), default=0, help="Seed of the search.")
@click.option(
    "--hold-out",
    type=click.IntRange(0, 90),
    default=25,
    show_default=True,
    metavar="PERCENT",
    help="The last part of each trace, on which a choice by the rest is judged; 0: not judged.",
)
@click.option(
    "--emit",
    "forms",
    type=click.Choice(_FORMS),
    multiple=True,
    help="Print the lines that put the answer into force. Repeatable.",
)
@click.option(
    "--study",
    metavar="FILE",
    shell_complete=completers.files,
    help="Keep each point there, in an Optuna journal; the same search goes on from it.",
)
@axis_options
@cost_option
@strict_option
@workers_options
@format_option(FORMATS, "What is printed.")
@output_option("Write the JSON there too, of which report makes a page.")
@force_option("Start anew, whatever the file of --study holds.")
@progress_option("Show how it gets on [default: on a terminal].")
@quiet_option("No notes and no progress; warnings are still printed.")
@click.pass_context
def tune(
    context: click.Context,
    /,
    traces: tuple[str, ...],
    axes: tuple[Axis, ...],
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    subject_to: tuple[str, ...],
    over: str,
    replays: int,
    search_seed: int,
    hold_out: int,
    forms: tuple[str, ...],
    study: str | None,
    cost: str | None,
    strict: bool,
    jobs: int | None,
    scheduler: str | None,
    form: str,
    output: str | None,
    force: bool,
    progress: bool | None,
    quiet: bool,
    **_settings: object,
) -> None:
    """Search the settings under which TRACE comes out best, over one trace or several.

    What --vary does not name is set by the options of run, and else by its default. The answer depends on the traces,
    the options and the seed, and not on the number of processes. A point under which a kernel would have killed
    programs, or that stores nothing, is the answer only where every point is one.
    """
    if jobs is not None and scheduler is not None:
        raise click.UsageError("--jobs and --scheduler: give one, since the cluster has its own workers")
    fixed = tuple(options_from(context))
    from zswap_replay.sweep.workers import early_processes
    from zswap_replay.tune.run import tune as run
    from zswap_replay.tune.space import ends_of

    note_if_interpreted(quiet=quiet)
    with ExitStack() as stack:
        # before the bar, which has a thread
        options = (*fixed, *map(ends_of, axes))
        processes = stack.enter_context(early_processes(jobs, scheduler, options))
        bar = stack.enter_context(Bar("tune", shown=shows_progress(progress, quiet)))
        found = run(
            traces,
            axes,
            fixed,
            minimize=minimize,
            maximize=maximize,
            subject_to=subject_to,
            over="mean" if over == "mean" else "worst",
            replays=replays,
            seed=search_seed,
            hold_out=hold_out,
            forms=forms,
            study=study,
            output=output,
            force=force,
            cost=profile_for(cost),
            strict=strict,
            jobs=jobs or 0,
            processes=processes,
            scheduler=scheduler,
            notes=None if quiet else noting_once(),
            warnings=warn,
            progress=lambda done, most: bar.update(done, most, "points"),
        )
    with reader_may_leave():
        _print(found, form)
    if remark := found.remark():
        note(remark)
    fault = found.fault()
    if fault:
        note(fault)
        context.exit(1)


def _print(found: Tuned, form: str) -> None:
    if form == "json":
        click.echo(found.render(), nl=False)
        return
    from zswap_replay.report.terminal import tuned

    if sys.stdout.isatty():
        from rich.console import Console

        tuned.show(found, Console())
        return
    click.echo(tuned.render(found), nl=False)
