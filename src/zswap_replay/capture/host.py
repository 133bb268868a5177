"""The machine that is captured, as files below one root: /proc, /sys, and what of them is there.

Nothing else in this room opens a file of the kernel, so that a tree which only looks like one can stand in its place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TRACEFS = ("sys/kernel/tracing", "sys/kernel/debug/tracing")


class Host:
    """Files of a machine, by their paths from its root: ``sys/kernel/tracing/README``."""

    def __init__(self, root: str | os.PathLike[str] = "/") -> None:
        """Take the folder that stands for the machine's root."""
        self.root = Path(root)

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str:
        """Read a file. Raises OSError: it is not there, or may not be read."""
        return self.path(name).read_text(encoding="utf-8", errors="replace")

    def read_or(self, name: str, otherwise: str = "") -> str:
        """Read a file; return ``otherwise`` where that cannot be done."""
        with suppress(OSError):
            return self.read(name)
        return otherwise

    def read_bytes(self, name: str) -> bytes:
        """Read a file. Raises OSError: it is not there, or may not be read."""
        return self.path(name).read_bytes()

    def write(self, name: str, text: str) -> None:
        """Write to a file of the kernel, in one write. Raises OSError: the kernel does not take it."""
        self._put(name, text, os.O_TRUNC)

    def append(self, name: str, text: str) -> None:
        """Write to a file of the kernel without emptying it. Raises OSError: the kernel does not take it."""
        self._put(name, text, os.O_APPEND)

    def _put(self, name: str, text: str, flag: int) -> None:
        descriptor = os.open(self.path(name), os.O_WRONLY | flag)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def exists(self, name: str) -> bool:
        """Tell whether there is a file or folder, as far as may be seen."""
        return self.path(name).exists()

    def names(self, name: str) -> list[str]:
        """List a folder, in order; nothing where there is none."""
        with suppress(OSError):
            return sorted(os.listdir(self.path(name)))
        return []

    def make_folder(self, name: str) -> None:
        """Make a folder. Raises OSError: it is there, or cannot be made."""
        self.path(name).mkdir()

    def remove_folder(self, name: str) -> None:
        """Remove a folder of the kernel, whose files go with it. Raises OSError: something uses it."""
        self.path(name).rmdir()

    def folders(self, name: str) -> Iterator[tuple[str, int]]:
        """Give each folder at and below ``name``: its path from there (``""`` first) and its inode, parents first."""
        top = self.path(name)
        for folder, below, _ in os.walk(top):
            below.sort()
            relative = os.path.relpath(folder, top)
            with suppress(OSError):
                yield "" if relative == "." else relative, os.stat(folder).st_ino

    @property
    def tracefs(self) -> str | None:
        """Where tracefs is mounted; None where it is not, or may not be read."""
        return next((each for each in _TRACEFS if self.exists(f"{each}/dynamic_events")), None)

    @property
    def cgroups(self) -> str | None:
        """Where the cgroups of version 2 are mounted; None where they are not."""
        for line in self.read_or("proc/mounts").splitlines():
            words = line.split()
            if len(words) > 2 and words[2] == "cgroup2":
                return words[1].lstrip("/")
        return "sys/fs/cgroup" if self.exists("sys/fs/cgroup/cgroup.controllers") else None

    @property
    def release(self) -> str:
        """The kernel's release, as ``uname -r`` prints it."""
        return self.read_or("proc/sys/kernel/osrelease").strip()
