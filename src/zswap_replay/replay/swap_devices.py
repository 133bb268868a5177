"""The swap devices that the running kernel uses: whether one rotates, or all are RAM.

Where one rotates the kernel reads swap ahead by slots, whichever device a page is on: nr_rotate_swap, mm/swapfile.c. A
swap file lies on the device of its file system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zswap_replay.errors import SettingsError

_SWAPS: Final = "proc/swaps"
_MOUNTINFO: Final = "proc/self/mountinfo"
_MOUNTS: Final = "proc/mounts"
_BLOCK: Final = "sys/block"
_CLASS: Final = "sys/class/block"
_BY_NUMBER: Final = "sys/dev/block"
_ROTATIONAL: Final = "queue/rotational"

_SYNCHRONOUS: Final = re.compile(r"/dev/(?:zram|ram|pmem)\d+")
"""The devices that write at once, as brd and zram do (BLK_FEAT_SYNCHRONOUS): sysfs does not say so."""
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class SwapInUse:
    """What is known of the swap devices in use."""

    kind: str | None
    """``rotational``, ``ram`` or ``disk``, as the setting ``swap_device`` has it; None: it cannot be told."""
    unknown: tuple[str, ...]
    """What could not be told, and why, one line each."""


def read_swap_devices(root: Path) -> SwapInUse:
    """Read below ``root``, where ``proc`` and ``sys`` are, which devices swap is on, and of what kind they are.

    One that rotates makes all of it ``rotational``. Raises SettingsError: what sysfs says of a device is no 0 or 1.
    """
    table = root / _SWAPS
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return SwapInUse(None, (f"{table}: not read here (no such file)",))
    used = [words for words in map(str.split, lines[1:]) if len(words) > 1]
    if not used:
        return SwapInUse(None, (f"{table}: no swap is in use, so that nothing is stored there",))
    unknown = []
    rotate = []
    for name, kind, *_ in used:
        path = _plain(name)
        file = next(_switches(root, path, kind), None)
        if file is None:
            unknown.append(f"{table}: {path}: below {root / _BLOCK} nothing tells whether it rotates")
        else:
            rotate.append(_rotates(file))
    if any(rotate):
        return SwapInUse("rotational", tuple(unknown))
    if all(_SYNCHRONOUS.fullmatch(_plain(name)) for name, *_ in used):
        return SwapInUse("ram", ())
    return SwapInUse("disk" if rotate else None, tuple(unknown))


def _plain(name: str) -> str:
    """Return a path as it is, from the form with escapes that /proc has."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), name)


def _rotates(file: Path) -> bool:
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    if text not in ("0", "1"):
        raise SettingsError(f"{file}: found {text!r}; expected 0 or 1")
    return text == "1"


def _switches(root: Path, path: str, kind: str) -> Iterator[Path]:
    """Find the file that says whether what swap is on rotates: the device's, or that of a file's file system."""
    if kind == "partition" or path.startswith("/dev/"):
        yield from _of_device(root, path)
        return
    number, source = _mounted(root, path)
    if number:
        yield from _of_folder(root / _BY_NUMBER / number)
    yield from _of_device(root, source)


def _of_device(root: Path, path: str) -> Iterator[Path]:
    """Find it for a device: it is a disk of its own, or a part of the disk in whose folder it is."""
    if not path.startswith("/dev/"):
        return
    name = path.removeprefix("/dev/").replace("/", "!")  # as sysfs writes it: cciss!c0d0
    disks = _names(root / _BLOCK)
    for disk in disks:
        folder = root / _BLOCK / disk
        mapped = "mapper!" + "".join(_lines(folder / "dm" / "name")).strip()
        if name in (disk, mapped) or (folder / name).is_dir():
            yield from _of_folder(folder)
    yield from _of_folder(root / _CLASS / name)
    for disk in disks:  # a container may see disks alone: sda2, nvme0n1p2
        if re.fullmatch(re.escape(disk) + (r"p\d+" if disk[-1].isdigit() else r"\d+"), name):
            yield from _of_folder(root / _BLOCK / disk)


def _of_folder(folder: Path) -> Iterator[Path]:
    """Find it in a device's folder, or, for a partition, in the folder around it."""
    whole = Path(os.path.realpath(folder))
    for each in (whole, whole.parent):
        if (each / _ROTATIONAL).is_file():
            yield each / _ROTATIONAL


def _mounted(root: Path, path: str) -> tuple[str, str]:
    """Return what is mounted where a file is: its numbers, ``8:1``, and its device; empty where not known."""
    found: list[tuple[int, str, str]] = []
    for line in _lines(root / _MOUNTINFO):
        before, _, behind = line.partition(" - ")
        words, kind = before.split(), behind.split()
        if len(words) > 4 and len(kind) > 1:
            found.append((_holds(_plain(words[4]), path), words[2], _plain(kind[1])))
    for line in _lines(root / _MOUNTS) if not found else ():
        words = line.split()
        if len(words) > 1:
            found.append((_holds(_plain(words[1]), path), "", _plain(words[0])))
    # the last mount on a place hides those before it
    depth, number, source = max(reversed(found), key=lambda mount: mount[0], default=(0, "", ""))
    return (number, source) if depth else ("", "")


def _holds(mounted: str, path: str) -> int:
    """Return how long a mount point is that holds a file; 0 where it does not."""
    inside = path == mounted or path.startswith(mounted.rstrip("/") + "/")
    return len(mounted) if inside else 0


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
