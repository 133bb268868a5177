"""``zswap-replay trace import capture``: a trace from a capture of a live kernel."""

from __future__ import annotations

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note, warn
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.cli.trace.options import trace_force, trace_output

counters_option = click.option(
    "--counters",
    metavar="FILE",
    shell_complete=completers.files,
    help="The counters that were saved at labels [default: NAME.counters.json beside the text].",
)
env_option = click.option(
    "--env",
    metavar="FILE",
    shell_complete=completers.files,
    help="What the machine was: kernel, memory, nodes, parameters [default: NAME.env.txt beside the text].",
)


@click.command(
    epilog=example(
        "zswap-replay trace import capture mini.txt.xz -o mini.parquet",
        "zswap-replay run mini.parquet --kernel 6.12 --lengths mini.lengths.parquet",
    )
)
@click.argument("source", metavar="FOLDER|NAME.txt.xz", shell_complete=completers.files)
@trace_output
@trace_force
@counters_option
@env_option
@click.option("--origin", help="How the trace was made, for its metadata.")
@progress_option()
@click.pass_context
def capture(
    context: click.Context,
    source: str,
    output: str,
    force: bool,
    counters: str | None,
    env: str | None,
    origin: str | None,
    progress: bool | None,
) -> None:
    """Import a capture of a live kernel's zswap: text of trace_pipe, trace-cmd report, perf script or zswap.bt.

    The text may be packed (.xz, .gz, .zst). TRACE.parquet is written, and TRACE.lengths.parquet, which has the lengths
    that the kernel's compressor gave. What was captured is held against the counters that were saved with it: where
    events are missing, the output is written all the same, a warning says how many, and the status is 1.
    """
    from zswap_replay.trace.capture.imported import missing_text
    from zswap_replay.trace.importers.capture import import_capture, lengths_path

    with Bar("import", shown=shows_progress(progress)) as bar:
        imported = import_capture(
            source, output, counters=counters, env=env, origin=origin, overwrite=force, progress=bar.read
        )
    with reader_may_leave():
        for name, value in imported.figures().items():
            click.echo(f"{name:<16}{value:>14,}")
        click.echo(f"written: {output}, {lengths_path(output)}")
    for text, times in imported.notes.items():
        note(f"{text}: {times:,}")
    for text in imported.remarks():
        note(text)
    for text in missing_text(imported):
        warn(text)
    if not imported.whole:
        context.exit(1)
