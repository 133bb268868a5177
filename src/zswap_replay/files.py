"""Output files that appear complete or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zswap_replay.errors import SettingsError


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """A file to write, which takes the place of ``path`` when the block ends well.

    After an error ``path`` is as it was. The file is made at once, so that a folder that cannot be written to
    is found before a long replay and not after it. What is no regular file (/dev/stdout) is written straight.

    Raises OSError: the file cannot be made or moved.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if target.exists() and not target.is_file():
        yield target
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.open("xb").close()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, path) from None
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def page_for(source: str, output: str | None) -> str:
    """The page that is made of ``source``: ``output``, else the file beside it with the ending ``.html``.

    Raises SettingsError: there is no such name, or it is that of the input.
    """
    if output is None and os.path.exists(source) and not os.path.isfile(source):
        raise SettingsError(f"{source}: it is no file to put a page beside; -o names one")
    target = output if output is not None else os.path.splitext(source)[0] + ".html"
    if os.path.isfile(source) and os.path.realpath(source) == os.path.realpath(target):
        raise SettingsError(f"{target}: the page would replace its input; -o names another file")
    return target
