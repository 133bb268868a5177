"""``zswap-replay check``: replay a trace and compare what it counts with a file of expected results."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note, noting_once, warn
from zswap_replay.cli.options import example, jobs_option, progress_option, quiet_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.errors import SettingsError
from zswap_replay.units import counted

if TYPE_CHECKING:
    from zswap_replay.compare.expected import Verdict
    from zswap_replay.compare.tolerance import Tolerance


class _Repeatable(click.Command):
    """A command that can tell how it was typed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as any command does, and keep the arguments."""
        ctx.meta[__name__] = tuple(args)
        return super().parse_args(ctx, args)


def _tolerance(text: str) -> Tolerance:
    from zswap_replay.compare.tolerance import Tolerance

    try:
        return Tolerance.parse(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


_tolerance.__name__ = "tolerance"


@click.command(
    cls=_Repeatable,
    epilog=example(
        "zswap-replay run trace.parquet -c zstd -c lz4 --format json --no-timing -o expected.json",
        "zswap-replay check trace.parquet expected.json",
        "zswap-replay check trace.parquet expected.json --tolerance zswap.written_back_pages=1%",
    ),
)
@click.argument("trace", shell_complete=completers.files)
@click.argument("expected", required=False, shell_complete=completers.files)
@click.option(
    "--tolerance",
    "tolerances",
    type=_tolerance,
    multiple=True,
    metavar="COUNTER=VALUE",
    help="Allow a counter to be off by so much (5) or so many percent (1%). Repeatable.",
)
@click.option(
    "--update", is_flag=True, help="Accept what is found: rewrite EXPECTED where it differs, or make it."
)
@click.option("--ignore-versions", is_flag=True, help="Compare even where trace, recipe or codecs differ.")
@click.option(
    "--junit",
    metavar="FILE",
    shell_complete=completers.files,
    help="Write the outcome there as JUnit XML too.",
)
@jobs_option(" [default: of 262,144 events or more, one for each processor, 4 at most; of less, 1]")
@progress_option()
@quiet_option("No notes and no bar.")
@click.pass_context
def check(
    context: click.Context,
    /,
    trace: str,
    expected: str | None,
    tolerances: tuple[Tolerance, ...],
    update: bool,
    ignore_versions: bool,
    junit: str | None,
    jobs: int | None,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Replay TRACE with the settings in EXPECTED, and compare every counter.

    EXPECTED is what `run --format json --no-timing -o EXPECTED` wrote, of one run or of several; where there is no
    such file yet, --update makes it, with the default settings. Where a counter is not what it was, the status is 1 and
    only what differs is printed. Where the trace, the recipe or a codec is another one, there is nothing to compare and
    the status is 2.

    COUNTER is a name as the counters have it (written_back_pages: wherever there is one of that name), that of one
    group (zswap.written_back_pages; the groups are zswap, vmstat, memcg and replay) or that of one memcg
    (/web:zswpwb, /web:replay.accesses). * stands for all names.
    """
    from zswap_replay.compare.check import accept, inputs_of
    from zswap_replay.compare.check import check as run_check
    from zswap_replay.compare.comparable import are_compared
    from zswap_replay.files import replacing
    from zswap_replay.report.machine import junit as junit_report
    from zswap_replay.report.terminal.check import not_comparable

    if expected is None:
        raise SettingsError(f"EXPECTED is missing; {_how_to_make(trace, 'expected.json')}")
    if expected != "-" and not os.path.exists(expected):
        if not update:
            raise SettingsError(f"{expected}: no such file; {_how_to_make(trace, expected)}")
        _make(trace, expected, junit=junit, jobs=jobs, bar=shows_progress(progress, quiet), quiet=quiet)
        return
    with ExitStack() as files:
        # The file is made first: one that cannot be written is found before the replays, not after them.
        xml = None
        if junit is not None:
            xml = files.enter_context(replacing(junit, inputs=inputs_of(trace, expected)))
        with Bar("check", shown=shows_progress(progress, quiet)) as bar:
            checked = run_check(
                trace,
                expected,
                tolerances=tolerances,
                progress=bar.update,
                notes=None if quiet else noting_once(),
                jobs=jobs,
                forks=True,
            )
        verdict = checked.verdict
        compared = are_compared(verdict.obstacles, ignoring=ignore_versions)
        if xml is not None:
            xml.write_text(
                junit_report.render(verdict, expected, compared=compared),
                encoding="utf-8",
                errors="backslashreplace",
            )
    for reason in not_comparable(verdict.obstacles):
        (warn if compared else note)(f"not comparable: {reason}")
    if not compared:
        note(f"to compare all the same:\n    {_again(context, '--ignore-versions')}")
        context.exit(2)
    with reader_may_leave():
        _print(verdict, trace, expected)
    for fault in checked.faults:
        warn(fault)
    if checked.faults:
        if update:
            note(f"{expected}: not updated, since pages did not come back as they went in")
        context.exit(1)
    if update:
        if verdict.differences or verdict.obstacles:
            accept(expected, checked.found)
            click.echo(f"{expected}: updated")
        else:
            click.echo(f"{expected}: nothing to update")
    elif verdict.differences:
        with reader_may_leave():
            click.echo(f"\nto accept the new values:\n    {_again(context, '--update')}")
        context.exit(1)


def _make(trace: str, expected: str, *, junit: str | None, jobs: int | None, bar: bool, quiet: bool) -> None:
    """Make the file of expected results, which is not there yet."""
    from zswap_replay.compare.check import first
    from zswap_replay.compare.expected import Verdict, judge
    from zswap_replay.files import replacing
    from zswap_replay.report.machine import junit as junit_report
    from zswap_replay.trace.reader import trace_files

    with ExitStack() as files:
        xml = None
        if junit is not None:
            xml = files.enter_context(replacing(junit, inputs=trace_files(trace)))
        with Bar("check") as shown:
            made = first(
                trace,
                expected,
                progress=shown.update if bar else None,
                notes=None if quiet else noting_once(),
                jobs=jobs,
            )
        if xml is not None:
            verdict = Verdict((judge(made, made),))
            xml.write_text(junit_report.render(verdict, expected, compared=True), encoding="utf-8")
    for text in made.warnings:
        warn(text)
    click.echo(f"{expected}: made, with the default settings")


def _print(verdict: Verdict, trace: str, expected: str) -> None:
    values = counted(verdict.compared, "value")
    if not verdict.differences:
        runs, snapshots = counted(len(verdict.runs), "run"), counted(len(verdict.snapshots), "snapshot")
        click.echo(f"{trace}: as in {expected} ({runs}, {snapshots}, {values})")
        return
    click.echo(f"{trace}: {counted(verdict.differences, 'difference')} from {expected} in {values}\n")
    from zswap_replay.report.terminal import check as report

    if sys.stdout.isatty():
        from rich.console import Console

        report.show(verdict, Console())
    else:
        click.echo(report.render(verdict), nl=False)


def _how_to_make(trace: str, expected: str) -> str:
    """Return the commands that make a file of expected results, with settings and with the default ones."""
    run = shlex.join(["zswap-replay", "run", trace, "--format", "json", "--no-timing", "-o", expected])
    update = shlex.join(["zswap-replay", "check", trace, expected, "--update"])
    return f"to make it: {run} (with the settings that it is about), or with the default ones: {update}"


def _again(context: click.Context, option: str) -> str:
    """Return the command as it was typed, with one option more."""
    typed: list[str] = list(context.meta[__name__])
    # What comes after "--" is no option.
    more = [option, *typed] if "--" in typed else [*typed, option]
    return shlex.join([*context.command_path.split(), *more])
