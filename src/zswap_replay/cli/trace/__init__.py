"""``zswap-replay trace``: make, check and show traces."""

from __future__ import annotations

import importlib

import click

from zswap_replay.cli.trace.annotate import annotate
from zswap_replay.cli.trace.make import generate, merge
from zswap_replay.cli.trace.show import cat, head, info, validate
from zswap_replay.trace.importers import IMPORTERS


class ImporterGroup(click.Group):
    """The importers as commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the importers."""
        return list(IMPORTERS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of an importer; None for an unknown name."""
        if cmd_name not in IMPORTERS:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command


@click.group(name="trace")
def trace() -> None:
    """Make, check and show traces."""


@trace.group(name="import", cls=ImporterGroup)
def import_() -> None:
    """Make a trace from another program's output."""


for _command in (annotate, cat, generate, head, info, merge, validate):
    trace.add_command(_command)
