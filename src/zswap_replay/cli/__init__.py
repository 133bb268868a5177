"""The command line: one module per command, each imported when it is asked for and not before."""

from __future__ import annotations

import importlib
import os
import sys

import click

from zswap_replay.cli.errors import WIDEST_HELP, guarded

PROGRAM = "zswap-replay"

COMMANDS = {
    "run": "Replay a trace and print the kernel's counters.",
    "check": "Replay a trace and compare with a file of expected results.",
    "compare": "Compare results side by side.",
    "sweep": "Replay a trace at every point of a grid of settings.",
    "report": "Make a page of charts and tables of results or of a sweep.",
    "trace": "Make, check and show traces.",
    "payload": "Show what pages hold and how well they compress.",
    "kernels": "List the kernel releases that can be replayed.",
    "completion": "Print a script that completes the command line in a shell.",
}
"""Each command with the line that ``--help`` shows; the command ``x`` is ``x`` of the module ``cli.x``."""


class LazyGroup(click.Group):
    """A group whose own help imports none of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands from ``COMMANDS`` alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version
    from importlib.util import find_spec

    # Where the core would be loaded from tells the kind, and imports nothing of it.
    core = find_spec("zswap_replay.machine.machine")
    kind = "interpreted" if core and core.origin and core.origin.endswith(".py") else "compiled"
    click.echo(f"{PROGRAM} {version(PROGRAM)} (core {kind})")
    ctx.exit()


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP}
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and whether the core is compiled, and exit.",
)
def cli() -> None:
    """Replay page-access and memcg traces through a model of Linux zswap, and print the kernel's counters."""


def main() -> None:
    """Runs the command line and exits with its status."""
    # Arrow's own choice of an allocator keeps 20 MB more for a trace that is read batch by batch, and is no faster.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    sys.exit(guarded(cli, PROGRAM, sys.argv[1:]))
