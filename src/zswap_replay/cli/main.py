"""The command line as a whole: its commands, and the one place where errors become a line and an exit status.

Each command is a module of its own, imported when it is asked for and not before. Statuses: 0, well; 1, a check failed;
2, bad input or usage; 130, interrupted; 143, terminated, and 129, hung up (128 and the number of the signal).
"""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

import click

from zswap_replay import __version__
from zswap_replay.cli.first_help import COMMANDS, OPTIONS, PROGRAM, SUMMARY, WIDEST_HELP, width
from zswap_replay.cli.lazy_group import LazyGroup
from zswap_replay.cli.libraries import prefer
from zswap_replay.cli.standard_streams import (
    drop_output,
    open_closed_streams,
    reader_may_leave,
    tolerate_unwritable_stderr,
)
from zswap_replay.errors import Interrupted, Stopped, ZswapReplayError
from zswap_replay.replay.interrupts import end_as_interrupted, end_at_once, forget_met, met

__all__ = ["COMMANDS", "COMPLETION", "INTERRUPTED", "PROGRAM", "WIDEST_HELP", "cli", "guarded", "main"]

INTERRUPTED = 130
_NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "launch worker thread",
)
"""What errors say, other than MemoryError, where memory cannot be had."""
_TYPES = {
    "integer range": "a whole number",
    "integer": "a whole number",
    "float range": "a number",
    "float": "a number",
}
"""What click calls types of numbers, the longer names first, and what they are."""
COMPLETION = "_ZSWAP_REPLAY_COMPLETE"
"""What a shell's completion script sets to have completions printed, and nothing else done."""


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.util import find_spec

    # Where the core would be loaded from tells the kind, and imports nothing of it.
    core = find_spec("zswap_replay.machine.machine")
    kind = "interpreted" if core and core.origin and core.origin.endswith(".py") else "compiled"
    click.echo(f"{PROGRAM} {__version__} (core {kind})")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    package=__package__,
    lines=COMMANDS,
    help=SUMMARY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help=OPTIONS["--version"],
)
def cli() -> None:
    """Do nothing: a command does."""


def main() -> None:
    """Run the command line, and end the process with its status."""
    open_closed_streams()
    tolerate_unwritable_stderr()
    prefer()
    try:
        end_as_interrupted()
        status = guarded(cli, PROGRAM, sys.argv[1:])
        end_at_once()
    except Stopped as stop:  # while an earlier one was answered
        end_at_once()
        status = stop.exit_code
    forget_met()
    if status == 0:
        gc.freeze()  # all of it goes with the process: to look for what refers to itself took a tenth of a short run
    sys.exit(status)


def guarded(command: click.Command, program: str, arguments: list[str]) -> int:
    """Run ``command``; what the user can mend becomes one line, and the status is returned.

    Errors that are not the user's are let through: their traceback is what a report of a fault needs.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # names of files need not be UTF-8, nor need a terminal take it
        sys.stdout.reconfigure(errors="backslashreplace")
    instruction = os.environ.get(COMPLETION)
    if instruction:
        from zswap_replay.cli import completion_scripts

        return completion_scripts.answer(command, program, COMPLETION, instruction)
    try:
        # Not command.main(): it ends with status 1 when a pipe is closed, and prints on an interrupt.
        with command.make_context(program, list(arguments), terminal_width=width()) as context:
            command.invoke(context)
        return _flushed(0)
    except click.exceptions.Exit as stop:
        return _flushed(stop.exit_code)
    except Interrupted as stop:
        return _failed(program, str(stop), stop.exit_code)
    except Stopped as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:
        signal = met()
        if signal is not None:
            # a library, or who calls it, has made another error of what the signal's handler raised
            return 128 + signal
        status = _told(program, error)
        if status is None:
            raise
        return status


def _told(program: str, error: Exception) -> int | None:
    """Tell the user what can be mended; return the status, None where nothing can."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else program
            text = f"{_in_words(error.format_message())} (see {path} --help)"
            return _failed(program, text, error.exit_code)
        case click.ClickException():
            return _failed(program, error.format_message(), 2)
        case ZswapReplayError():
            return _failed(program, str(error), error.exit_code)
        case BrokenPipeError():  # `| head` has what it wants
            drop_output()
            return 0
        case OSError():
            if error.filename is None:  # it may be standard output's, as of a full disk
                drop_output()
            return _failed(program, _os_message(error), 2)
    if not _lacks_memory(error):
        return None
    told = f" ({error})" if str(error) else ""
    _failed(program, f"out of memory: the system, a cgroup or ulimit -v allows no more{told}", 2)
    os._exit(2)  # libraries that are put in order with no memory left end in a crash


def _lacks_memory(error: Exception) -> bool:
    """Tell whether an error comes of memory that cannot be had: for values, for a thread, or for a library."""
    if isinstance(error, SystemError):  # a library that could not make its error either
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        return "without exception set" in str(error) and limit != resource.RLIM_INFINITY
    if not isinstance(error, ImportError | RuntimeError):
        return isinstance(error, MemoryError)
    text = str(error)
    return any(told in text for told in _NO_MEMORY) and "static TLS" not in text  # that is another shortage


def _failed(program: str, text: str, status: int) -> int:
    one_line = " ".join(text.split())
    click.echo(f"{program}: {one_line}", err=True)
    return status


def _in_words(message: str) -> str:
    """Say in plain words what click calls by the names of its types: 'two' is not a valid integer range."""
    for named, words in _TYPES.items():
        message = message.replace(f"is not a valid {named}", f"is not {words}")
    return message


def _os_message(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _flushed(status: int) -> int:
    with reader_may_leave():
        pass
    return status
