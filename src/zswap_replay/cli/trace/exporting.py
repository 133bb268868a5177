"""``zswap-replay trace export``: a command for each row of the exporters, made from it."""

from __future__ import annotations

import click

from zswap_replay.cli.lazy_group import LazyGroup
from zswap_replay.cli.messages import note
from zswap_replay.cli.options import example, output_option, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_argument, trace_force
from zswap_replay.trace.exporters import EXPORTERS, Exporter, run

_STANDARD_OUTPUT = "/dev/stdout"


class ExportGroup(LazyGroup):
    """The commands of the exporters, made from their rows."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of an exporter, in any letters; None for an unknown name."""
        row = EXPORTERS.get(cmd_name.lower())
        return None if row is None else command_of(cmd_name.lower(), row)


def command_of(name: str, row: Exporter) -> click.Command:
    """Make the command of an exporter."""

    @click.command(name, epilog=example(row.example), help=f"{row.line}\n\n{row.text}")
    @trace_argument
    @output_option("The file to write; - is standard output, for text.", required=True)
    @trace_force
    @progress_option()
    def command(trace: str, output: str, force: bool, progress: bool | None) -> None:
        if output == "-":
            output = _STANDARD_OUTPUT
        with Bar("export", shown=shows_progress(progress)) as bar:
            found = run(name, trace, output, overwrite=force, progress=bar.update)
        for text in found.notes:
            note(text)
        counts = ", ".join(f"{value:,} {figure}" for figure, value in found.figures.items())
        click.echo(f"{counts}: {output}", err=output == _STANDARD_OUTPUT)

    return command
