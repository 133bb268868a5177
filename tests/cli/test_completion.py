"""Completion in real shells: the script is sourced, and the shell is asked or typed into."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import zswap_replay
from tests.cli.tree import LEAVES
from zswap_replay.cli.completion_scripts import script
from zswap_replay.cli.main import COMMANDS, COMPLETION, PROGRAM, cli
from zswap_replay.kernel.names import HOST
from zswap_replay.mm.release_changes import BETWEEN
from zswap_replay.mm.releases import RELEASES

SOURCE = Path(zswap_replay.__file__).parents[1]
SHELLS = ("bash", "zsh", "fish")
LIKE_6_1 = [name for name in (*RELEASES, *BETWEEN) if name.startswith("6.1")]

# Completes as the program does, and otherwise shows the words that it was called with.
STAND_IN = """\
#!/bin/sh
if [ -n "$_ZSWAP_REPLAY_COMPLETE" ] || [ "$1" = completion ]; then
    exec "{python}" -m zswap_replay "$@"
fi
printf '<%s>' "$@"
echo
"""

BASH_ANSWERS = """\
source <(zswap-replay completion bash) || exit 1
compopt() { echo "compopt $*"; }
COMP_LINE=$1
COMP_POINT=${#COMP_LINE}
$(complete -p zswap-replay | sed 's/.*-F \\([^ ]*\\).*/\\1/') zswap-replay
printf '%s\\n' "${COMPREPLY[@]}"
"""

ZSH_ANSWERS = """\
compdef() { registered=$2 }
source <(zswap-replay completion zsh) || exit 1
[[ $registered == zswap-replay ]] || exit 1
_describe() { print -rl -- ${(P)${@[-2]}} }
_path_files() { print files }
compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- "$@" }
words=("${(@Q)${(z)1}}")
[[ $1 == *' ' ]] && words+=('')
CURRENT=$#words
_zswap_replay_completion
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the program and three files."""
    program = tmp_path / "bin" / PROGRAM
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    for name in ("one.parquet", "two words.parquet", "lengths.parquet"):
        (tmp_path / name).touch()
    return tmp_path


def shell(name: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    return subprocess.run(
        [name, *arguments],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCE),
        "TERM": "dumb",
        "PS1": "$ ",
    }


def bash(home: Path, line: str) -> list[str]:
    done = shell("bash", home, "--norc", "-c", BASH_ANSWERS, "bash", line)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.split("\n")[:-1]


def zsh(home: Path, line: str) -> list[str]:
    done = shell("zsh", home, "-f", "-c", ZSH_ANSWERS, "zsh", line)
    assert "" == done.stderr
    return [answer for answer in done.stdout.split("\n") if answer]


def fish(home: Path, line: str) -> list[str]:
    done = shell(
        "fish", home, "--no-config", "-c", "zswap-replay completion fish | source; complete -C $argv[1]", line
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.split("\n")[:-1]


def typed(program: list[str], home: Path, keys: str) -> str:
    """What a shell on a terminal shows when ``keys`` are typed into it."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(home)
        os.execvpe(program[0], program, environment(home))
    os.write(terminal, keys.encode())
    shown = b"".join(_until_the_end(terminal))
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return shown.decode()


def _until_the_end(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the way in which Linux says that the shell has left its terminal
            return
        yield data


# bash


def test_bash_completes_commands_and_options(home: Path) -> None:
    assert list(COMMANDS) == bash(home, "zswap-replay ")
    assert ["kernels"] == bash(home, "zswap-replay k")
    assert {"import", "merge", "info", "cat"} <= set(bash(home, "zswap-replay trace "))
    assert {"--max-pool-percent", "--max-events"} == set(bash(home, "zswap-replay run --max-"))
    assert ["bash", "zsh", "fish"] == bash(home, "zswap-replay completion ")


def test_bash_completes_values(home: Path) -> None:
    assert [*RELEASES, HOST] == bash(home, "zswap-replay run --kernel ")
    assert LIKE_6_1 == bash(home, "zswap-replay run t.parquet --kernel 6.1")
    assert ["json"] == bash(home, "zswap-replay run --format j")
    assert ["zstd", "lz4", "lz4hc", "deflate", "lzo", "lzo-rle", "zstd:1", "lz4:8", "lz4hc:9"] == bash(
        home, "zswap-replay run -c "
    )
    assert ["server"] == [
        name for name in bash(home, "zswap-replay payload --recipe s") if "compopt" not in name
    ]


@pytest.mark.parametrize(
    "line",
    [
        "zswap-replay run ",
        "zswap-replay run --lengths le",
        "zswap-replay run --kernel 6.8 one.parquet --timeline ",
        "zswap-replay trace info o",
        "zswap-replay trace merge one.parquet ",
        "zswap-replay trace import lackey ",
        "zswap-replay trace generate zipf -o ",
        "zswap-replay payload --recipe ./my",
    ],
)
def test_bash_completes_files(home: Path, line: str) -> None:
    assert ["compopt -o default", ""] == bash(home, line)


def test_bash_gets_back_what_follows_the_colon_alone(home: Path) -> None:
    knobs = [
        "memory.max=",
        "memory.high=",
        "memory.zswap.max=",
        "memory.swap.max=",
        "memory.zswap.writeback=",
        "file=",
    ]
    for line in ("run --set /web:", "run --set=/web:", "run t --set /a:b.slice:"):
        answers = bash(home, f"zswap-replay {line}")
        assert knobs == [answer for answer in answers if "compopt" not in answer]
        assert "compopt -o nospace" in answers
    assert ["compopt -o nospace", "memory.zswap.writeback="] == bash(home, "zswap-replay run --set /:")
    assert ["max"] == bash(home, "zswap-replay run --set /web:memory.max=")
    assert ["0", "1"] == bash(home, "zswap-replay run --set /web:memory.zswap.writeback=")
    assert ["8"] == bash(home, "zswap-replay run -c lz4:")
    assert [""] == bash(home, "zswap-replay run --set /we")


def test_values_between_commas_are_completed_one_by_one(home: Path) -> None:
    like = sorted(f"6.8,{name}" for name in LIKE_6_1)
    assert like == sorted(bash(home, "zswap-replay sweep --kernel 6.8,6.1"))
    with_zstd = ["zstd,lz4", "zstd,lz4hc", "zstd,lz4:8", "zstd,lz4hc:9"]
    assert with_zstd == bash(home, "zswap-replay sweep -c zstd,lz4")
    assert with_zstd == bash(home, "zswap-replay run -c zstd,lz4")
    assert ["y", "n"] == bash(home, "zswap-replay sweep --enabled ")
    assert like == sorted(fish(home, "zswap-replay sweep --kernel 6.8,6.1"))
    assert like == sorted(zsh(home, "zswap-replay sweep --kernel 6.8,6.1"))


def test_bash_on_a_terminal(home: Path) -> None:
    keys = (
        'eval "$(zswap-replay completion bash)"\n'
        "zswap-replay ru\t--kern\t6.12 o\t--set /web:memory.zswap.m\t64M -c zstd:\t\n"
        "exit\n"
    )
    shown = typed(["bash", "--norc", "-i"], home, keys)
    assert "<run><--kernel><6.12><one.parquet><--set></web:memory.zswap.max=64M><-c><zstd:1>" in shown


# zsh and fish


def test_zsh(home: Path) -> None:
    (command,) = zsh(home, "zswap-replay k")
    assert command.startswith("kernels:List the kernel releases")
    assert LIKE_6_1 == zsh(home, "zswap-replay run --kernel 6.1")
    assert ["files"] == zsh(home, "zswap-replay run ")
    assert {"server", "files"} == set(zsh(home, "zswap-replay run --recipe s"))
    assert ["/web:memory.zswap.max=", "/web:memory.zswap.writeback="] == zsh(
        home, "zswap-replay run --set /web:memory.zs"
    )
    assert ["zstd:1"] == zsh(home, "zswap-replay run -c zstd:")


def test_zsh_on_a_terminal(home: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    keys = (
        "autoload -U compinit; compinit -u -D\n"
        'eval "$(zswap-replay completion zsh)"\n'
        "zswap-replay kern\t; zswap-replay run --kern\t6.12 --set /web:memory.zswap.m\t64M -c zstd:\t\n"
        "exit\n"
    )
    shown = typed(["zsh", "-f", "-i"], home, keys)
    assert "<kernels>" in shown
    assert "<run><--kernel><6.12><--set></web:memory.zswap.max=64M><-c><zstd:1>" in shown


def test_fish(home: Path) -> None:
    (command,) = fish(home, "zswap-replay k")
    assert command.startswith("kernels\tList the kernel releases")
    assert sorted(LIKE_6_1) == sorted(fish(home, "zswap-replay run --kernel 6.1"))
    assert ["one.parquet"] == [answer.strip() for answer in fish(home, "zswap-replay run on")]
    assert ["/web:memory.zswap.max=", "/web:memory.zswap.writeback="] == fish(
        home, "zswap-replay run --set /web:memory.zs"
    )


# The command


@pytest.mark.parametrize("name", SHELLS)
def test_the_command_prints_the_script(home: Path, name: str) -> None:
    done = subprocess.run(
        [home / "bin" / PROGRAM, "completion", name],
        env=environment(home) | {"PATH": "/nowhere"},  # no shell is run to make it
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "", script(cli, PROGRAM, COMPLETION, name)) == (done.returncode, done.stderr, done.stdout)


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_is_good_in_its_shell(home: Path, name: str) -> None:
    (home / "script").write_text(script(cli, PROGRAM, COMPLETION, name))
    done = shell(name, home, "-n", "script")
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("name", LEAVES)
def test_every_file_is_completed(name: str) -> None:
    command = LEAVES[name]
    missed = [
        parameter.name
        for parameter in command.params
        if not isinstance(parameter.type, click.Choice)
        and parameter.metavar not in ("[RELEASE|host]...", "LABEL")
        and ({"FILE", "TRACE"} & set(str(parameter.metavar).split()) or isinstance(parameter, click.Argument))
        and "file" not in [item.type for item in parameter.shell_complete(click.Context(command), "")]
    ]
    assert [] == missed
