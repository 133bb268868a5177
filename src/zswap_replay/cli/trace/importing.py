"""``zswap-replay trace import``: a command for each row of the importers, made from it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

from zswap_replay.cli import completers
from zswap_replay.cli.lazy_group import LazyGroup
from zswap_replay.cli.messages import note, warn
from zswap_replay.cli.options import example, progress_option, shows_progress
from zswap_replay.cli.progress import Bar
from zswap_replay.cli.trace.options import trace_force, trace_output
from zswap_replay.errors import SettingsError
from zswap_replay.trace.importers import IMPORTERS, named, run
from zswap_replay.trace.importing.row import Importer, Option

_COMMON = (
    "From a file (.gz, .xz and .zst too) or, with -, from standard input. Without --memcg the pages "
    "are in a memcg that is "
    "named after the program, or after the file."
)


class ImportGroup(LazyGroup):
    """The commands of the importers: made from their rows, but for those that have one of their own."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of an importer, by any of its names; None for an unknown name."""
        name = named(cmd_name)
        if name is None:
            return None
        if IMPORTERS[name].own_command:
            own: click.Command = getattr(importlib.import_module(f"{self.package}.{name}"), name)
            return own
        return command_of(name, IMPORTERS[name])


def command_of(name: str, row: Importer) -> click.Command:
    """Make the command of an importer."""

    def command(source: str, output: str, force: bool, progress: bool | None, **given: Any) -> None:
        with Bar("import", shown=shows_progress(progress)) as bar:
            found = run(name, source, output, overwrite=force, progress=bar.read, **given)
        for figure, value in found.figures.items():
            click.echo(f"{figure:<14}{value:>16,}")
        for text in found.notes:
            note(text)
        for text in found.warnings:
            warn(text)

    command.__doc__ = "\n\n".join(part for part in (row.line, row.text, _COMMON) if part)
    decorated: Callable[..., Any] = progress_option()(command)
    decorated = click.option("--origin", help="How the trace was made, for its metadata.")(decorated)
    for option in reversed(row.options):
        decorated = _declared(option)(decorated)
    decorated = click.option(
        "--memcg",
        metavar="PATH",
        help="The memcg that the pages are in [default: named after the program or the file].",
    )(decorated)
    decorated = trace_output(trace_force(decorated))
    decorated = click.argument("source", metavar="SOURCE", shell_complete=completers.files)(decorated)
    return click.command(name, epilog=example(*row.example))(decorated)


def _declared(option: Option) -> Callable[..., Any]:
    told: dict[str, Any] = {"help": option.told, "multiple": option.multiple}
    if option.metavar:
        told["metavar"] = option.metavar
    if option.default is not None:
        told |= {"default": option.default, "show_default": True}
    match option.kind:
        case "flag":
            told |= {"is_flag": True}
            del told["multiple"]
        case "count":
            told["type"] = click.IntRange(option.least)
        case "choice":
            told["type"] = click.Choice(option.choices)
        case "time":
            told |= {"type": _time, "metavar": option.metavar or "TIME"}
        case "file":
            told |= {"metavar": option.metavar or "FILE", "shell_complete": completers.files}
    return click.option(option.flag, option.name, **told)


def _time(text: str) -> int:
    """Return the nanoseconds of ``20ms``, or of microseconds without a unit, as DAMON's own files have them."""
    from zswap_replay.units import parse_duration

    try:
        return parse_duration(f"{text}us" if text.isdigit() else text.replace(" ", ""))
    except SettingsError as error:
        raise click.BadParameter(str(error)) from None
