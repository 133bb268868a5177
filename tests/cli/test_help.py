"""Help that helps: every option is explained, every command has examples, and they are what the parser takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from tests.cli.tree import COMMANDS, LEAVES
from zswap_replay.cli.main import PROGRAM, cli

PIPE = re.compile(r"\||&&|;")
REDIRECTION = re.compile(r"\s\d?>")


def examples(command: click.Command) -> list[str]:
    """The lines of a command's examples, those that end in a backslash joined with the next."""
    head, _, lines = (command.epilog or "").partition(":\n")
    assert "\b\nExample" == head
    return re.sub(r"\s*\\\n\s*", " ", lines).splitlines()


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each call of the program in a shell's line."""
    for part in PIPE.split(re.sub(r"\$\((.*?)\)", r"; \1 ;", line).replace('"', "")):
        words = shlex.split(REDIRECTION.split(part)[0].replace("$$", "1"))
        if words[:1] == [PROGRAM]:
            yield words[1:]


def parse(words: list[str]) -> str:
    """Parses arguments as the program does, without doing anything; the command that they name."""
    with cli.make_context(PROGRAM, list(words)) as context:
        group: click.Command = cli
        path: list[str] = []
        while isinstance(group, click.Group):
            name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
            assert name is not None
            assert command is not None
            context = command.make_context(name, rest, parent=context)
            group = command
            path.append(name)
    return " ".join(path)


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_has_an_example_that_the_parser_takes(name: str) -> None:
    lines = examples(LEAVES[name])
    assert [] != lines
    assert name in [parse(words) for line in lines for words in calls(line)]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_everything_is_explained(name: str) -> None:
    command = COMMANDS.get(name, cli)
    assert command.help
    assert command.get_short_help_str().endswith((".", "..."))
    options = [
        parameter
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
    ]
    assert [] == [option.name for option in options if not option.help]


def test_examples_are_shown_as_they_are_written() -> None:
    for name, command in LEAVES.items():
        shown = command.get_help(click.Context(command, info_name=f"{PROGRAM} {name}", max_content_width=100))
        assert [] == [line for line in (command.epilog or "").splitlines()[1:] if line not in shown], name
