"""Files, devices and folders of pages, told apart by the bytes that they begin with."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import Final

from zswap_replay.errors import MemorySourceError
from zswap_replay.files import shown
from zswap_replay.inputs.spool import STANDARD_INPUT
from zswap_replay.memory.elf_core import core_dump, is_core
from zswap_replay.memory.source import HOLES, PageRun, Source, data_runs
from zswap_replay.memory.swap_area import signature, swap_area
from zswap_replay.units import PAGE_SIZE, format_size

_HEAD: Final = 64
_FOREIGN: Final = (
    (b"KDUMP   ", "an image compressed as kdump does", "ELF or raw (virsh dump --memory-only --format elf)"),
    (b"makedumpfile\0", "a dump of makedumpfile", "ELF (makedumpfile -E)"),
    (b"LibvirtQemudSave", "a domain that libvirt saved", "ELF or raw (virsh dump --memory-only)"),
    (b"LibvirtQemudPart", "a domain that libvirt saved", "ELF or raw (virsh dump --memory-only)"),
    (b"QEVM", "a migration stream of QEMU", "ELF or raw (dump-guest-memory, pmemsave)"),
    (b"QFI\xfb", "a qcow2 image", "raw (qemu-img convert -O raw)"),
    (b"KDMV", "a VMDK image", "raw (qemu-img convert -O raw)"),
    (b"\x28\xb5\x2f\xfd", "a file compressed by zstd", "it as it was (unzstd)"),
    (b"\x04\x22\x4d\x18", "a file compressed by lz4", "it as it was (unlz4)"),
    (b"\xfd7zXZ\0", "a file compressed by xz", "it as it was (unxz)"),
    (b"\x1f\x8b\x08", "a file compressed by gzip", "it as it was (gunzip)"),
    (b"BZh", "a file compressed by bzip2", "it as it was (bunzip2)"),
    (b"PAR1", "a Parquet file", "a core dump, an image, a swap area or a raw file"),
)
"""What begins like this holds other bytes than those of pages: what it is, and what is expected."""


def sources_at(path: str, notes: Callable[[str], None]) -> list[Source]:
    """Find what a path holds: one source for a file or a device, those of its files for a folder.

    ``notes`` is told what is passed over. Raises MemorySourceError: nothing that has pages. OSError: no such file.
    """
    where = f"/proc/{os.getpid()}/fd/0" if path == STANDARD_INPUT else path
    mode = os.stat(where).st_mode
    if not stat.S_ISDIR(mode):
        return [_source(path, where, mode, notes)]
    found, passed = [], 0
    for name in _files_below(path):
        try:
            status = os.stat(name)
        except OSError:
            passed += 1  # a link that leads nowhere
            continue
        if not stat.S_ISREG(status.st_mode) or status.st_size < PAGE_SIZE:
            passed += 1
        else:
            found.append(_source(name, name, status.st_mode, notes))
    if not found:
        raise MemorySourceError(
            f"{shown(path)}: found a folder without pages; expected core dumps, images, swap areas or raw files"
        )
    if passed:
        notes(f"{shown(path)}: passed over, as less than a page or no file: {passed:,} of its files")
    return found


def _files_below(folder: str) -> Iterator[str]:
    """Yield the files below a folder in the order of their names, without hidden ones. Raises OSError."""

    def fail(error: OSError) -> None:
        raise error

    for above, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(above, name) for name in sorted(names) if not name.startswith("."))


def _source(given: str, where: str, mode: int, notes: Callable[[str], None]) -> Source:
    name = shown(given)
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        raise MemorySourceError(
            f"{name}: found no regular file; expected a file, a block device or a folder, to be read in any order"
        )
    path = os.path.realpath(where)  # which /dev/stdin leads to: that of a worker is another one
    if path.startswith("/proc/"):
        raise MemorySourceError(f"{name}: found a file of /proc; expected --pid for a process, or a file")
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(_HEAD)
        for magic, what, expected in _FOREIGN:
            if head.startswith(magic):
                raise MemorySourceError(f"{name}: found {what}; expected {expected}")
        if head.startswith(b"\x7fELF"):
            if is_core(file, name):
                return core_dump(file, name, path, size)
            notes(f"{name}: an ELF file that is no core dump; its bytes are measured as they are")
        found = signature(file)
        if found:
            return swap_area(file, name, path, size, found)
        return _raw(file.fileno(), name, path, size)


def _raw(descriptor: int, name: str, path: str, size: int) -> Source:
    """Describe a file of nothing but pages; the last one may lack bytes, which are zeros."""
    pages = -(-size // PAGE_SIZE)
    runs = list(data_runs(descriptor, 0, pages))
    held = sum(count for _, count in runs)
    if not held:
        what = f"{format_size(size)} of holes" if size else "an empty file"
        raise MemorySourceError(f"{name}: found {what}; expected pages of {PAGE_SIZE} bytes")

    def find(source: Source) -> Iterator[PageRun]:
        source.leave_out(HOLES, pages - held)
        return (PageRun(first, first * PAGE_SIZE, count) for first, count in runs)

    return Source(name, "raw file", path, find, held)
