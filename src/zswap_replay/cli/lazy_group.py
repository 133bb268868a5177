"""Groups whose commands are imported when they are asked for, and not before."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click


class LazyGroup(click.Group):
    """A group whose own help imports none of its commands.

    The command ``x-y`` is ``x_y`` of the module ``package.x_y``.
    """

    def __init__(self, *, package: str, lines: Mapping[str, str], **attributes: object) -> None:
        """Take the package of the commands, and each command with the line that the group's help shows."""
        super().__init__(**attributes)  # type: ignore[arg-type]  # what click's decorator gives
        self.package = package
        self.lines = lines

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands, in the order of their lines."""
        return list(self.lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, imported now; None for an unknown name."""
        if cmd_name not in self.lines:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"{self.package}.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their lines alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines.items()))
