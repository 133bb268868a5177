"""``zswap-replay capture``: what a live kernel's zswap is asked, and what comes of it, into one folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from zswap_replay.cli import completers, libraries
from zswap_replay.cli.messages import note, warn
from zswap_replay.cli.options import Decorated, duration, example, force_option, quiet_option
from zswap_replay.errors import SettingsError
from zswap_replay.units import parse_amount

FOLDER = "zswap-capture"
PROGRAM = (sys.executable, "-m", "zswap_replay")
"""What a capture in the background runs."""
SCRIPTS = ("all", "shell", "bt")
_KINDS = ("auto", "fprobe", "kprobe")


def _bytes(text: str) -> int:
    """Return the bytes of ``512M``. Raises click.BadParameter."""
    try:
        return parse_amount(text)
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None


_root_option = click.option(
    "--root",
    default="/",
    hidden=True,
    envvar="ZSWAP_REPLAY_ROOT",
    help="The folder that stands for the machine's root.",
)
_btf_option = click.option(
    "--btf",
    metavar="FILE",
    shell_complete=completers.files,
    help="The kernel's types [default: /sys/kernel/btf/vmlinux].",
)
_kind_option = click.option(
    "--probes",
    "kind",
    type=click.Choice(_KINDS),
    default="auto",
    show_default=True,
    help="Events of fprobe where the kernel has them, else of kprobe; or of the one kind alone.",
)


def _capture_options(function: Decorated) -> Decorated:
    for option in reversed(
        (
            click.option(
                "-o",
                "--output",
                metavar="FOLDER",
                default=FOLDER,
                show_default=True,
                shell_complete=completers.files,
                help="The folder to write, which is made.",
            ),
            force_option("Write over a capture that is in the folder."),
            click.option(
                "--max-size",
                type=_bytes,
                metavar="SIZE",
                default="1G",
                show_default=True,
                help="Stop when the packed text has this size.",
            ),
            click.option(
                "--max-time", type=duration, metavar="TIME", help="Stop after this time: 90s, 10m, 2h."
            ),
            click.option(
                "--buffer",
                type=_bytes,
                metavar="SIZE",
                default="8M",
                show_default=True,
                help="The ring buffer of each processor.",
            ),
            click.option(
                "--settle",
                type=duration,
                metavar="TIME",
                default="1s",
                show_default=True,
                help="How long a snapshot waits, at most, for swapping to stand still.",
            ),
            _kind_option,
            _btf_option,
            quiet_option("No notes and no figures; warnings are still printed."),
            _root_option,
        )
    ):
        function = option(function)  # type: ignore[assignment]  # an option gives back what it is put on
    return function


def _print_script(context: click.Context, _param: click.Parameter, wanted: str | None) -> str | None:
    return None if context.resilient_parsing else wanted


@click.group(
    invoke_without_command=True,
    epilog=example(
        "zswap-replay capture run -- stress-ng --vm 2 --timeout 60s",
        "zswap-replay capture start -o /var/tmp/c --max-time 1h",
        "zswap-replay capture stop",
        "zswap-replay capture --print > capture.sh",
    ),
)
@click.option(
    "--print",
    "script",
    is_flag=False,
    flag_value="all",
    type=click.Choice(SCRIPTS),
    callback=_print_script,
    help="Print what captures without this program: a script for sh, or a .bt for bpftrace, or both in one (all).",
)
@_kind_option
@_btf_option
@_root_option
@click.pass_context
def capture(context: click.Context, script: str | None, kind: str, btf: str | None, root: str) -> None:
    """Capture what a live kernel's zswap is asked, and what comes of it, into one folder.

    As root. What the kernel lacks is named, and nothing is then begun. The folder is what ``trace import capture`` and
    ``live-check`` read. The probes are taken away however a capture ends; after a SIGKILL ``capture clean`` does it.
    """
    libraries.forget()
    if script is not None:
        if context.invoked_subcommand is not None:
            raise click.UsageError("found --print and a command; expected one of them", context)
        from zswap_replay.capture.host import Host
        from zswap_replay.capture.script import printed

        click.echo(printed(Host(root), script, kind=kind, btf=btf), nl=False)
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


@capture.command(
    context_settings={"ignore_unknown_options": True},
    epilog=example("zswap-replay capture run -o c -- make -j8", "zswap-replay live-check c"),
)
@_capture_options
@click.option("--ready-fd", type=int, hidden=True, help="A descriptor that is told when all is recorded.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, shell_complete=completers.files)
@click.pass_context
def run(
    context: click.Context, /, command: Sequence[str], ready_fd: int | None, root: str, **given: Any
) -> None:
    """Capture while a command runs; without one, until Ctrl-C. The status is the command's."""
    from zswap_replay.capture.host import Host
    from zswap_replay.capture.session import capture as begin

    quiet = given["quiet"]
    options = _options(given)
    manifest = begin(
        Host(root),
        options,
        command,
        ready=None if ready_fd is None else _teller(ready_fd),
        notes=None if quiet else note,
    )
    _show(options.folder, manifest, quiet=quiet)
    context.exit(manifest["status"] or (1 if manifest["lost"] else 0))


@capture.command(epilog=example("zswap-replay capture start -o /var/tmp/c --max-size 4G"))
@_capture_options
@click.pass_context
def start(context: click.Context, /, root: str, **given: Any) -> None:
    """Begin a capture that goes on in the background, until ``capture stop``, its size or its time."""
    options = _options(given)
    read, write = os.pipe()
    arguments = ["--root", root, "--ready-fd", str(write), "--output", os.path.abspath(options.folder)]
    for name, value in (
        ("--max-size", options.max_bytes),
        ("--max-time", given["max_time"] and f"{given['max_time']}ns"),
        ("--buffer", given["buffer"]),
        ("--settle", f"{given['settle']}ns"),
        ("--probes", options.kind),
        ("--btf", options.btf and os.path.abspath(options.btf)),
    ):
        if value is not None:
            arguments += [name, str(value)]
    arguments += [flag for flag, on in (("--force", options.overwrite), ("--quiet", given["quiet"])) if on]
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen(
            [*PROGRAM, "capture", "run", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            pass_fds=(write,),
            start_new_session=True,
        )
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            began = pipe.read() == b"ready"
        status = 0 if began else child.wait()
        told.seek(0)
        click.echo(told.read().decode("utf-8", "replace"), nl=False, err=True)
    if not began:
        context.exit(status or 1)
    # it is nobody's child from here on
    child.returncode = 0
    if not given["quiet"]:
        click.echo(
            f"capturing into {options.folder} (process {child.pid}); zswap-replay capture stop ends it"
        )


@capture.command(epilog=example("zswap-replay capture stop", "zswap-replay live-check zswap-capture"))
@click.option(
    "--timeout",
    type=duration,
    metavar="TIME",
    default="60s",
    show_default=True,
    help="How long to wait for its end.",
)
@quiet_option("No figures; warnings are still printed.")
@_root_option
@click.pass_context
def stop(context: click.Context, timeout: int, quiet: bool, root: str) -> None:
    """End the capture that runs, and say what it has."""
    from zswap_replay.capture.host import Host
    from zswap_replay.capture.running import find_running
    from zswap_replay.capture.session import stop_running

    host = Host(root)
    running = find_running(host)
    manifest = stop_running(host, seconds=timeout / 1e9)
    _show(Path(running.folder if running is not None else FOLDER), manifest, quiet=quiet)
    if manifest.get("lost"):
        context.exit(1)


@capture.command(epilog=example("zswap-replay capture snapshot after-warmup"))
@click.argument("label", metavar="LABEL")
@click.option(
    "--settle",
    type=duration,
    metavar="TIME",
    default="1s",
    show_default=True,
    help="How long to wait, at most, for swapping to stand still.",
)
@_root_option
def snapshot(label: str, settle: int, root: str) -> None:
    """Save the counters of this moment under a label, and mark it in the trace: they are compared there."""
    from zswap_replay.capture.host import Host
    from zswap_replay.capture.session import snapshot_running

    if not snapshot_running(Host(root), label, settle_seconds=settle / 1e9):
        warn(f"counters moved while they were read at {label}: they may be off from the trace there")


@capture.command(epilog=example("zswap-replay capture clean"))
@_root_option
def clean(root: str) -> None:
    """Take away the probes that a capture left which was killed."""
    from zswap_replay.capture.host import Host
    from zswap_replay.capture.session import clean as take_away

    found = take_away(Host(root))
    click.echo(f"taken away: {', '.join(found)}" if found else "nothing to take away")


@capture.command(epilog=example("zswap-replay capture check"))
@_kind_option
@_btf_option
@_root_option
@click.pass_context
def check(context: click.Context, kind: str, btf: str | None, root: str) -> None:
    """Say what this kernel has of what a capture needs; status 1 where it cannot be made."""
    from zswap_replay.capture.checks import check_host
    from zswap_replay.capture.host import Host

    checked = check_host(Host(root), kind=kind, btf=btf)
    click.echo(f"Linux {checked.release}")
    for probe in checked.probes:
        click.echo(f"  {probe.event:<20}{'fprobe' if probe.fprobe else 'kprobe'} {probe.symbol}()")
    for each in checked.missing:
        click.echo(f"  {each.event:<20}missing{'' if each.needed else ', can be done without'}: {each.why}")
    for lacking in checked.lacking:
        click.echo(f"  missing: {lacking}")
    for text in checked.notes:
        note(text)
    click.echo("can be captured" if checked.complete else "cannot be captured")
    context.exit(0 if checked.complete else 1)


def _options(given: dict[str, Any]) -> Any:
    from zswap_replay.capture.session import Options

    return Options(
        Path(given["output"]),
        kind=given["kind"],
        btf=given["btf"],
        buffer_kb=max(given["buffer"] // 1024, 4),
        max_bytes=given["max_size"],
        max_seconds=None if given["max_time"] is None else given["max_time"] / 1e9,
        settle_seconds=given["settle"] / 1e9,
        overwrite=given["force"],
    )


def _teller(descriptor: int) -> Callable[[], None]:
    def tell() -> None:
        os.write(descriptor, b"ready")
        os.close(descriptor)

    return tell


_ENDS = {"command": "the command ended", "size": "the size was reached", "time": "the time was over"}


def _show(folder: Path, manifest: dict[str, Any], *, quiet: bool) -> None:
    """Print what a capture has; what it lacks even where ``quiet``."""
    if manifest.get("ended") is None:
        warn(f"{folder}: the capture was cut off: it has no counters of its end")
        return
    if not quiet:
        ended = manifest["ended"]
        click.echo(f"captured: {folder} ({_ENDS.get(ended, f'ended by {ended}')})")
        share = manifest["cpu_seconds"] / max(manifest["seconds"], 1e-9)
        click.echo(
            f"{manifest['seconds']:,.1f} s, {manifest['text_bytes']:,} bytes of text, {manifest['packed_bytes']:,} "
            f"packed; to write them took {manifest['cpu_seconds']:,.2f} s of a processor ({share:.1%})"
        )
        click.echo("  ".join(f"{name} {value:,}" for name, value in manifest["growth"].items()))
        click.echo(f"next: zswap-replay live-check {folder}")
    if manifest["lost"]:
        warn(f"{manifest['lost']:,} events were lost: give a larger --buffer")
    for label in manifest["moved"]:
        warn(f"counters moved while they were read at {label}: they may be off from the trace there")
