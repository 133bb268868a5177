"""The manual page, made from the commands: ``python -m tools.manpage > man/zswap-replay.1``.

It holds the text of ``--help`` of all commands. It has no date, so that one version always gives the same page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from inspect import cleandoc

import click

from zswap_replay.cli.main import PROGRAM, cli

_STATUSES = (
    ("0", "all is well"),
    ("1", "a check failed, as a decompressed page that is not what went in"),
    ("2", "bad input or usage; one line on standard error names the place"),
    ("130", "interrupted"),
)
_VARIABLES = (
    ("NO_COLOR", "Set to anything: no colour, on a terminal too."),
    (
        "ZSWAP_REPLAY_PURE",
        "Set to 1: the core runs interpreted, also where it was compiled. It counts the same.",
    ),
)
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_NAME = re.compile(r"(?<!\S)\S*\w[./:=]\w\S*")
_SIGNS = {"\\": r"\e", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga", "'": r"\(aq"}


def page() -> str:
    """Render the manual page in the man macros of roff, in ASCII only."""
    return "".join(f"{line}\n" for line in _page())


def _page() -> Iterator[str]:
    context = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    release = f"{PROGRAM} {version(PROGRAM)}"
    yield f'.TH {PROGRAM.upper()} 1 "" "{release}" "User Commands"'
    yield ".ad l"
    yield ".SH NAME"
    yield rf"{PROGRAM} \- replay memory traces through a model of Linux zswap"
    yield ".SH SYNOPSIS"
    yield from _synopsis(context)
    yield ".SH DESCRIPTION"
    yield from _text(cleandoc(cli.help or ""))
    yield ".SH OPTIONS"
    yield from _options(context, cli.get_params(context))
    yield ".SH COMMANDS"
    for command in leaves(context):
        yield f'.SS "{_plain(_words(command))}"'
        yield from _synopsis(command)
        yield from _text(cleandoc(command.command.help or ""))
        yield from _options(command, command.command.params)
        yield from _text(command.command.epilog or "")
    yield ".SH EXIT STATUS"
    for status, meaning in _STATUSES:
        yield from _item(rf"\fB{status}\fR", meaning)
    yield ".SH ENVIRONMENT"
    for name, meaning in _VARIABLES:
        yield from _item(rf"\fB{name}\fR", meaning)
    yield ".SH SEE ALSO"
    yield _prose(
        "Documentation/admin-guide/mm/zswap.rst and Documentation/admin-guide/cgroup-v2.rst of Linux."
    )


def leaves(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of each command, and of a group the contexts of its commands."""
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from leaves(below)
        else:
            yield below


def _words(context: click.Context) -> str:
    """Return the words that call a command: ``zswap-replay trace info`` for the context of info."""
    above = f"{_words(context.parent)} " if context.parent else ""
    return f"{above}{context.info_name}"


def _synopsis(context: click.Context) -> Iterator[str]:
    yield ".P"
    pieces = [_plain(piece) for piece in context.command.collect_usage_pieces(context)]
    yield " ".join([rf"\fB{_plain(_words(context))}\fR", *(rf"\fI{piece}\fR" for piece in pieces)])


def _options(context: click.Context, parameters: Iterable[click.Parameter]) -> Iterator[str]:
    for parameter in parameters:
        names, text = parameter.get_help_record(context) or ("", "")
        if text:
            yield from _item(" ".join(_name(word) for word in names.split(" ")), " ".join(text.split()))


def _name(word: str) -> str:
    """Mark up a word of an option's heading: bold where it is typed as it stands, else italic."""
    if word in ("/", ""):
        return word
    name, comma = word.removesuffix(","), "," if word.endswith(",") else ""
    return rf"\f{'B' if name.startswith('-') else 'I'}{_plain(name)}\fR{comma}"


def _item(heading: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield heading
    yield _prose(text)


def _text(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; one that begins with a backspace keeps its lines."""
    for paragraph in filter(None, text.split("\n\n")):
        if not paragraph.startswith("\b"):
            yield ".P"
            yield _prose(" ".join(paragraph.split()))
            continue
        title, *lines = paragraph.split("\n")[1:]
        yield ".P"
        yield _prose(title)
        yield ".P"
        yield ".RS 4"
        yield ".nf"
        yield from (_plain(line.removeprefix("  ")) for line in lines)
        yield ".fi"
        yield ".RE"


def _prose(text: str) -> str:
    """Escape a text whose words may be hyphenated, except options, paths and names of knobs."""
    marked = _NAME.sub(
        lambda match: f"\1{match[0]}", _OPTION.sub(lambda match: match[0].replace("-", "\0"), text)
    )
    return _guarded(_signs(marked).replace("\0", r"\-").replace("\1", r"\%"))


def _plain(text: str) -> str:
    """Escape a text that is typed as it stands."""
    return _guarded(_signs(text).replace("-", r"\-"))


def _signs(text: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _guarded(line: str) -> str:
    """Protect a line that begins with a dot from being read as a request of roff."""
    return rf"\&{line}" if line.startswith(".") else line


if __name__ == "__main__":
    click.echo(page(), nl=False)
