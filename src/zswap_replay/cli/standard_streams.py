"""The standard streams of the process, whatever state they are in when it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, TextIOWrapper, UnsupportedOperation

_STANDARD_ERROR = 2


def open_closed_streams() -> None:
    """Give standard streams that were closed, as by ``>&-``, an end in /dev/null.

    Python has None in their place, which nothing can be printed to; and a file that is opened next would get the number
    of one, and what other libraries print to it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, number)
            if opened != number:
                os.close(opened)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


class _Tolerant(TextIOWrapper):
    """A text stream that takes all that is written to it, and drops what cannot be written.

    The layers below are C, so that a signal is met before a write or behind it, and nothing is written twice.
    """

    def write(self, text: str, /) -> int:
        """Write what can be written, and say that all was."""
        # a full disk, a reader who left, a file that is open for reading alone; no name of this module is used, as
        # Python flushes when modules have gone
        try:  # noqa: SIM105
            super().write(text)
        except OSError:
            pass
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, where it can be."""
        try:  # noqa: SIM105
            super().flush()
        except OSError:
            pass


def tolerate_unwritable_stderr() -> None:
    """Let a warning that cannot be written to standard error be lost alone, and not the result with it."""
    old = sys.stderr
    if old is not sys.__stderr__ or old is None or not isinstance(old, TextIOWrapper):
        return
    raw = FileIO(_STANDARD_ERROR, "w", closefd=False)
    sys.stderr = _Tolerant(
        BufferedWriter(raw), encoding=old.encoding, errors="backslashreplace", line_buffering=True
    )


def drop_output() -> None:
    """Let what standard output has buffered go nowhere: the interpreter's flush at exit would fail once more."""
    with suppress(AttributeError, UnsupportedOperation):  # it was closed, or is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Print a verdict: where the reader has seen enough (``| head``), the rest is dropped, and not the exit status."""
    try:
        yield
        if sys.stdout is not None:  # it is None where it was closed, as by `>&-`
            sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
