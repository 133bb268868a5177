"""Standard input and pipes as files: Parquet is read from its end on, and a sweep reads its trace more than once."""

from __future__ import annotations

import atexit
import os
import stat
import sys
from contextlib import suppress
from io import UnsupportedOperation
from typing import IO, BinaryIO, Protocol, TextIO

from zswap_replay.errors import SettingsError

STANDARD_INPUT = "-"
"""The name of standard input, in the place of that of a file."""

_CHUNK = 1 << 20


class Readable(Protocol):
    """What bytes are read from, one after the other."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        ...


_files: dict[str, IO[bytes]] = {}
"""By name, what was read from a pipe. The files have no name, so that nothing is left of them however this ends."""

_standard: tuple[TextIO, str] | None = None
"""The standard input that was read, and the path of what it held."""


def path_of(name: str) -> str:
    """Return a path at which the bytes of an input can be read, again and by other processes of this user.

    That of a file is its name. Standard input (``-``) and pipes are read to their end, the first time only.

    Raises SettingsError: standard input is a terminal, or closed, or there is no room for its bytes. OSError: they
    cannot be read.
    """
    global _standard
    if name == STANDARD_INPUT:
        if _standard is None or _standard[0] is not sys.stdin:
            if STANDARD_INPUT in _files:
                _files.pop(STANDARD_INPUT).close()
            _standard = sys.stdin, _path_of_standard_input()
        return _standard[1]
    if name not in _files:
        if not _is_pipe(name):
            return name
        with open(name, "rb") as pipe:
            _files[name] = _kept(pipe)
    return _path(_files[name].fileno())


def _path_of_standard_input() -> str:
    if sys.stdin is None:  # where it was closed, as by `<&-`
        raise SettingsError("-: standard input is closed; expected a file or a pipe")
    if sys.stdin.isatty():
        raise SettingsError("-: standard input is a terminal; expected a file or a pipe")
    try:
        descriptor = sys.stdin.fileno()
    except UnsupportedOperation:  # who runs this in its process has put something in its place
        descriptor = None
    if descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode):
        return _path(descriptor)
    _files[STANDARD_INPUT] = _kept(sys.stdin.buffer)
    return _path(_files[STANDARD_INPUT].fileno())


def _is_pipe(name: str) -> bool:
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _kept(pipe: BinaryIO) -> IO[bytes]:
    spool = spooled(pipe)
    atexit.register(spool.close)
    return spool


def spooled(pipe: Readable) -> IO[bytes]:
    """Return a file without a name, at its end, that holds what is left of ``pipe``.

    Raises SettingsError: there is no room for it. OSError: it cannot be read.
    """
    from tempfile import TemporaryFile, gettempdir  # takes milliseconds, and few inputs are pipes

    try:
        spool = TemporaryFile()  # noqa: SIM115  # open as long as the process lives
    except OSError as error:
        raise SettingsError(f"no file can be made for what is read from a pipe: {error.strerror}") from None
    while chunk := pipe.read(_CHUNK):
        try:
            spool.write(chunk)
            spool.flush()
        except OSError as error:
            with suppress(OSError):  # it writes what is left, in vain
                spool.close()
            raise SettingsError(
                f"{gettempdir()}: no room for what is read from a pipe: {error.strerror}"
            ) from None
    return spool


def _path(descriptor: int) -> str:
    return f"/proc/{os.getpid()}/fd/{descriptor}"
