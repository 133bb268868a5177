"""``zswap-replay run``: replay a trace and print what the kernel would count."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note_if_interpreted, noting_once, warn
from zswap_replay.cli.options import (
    INSTEAD_OF_STDOUT,
    cost_option,
    duration,
    each_run,
    every,
    example,
    format_option,
    jobs_option,
    missing_option,
    output_option,
    profile_for,
    progress_option,
    quiet_option,
    settings_options,
    shows_progress,
    strict_option,
    timing_option,
)
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.cli.switches import WithSwitch
from zswap_replay.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from zswap_replay.replay.checkpoint import Checkpoints
    from zswap_replay.report.machine.timeline import TimelineWriter
    from zswap_replay.result.cost_profile import CostProfile
    from zswap_replay.result.result import Result
    from zswap_replay.settings import Settings

FORMATS = ("table", "json", "csv", "openmetrics")


@click.command(
    cls=WithSwitch,
    epilog=example(
        "zswap-replay run trace.parquet -c zstd -c lz4 --totalram 4G --set /web:memory.zswap.max=64M",
        "zswap-replay run trace.parquet --kernel 6.12 --format json --no-timing -o result.json",
        "zswap-replay run trace.parquet --interval 1s --timeline timeline.parquet",
    ),
)
@click.argument("trace", shell_complete=completers.files)
@settings_options(several=True)
@click.option(
    "--interval",
    type=duration,
    metavar="TIME",
    help="Take a snapshot each time so much of the trace has passed.",
)
@click.option(
    "--timeline",
    metavar="FILE",
    shell_complete=completers.files,
    help="Write all snapshots to a Parquet file.",
)
@click.option(
    "--range",
    "ranged",
    is_flag=True,
    help="Replay under shrink delays of 1, 4 and 16: low, default and high of each counter.",
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    shell_complete=completers.files,
    help="Write the state of the replay to a file every so often, to go on from.",
)
@click.option(
    "--checkpoint-every",
    type=every,
    metavar="TIME|EVENTS",
    help="How often that is: seconds of the clock on the wall (90s), or events (1000000).  [default: 60s]",
)
@click.option(
    "--resume",
    metavar="FILE",
    shell_complete=completers.files,
    help="Go on from a checkpoint of the same trace and settings, to the same counters.",
)
@click.option(
    "--self-check",
    type=click.IntRange(1, 1 << 62),
    is_flag=False,
    flag_value=1_000_000,
    metavar="[EVENTS]",
    help="Count all pages, entries and charges again after so many events each time (1000000 where none is given).",
)
@click.option(
    "--sha256",
    is_flag=True,
    help="Take the SHA-256 of the rows too, of a long trace: results of more than 262144 rows have XXH3 alone.",
)
@cost_option
@jobs_option(
    " [default: of 262,144 events or more, one for each processor, 4 at most; with a checkpoint and of less, 1]"
)
@strict_option
@missing_option
@format_option(FORMATS)
@output_option(INSTEAD_OF_STDOUT)
@timing_option("Whether to print where the time went.")
@progress_option()
@quiet_option()
@click.pass_context
def run(
    context: click.Context,
    /,
    trace: str,
    interval: int | None,
    timeline: str | None,
    ranged: bool,
    checkpoint: str | None,
    checkpoint_every: tuple[int | None, float | None] | None,
    resume: str | None,
    self_check: int | None,
    sha256: bool,
    cost: str | None,
    jobs: int | None,
    strict: bool,
    allow_missing: bool,
    form: str,
    output: str | None,
    timing: bool,
    progress: bool | None,
    quiet: bool,
    **_settings: object,
) -> None:
    """Replay TRACE, a Parquet file, folder or URI, and print what the kernel would count.

    With several compressors (-c zstd -c lz4) or tiers (--tier zswap --tier zram --tier disk) the trace is replayed
    once with each. Beside other tiers zram is replayed at equal memory too, which comes first: its compressed pages
    are charged to nobody, so that under the same memory.max it has more memory than zswap. Each page is compressed when
    it is stored, decompressed when it comes back, and compared. With --jobs, and from 262,144 events on, each content
    is compressed and compared once: faster, and by other processes before the replay comes to it, whose seconds are
    added up in the table of times. The counters are the same.

    When the worker that shrinks a full pool gets the processor is not in a trace, and some counters depend on it. With
    --range the trace is replayed with a worker that runs early and one that runs late too, in as many processes as
    --jobs says or there are cores, and the range of each counter is shown beside its value; no codec runs again.

    Pages that do not come back as they went in are counted in mismatches: the output is written
    all the same, a warning names them, and the status is 1.

    What that costs in time and wear is reckoned by a cost profile, --cost: of this machine, made by `cost measure`,
    or of a kind of swap device.

    A replay that was stopped goes on from its last --checkpoint with --resume, to the same counters.
    """
    from zswap_replay.files import check_distinct, check_output, check_writable, replacing

    check_distinct(("--output", output), ("--timeline", timeline), ("--checkpoint", checkpoint))
    runs = each_run(context)
    kept = _checkpoints(checkpoint, checkpoint_every, resume, runs)
    profile = profile_for(cost, [settings.compressor for settings in runs])
    from zswap_replay.result.cost_profile import files_of
    from zswap_replay.result.labels import warnings
    from zswap_replay.trace.reader import trace_files

    outputs = [name for name in (output, timeline, checkpoint) if name is not None]
    inputs = [*trace_files(trace), *runs[0].files()] if outputs else []
    if checkpoint is not None:
        check_output(checkpoint, inputs=inputs, regular=True)
        check_writable(checkpoint)
    if resume is not None:
        inputs.append(resume)
    if outputs:
        inputs.extend(files_of(cost))
    with ExitStack() as files:
        # Both files are made first: one that cannot be written is found before the replay, not after it.
        target = files.enter_context(replacing(output, inputs=inputs)) if output is not None else None
        line = None
        if timeline is not None:
            from zswap_replay.report.machine import timeline as timelines

            file = files.enter_context(replacing(timeline, inputs=inputs))
            line = files.enter_context(timelines.timeline(file))
        if kept is not None:
            files.enter_context(kept.told())
        results, verified = _replay_each(
            trace,
            runs,
            ranged=ranged,
            cost=profile,
            jobs=jobs,
            strict=strict,
            allow_missing=allow_missing,
            interval_ns=interval or 0,
            checkpoint=kept,
            resume=resume,
            self_check=self_check or 0,
            line=line,
            sha256=sha256,
            bar=shows_progress(progress, quiet),
            quiet=quiet,
        )
        for text in warnings(results):
            warn(text)
        if line is not None:
            timelines.write_rest(line, results)
        with reader_may_leave():
            _print(results, form, timing=timing, target=target)
    if not verified:
        context.exit(1)


def _checkpoints(
    checkpoint: str | None,
    every: tuple[int | None, float | None] | None,
    resume: str | None,
    runs: tuple[Settings, ...],
) -> Checkpoints | None:
    """Return what writes checkpoints, None where none is asked for.

    Raises click.UsageError: options that do not go together.
    """
    if every is not None and checkpoint is None:
        raise click.UsageError("--checkpoint-every: expected --checkpoint FILE beside it")
    if (checkpoint or resume) and len(runs) > 1:
        raise click.UsageError("--checkpoint and --resume: expected one compressor and one tier")
    if checkpoint is None:
        return None
    from zswap_replay.replay.checkpoint import Checkpoints, Every

    return Checkpoints(checkpoint, None if every is None else Every(*every))


def _replay_each(
    trace: str,
    runs: tuple[Settings, ...],
    *,
    ranged: bool,
    cost: CostProfile | None,
    jobs: int | None,
    strict: bool,
    allow_missing: bool,
    interval_ns: int,
    checkpoint: Checkpoints | None,
    resume: str | None,
    self_check: int,
    line: TimelineWriter | None,
    sha256: bool,
    bar: bool,
    quiet: bool,
) -> tuple[list[Result], bool]:
    """Return the results, and whether every page came back as it went in: else their warnings name it."""
    from zswap_replay.codec.workers import shared_workers
    from zswap_replay.replay.controls import ignore
    from zswap_replay.replay.equal_memory import equal_memory
    from zswap_replay.replay.loop import jobs_unasked, replay
    from zswap_replay.trace.reader import open_trace

    note_if_interpreted(quiet=quiet)
    notes = None if quiet else noting_once()
    results: list[Result] = []
    verified = True
    side_by_side = len({settings.tier for settings in runs}) > 1
    reader = open_trace(trace, strict=strict)
    if len(runs) > 1:  # the first replay decodes the trace for all
        reader.share()
    compressing = jobs
    if jobs is None and checkpoint is None and resume is None:
        compressing = jobs_unasked(reader, runs[0])
    with shared_workers(compressing, notes or ignore, forks=True) as workers:
        for number, settings in enumerate(runs):
            # where tiers differ a run is named by what all of them are, which is known at the end
            follow = None if line is None or side_by_side else partial(line.follow_settings, number)
            with Bar(settings.compressor, shown=bar) as shown:
                try:
                    result = replay(
                        trace,
                        settings,
                        strict=strict,
                        range=ranged,
                        cost=cost,
                        allow_missing=allow_missing,
                        interval_ns=interval_ns,
                        jobs=jobs,
                        checkpoint=checkpoint,
                        resume=resume,
                        self_check=self_check,
                        sha256=sha256,
                        workers=workers,
                        reader=reader,
                        progress=shown.update,
                        notes=notes,
                        follow=follow,
                    )
                except VerificationError as error:
                    if error.result is None:
                        raise
                    result = error.result
                    verified = False
                if side_by_side and settings.has_zram and not settings.charge_zram:
                    equal = equal_memory(
                        trace, settings, strict=strict, jobs=jobs, workers=workers, cost=cost, reader=reader
                    )
                    result = replace(result, at_equal_memory=equal)
                results.append(result)
    return results, verified


def _print(results: list[Result], form: str, *, timing: bool, target: Path | None) -> None:
    if form == "table" and target is None and sys.stdout.isatty():
        from zswap_replay.report.terminal import table
        from zswap_replay.report.terminal.style import OutputConsole

        table.show(results, OutputConsole(), timing=timing)
        return
    if target is None:
        for text in _rendered(results, form, timing=timing):
            click.echo(text, nl=False)
    else:
        with target.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(_rendered(results, form, timing=timing))


def _rendered(results: list[Result], form: str, *, timing: bool) -> Iterable[str]:
    # Each form imports what it needs: rich, which the table is made with, takes a fifth of a short run.
    if form == "json":
        from zswap_replay.result import file

        return file.chunks(results, timing=timing)
    if form == "csv":
        from zswap_replay.report.machine import counters_csv

        return (counters_csv.render(results, timing=timing),)
    if form == "openmetrics":
        from zswap_replay.report.machine import openmetrics

        return (openmetrics.render(results, timing=timing),)
    from zswap_replay.report.terminal import table

    return (table.render(results, timing=timing),)
