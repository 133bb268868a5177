"""All commands of the command line, for tests that hold each of them to something."""

from __future__ import annotations

from collections.abc import Iterator

import click

from zswap_replay.cli.main import cli


def _below(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from _below(command, (*path, name))


COMMANDS = dict(_below(cli, ()))
"""Every command by its words: ``trace import lackey``."""

LEAVES = {name: command for name, command in COMMANDS.items() if not isinstance(command, click.Group)}
"""Those that do something, and are not only there to hold others."""
