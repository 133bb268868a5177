"""The one place where errors become a line on standard error and an exit status.

0: well. 1: a check failed. 2: bad input or usage. 130: interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click
from click.shell_completion import shell_complete

from zswap_replay.errors import ZswapReplayError

INTERRUPTED = 130


def guarded(command: click.Command, program: str, arguments: list[str]) -> int:
    """Runs ``command``; what the user can mend becomes one line, and the status is returned.

    Errors that are not the user's are let through: their traceback is what a report of a fault needs.
    """
    variable = f"_{program}_COMPLETE".replace("-", "_").upper()
    instruction = os.environ.get(variable)
    if instruction:
        return shell_complete(command, {}, program, variable, instruction)
    try:
        # Not command.main(): it ends with status 1 when a pipe is closed, and prints on an interrupt.
        with command.make_context(program, list(arguments)) as context:
            command.invoke(context)
        return _flushed(0)
    except click.exceptions.Exit as stop:
        return _flushed(stop.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else program
        return _failed(program, f"{error.format_message()} (see {path} --help)", error.exit_code)
    except click.ClickException as error:
        return _failed(program, error.format_message(), 2)
    except ZswapReplayError as error:
        return _failed(program, str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        return _failed(program, _os_message(error), 2)


def warn(text: str) -> None:
    """A warning on standard error, loud on a terminal."""
    colour = False if os.environ.get("NO_COLOR") else None
    click.secho(f"zswap-replay: warning: {text}", err=True, fg="yellow", bold=True, color=colour)


def note(text: str) -> None:
    """A remark on standard error."""
    # Not err=True: a progress bar that is shown has put its own file there, which prints above the bar.
    click.echo(f"zswap-replay: {text}", file=sys.stderr)


def noting_once() -> Callable[[str], None]:
    """What makes a remark the first time that it is given one."""
    noted: set[str] = set()

    def note_once(text: str) -> None:
        if text not in noted:
            noted.add(text)
            note(text)

    return note_once


def _failed(program: str, text: str, status: int) -> int:
    one_line = " ".join(text.split())
    click.echo(f"{program}: {one_line}", err=True)
    return status


def _os_message(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _flushed(status: int) -> int:
    try:
        if sys.stdout is not None:  # it is None where it was closed, as by `>&-`
            sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    return status


def _reader_left() -> int:
    # `| head` has what it wants. The interpreter flushes once more at exit, and must find a place for it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
