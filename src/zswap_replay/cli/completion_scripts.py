"""Completion scripts where click's do not do.

bash cuts words at colons and equals signs, zsh puts a space behind an equals sign that a value is to follow, and the
script for fish cuts values at commas.
"""

from __future__ import annotations

import os
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
    split_arg_string,
)

_BASH = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                [[ $value == *= ]] && compopt -o nospace
                COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH_ADD = "compadd -U -V unsorted -a completions"
_ZSH_ADD_EACH = """\
compadd -U -V unsorted -- ${completions:#*=}
        compadd -U -V unsorted -S '' -- ${(M)completions:#*=}"""


@add_completion_class
class Bash(BashComplete):
    """Takes the words from the line itself, and gives back what comes after the last place where bash cuts."""

    source_template = _BASH

    def source(self) -> str:
        """Return the script; where it is made, as for a package, no bash need be there to be asked its version."""
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is to be completed, and that one."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1].isspace() else ""
        breaks = os.environ["COMP_WORDBREAKS"]
        # The part of an option before its equals sign is not click's to complete, and comes in no answer.
        value = incomplete.partition("=")[2] if incomplete.startswith("--") else incomplete
        self._cut = max((value.rfind(sign) + 1 for sign in ":=@" if sign in breaks), default=0)
        return words, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Write kind and value; bash puts the value in the place of the last piece of the word."""
        return f"{item.type},{item.value[self._cut :]}"


@add_completion_class
class Fish(FishComplete):
    """Takes a value with commas whole."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


@add_completion_class
class Zsh(ZshComplete):
    """Leaves the cursor behind an equals sign, where a value is to follow."""

    source_template = ZshComplete.source_template.replace(_ZSH_ADD, _ZSH_ADD_EACH)


def script(command: click.Command, program: str, variable: str, shell: str) -> str:
    """Give the completion script of a shell, which asks for completions by setting ``variable``."""
    kinds: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}
    return kinds[shell](command, {}, program, variable).source()


def answer(command: click.Command, program: str, variable: str, instruction: str) -> int:
    """Print what a script asks for; return the status of the program."""
    return shell_complete(command, {}, program, variable, instruction)
