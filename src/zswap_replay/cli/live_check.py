"""``zswap-replay live-check``: a capture of a live kernel against its own replay."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from zswap_replay.cli import completers
from zswap_replay.cli.messages import note_if_interpreted, noting_once, warn
from zswap_replay.cli.options import (
    example,
    format_option,
    progress_option,
    quiet_option,
    release,
    shows_progress,
)
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.standard_streams import reader_may_leave
from zswap_replay.cli.trace.capture import counters_option, env_option

if TYPE_CHECKING:
    from zswap_replay.compare.live import LiveCheck


@click.command(
    epilog=example(
        "zswap-replay live-check capture/",
        "zswap-replay live-check mini.txt.xz --format json",
    )
)
@click.argument("source", metavar="FOLDER|NAME.txt.xz", shell_complete=completers.files)
@counters_option
@env_option
@click.option(
    "--kernel",
    type=release,
    metavar="RELEASE",
    shell_complete=completers.kernels,
    help="Replay under this release [default: the one that was captured].",
)
@format_option(("table", "json"))
@progress_option()
@quiet_option()
@click.pass_context
def live_check(
    context: click.Context,
    source: str,
    counters: str | None,
    env: str | None,
    kernel: str | None,
    form: str,
    progress: bool | None,
    quiet: bool,
) -> None:
    """Import a capture, replay it, and hold the kernel's counters against the replay's at every snapshot.

    Compared are debugfs' counters of zswap, those of /proc/vmstat that swapping moves, and of the root and each memcg
    what it has in zswap and what went in and out. Where one differs, or the capture is known to lack events, the status
    is 1.
    """
    from zswap_replay.compare.live_check import live_check as check
    from zswap_replay.trace.capture.imported import missing_text

    note_if_interpreted(quiet=quiet)
    with Bar("live-check", shown=shows_progress(progress, quiet)) as bar:
        checked = check(
            source,
            counters=counters,
            env=env,
            kernel=kernel,
            notes=None if quiet else noting_once(),
            progress=bar.update,
        )
    for text in missing_text(checked.capture):
        warn(text)
    with reader_may_leave():
        _print(checked, form)
    if not checked.holds:
        context.exit(1)


def _print(checked: LiveCheck, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(checked.as_json(), indent=2))
        return
    from zswap_replay.report.terminal import live
    from zswap_replay.report.terminal.style import OutputConsole

    if sys.stdout.isatty():
        live.show(checked, OutputConsole())
    else:
        click.echo(live.render(checked), nl=False)
