"""Output files: each appears complete or not at all, and none takes the place of an input.

One policy for all that the program writes. A result replaces the file that stood there, as a compiler's output does. A
trace, a file of lengths or of pages is replaced only where the user asks for it (``overwrite``). A sweep goes on from
its own file. An input is never written over. A device, a pipe or a socket is never replaced: text is written to it, a
Parquet file is refused. A link stays, and the file that it leads to is replaced.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from zswap_replay.errors import SettingsError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a file that cannot grow, which come from a write and so name no file."""

_NAME_CHARACTERS = 50
"""Characters of the output's name in that of its temporary file, of which no name may have more than 255 bytes."""

_MOST_LINKS = 40
"""Links that lead to one another, of which Linux follows no more."""

PARQUET_SUFFIXES = (".parquet", ".pq", ".parq")
"""How the names of Parquet files end, in small or capital letters: what a folder has of them is read as one trace."""

_numbers = count()


Name = str | os.PathLike[str]


def shown(name: Name) -> str:
    """Spell the name of a file for people and for files of text, with an escape for each byte that is no UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def check_output(
    path: Name, *, inputs: Iterable[Name] = (), overwrite: bool = True, regular: bool = False
) -> None:
    """Refuse an output before any work is done for it.

    ``inputs`` are the files and folders that the command reads; names of what is no local file are passed over. A
    folder's Parquet files are all read, so that no other one is written there. Unless ``overwrite``, a file that
    exists is refused. With ``regular``, so is all else that exists: a device, a pipe.

    Raises SettingsError: the policy of this module does not allow it. IsADirectoryError: it is a folder.
    """
    name = os.fspath(path)
    if not name:
        raise SettingsError("found an empty name of an output; expected a file")
    inputs = list(inputs)
    found = _status(name)
    if found is None:
        if name.endswith("/"):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        _check_outside(name, inputs)
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(found.st_mode):
        if regular:
            raise SettingsError(f"{name}: found no regular file; expected one to write Parquet to")
        return
    for each in inputs:
        other = _status(each)
        if other is not None and os.path.samestat(found, other):
            raise SettingsError(f"{name}: is an input of this command; expected another file to write to")
    _check_outside(name, inputs)
    if not overwrite:
        raise SettingsError(f"{name}: is there already; --force overwrites it")


def check_writable(path: Name) -> None:
    """Refuse a regular file that replacing() could not make, before any work is done for it.

    Raises OSError: it names ``path``.
    """
    name = os.fspath(path)
    _temporary(Path(os.path.realpath(name)), name).unlink()


def is_parquet_name(name: str) -> bool:
    """Tell whether a file is a part of the trace whose folder it is in, by its name: hidden ones are not."""
    base = os.path.basename(name)
    return base.lower().endswith(PARQUET_SUFFIXES) and base[0] not in "._"


def _check_outside(name: str, inputs: Iterable[Name]) -> None:
    """Refuse an output that would be read, the next time, as a part of a folder. Raises SettingsError."""
    if not is_parquet_name(name):
        return
    target = os.path.realpath(name)
    for each in inputs:
        if not os.path.isdir(each):
            continue
        folder = os.path.realpath(each)
        if target.startswith(os.path.join(os.fspath(folder), "")):
            raise SettingsError(
                f"{name}: would be read as a part of the trace {os.fspath(each)}; expected a file outside that folder"
            )


def check_distinct(*paths: tuple[str, Name | None]) -> None:
    """Refuse outputs, each with the option that names it, of which two are one file; None is no output.

    Raises SettingsError: the names of two options lead to one file.
    """
    met: dict[str, str] = {}
    for option, path in paths:
        if path is None:
            continue
        other = met.setdefault(os.path.realpath(path), option)
        if other != option:
            raise SettingsError(f"{os.fspath(path)}: {other} and {option} name the same file")


@contextmanager
def naming_full_file(name: str, *others: str) -> Iterator[None]:
    """Name the file in the error of one that cannot grow, which names none, or one of ``others``."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL and error.filename in (None, *others):
            raise OSError(error.errno, os.strerror(error.errno), name) from None
        raise


@contextmanager
def replacing(
    path: Name, *, inputs: Iterable[Name] = (), overwrite: bool = True, regular: bool = False
) -> Iterator[Path]:
    """Make a file to write, which takes the place of ``path`` when the block ends well.

    The arguments are those of ``check_output``. After an error ``path`` is as it was, and nothing stands beside it. The
    file is made at once, so that a folder that cannot be written to is found before a long replay and not after it. It
    has the mode of the file that it replaces. What is no regular file, as a pipe, is written straight, and what
    is open already (/dev/stdout) is written to.

    Raises what ``check_output`` raises. OSError: the file cannot be made, written or moved; it names ``path``.
    """
    check_output(path, inputs=inputs, overwrite=overwrite, regular=regular)
    name = os.fspath(path)
    found = _status(name)
    target = Path(os.path.realpath(name))
    if found is not None and not stat.S_ISREG(found.st_mode):
        with naming_full_file(name):
            yield Path(name)
        return
    descriptor = _descriptor(name)
    if descriptor is not None:
        with _copied_to(descriptor, name) as file:
            yield file
        return
    temporary = _temporary(target, name)
    try:
        with naming_full_file(name, str(temporary)):
            if found is not None:
                temporary.chmod(stat.S_IMODE(found.st_mode) | stat.S_IWUSR)
            yield temporary
            if found is not None:
                temporary.chmod(stat.S_IMODE(found.st_mode))
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _descriptor(name: str) -> int | None:
    """Return the open descriptor of this process that a name leads to, as /dev/stdout does; None: to none."""
    for _ in range(_MOST_LINKS):
        parent = os.path.realpath(os.path.dirname(name))
        if parent == f"/proc/{os.getpid()}/fd":
            return int(os.path.basename(name))
        if not os.path.islink(name):
            return None
        name = os.path.join(parent, os.readlink(name))
    return None


@contextmanager
def _copied_to(descriptor: int, name: str) -> Iterator[Path]:
    """Make a file whose bytes go to an open descriptor, to where it is: what was written to it before stays."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder, "output")
        with naming_full_file(folder):
            yield file
        with naming_full_file(name), open(os.dup(descriptor), "wb") as stream:
            stream.write(file.read_bytes())


def _status(path: Name) -> os.stat_result | None:
    """Return what is known of a file, behind any links; None where there is none, or none of this machine."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _temporary(target: Path, name: str) -> Path:
    """Make an empty file beside ``target``. Raises OSError, which names ``name``."""
    while True:
        number = f"{os.getpid()}-{next(_numbers)}"
        temporary = target.with_name(f".{target.name[:_NAME_CHARACTERS]}.{number}.tmp")
        try:
            temporary.open("xb").close()
        except FileExistsError:
            continue  # left by a process that had the same id
        except OSError as error:
            raise type(error)(error.errno, error.strerror, name) from None
        return temporary


def memory_file(name: str, size: int = 0) -> int:
    """Open a file in memory of ``size`` bytes, all 0, for processes to share.

    Nothing is left of it when its last user is gone, however that ended. Raises OSError: there is no room.
    """
    descriptor = os.memfd_create(name)
    try:
        os.ftruncate(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
