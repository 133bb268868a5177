"""A running process: its anonymous memory, as far as it is resident. Reads /proc/PID/maps, pagemap and mem."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Final, NamedTuple

import numpy as np

from zswap_replay.errors import MemorySourceError
from zswap_replay.memory.source import PageRun, Source
from zswap_replay.units import PAGE_SIZE

_PRESENT: Final = np.uint64(1 << 63)
_SWAPPED: Final = np.uint64(1 << 62)
_OF_FILE: Final = np.uint64(1 << 61)
_FRAME: Final = np.uint64((1 << 55) - 1)
"""Bits of an entry of pagemap (Documentation/admin-guide/mm/pagemap.rst); frames are 0 without CAP_SYS_ADMIN."""
_ENTRIES: Final = 1 << 16
_KERNELS: Final = ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]")
"""Mappings that are the kernel's own."""
_PATIENCE: Final = 2.0
"""Seconds that the threads of a process have to stop."""


class _Mapping(NamedTuple):
    """First address, and the first one past the end."""

    start: int
    end: int


def process(pid: int) -> Source:
    """Describe the memory of a process. Raises MemorySourceError: there is none of that id, or it cannot be read."""
    name = f"process {pid}"
    mappings = _anonymous(pid)
    if not mappings:
        raise MemorySourceError(
            f"{name}: found no memory of its own; expected a process that runs, of user space"
        )
    memory = f"/proc/{pid}/mem"
    try:
        descriptors = tuple(os.open(path, os.O_RDONLY) for path in (memory, f"/proc/{pid}/pagemap"))
    except OSError as error:
        raise _unreadable(pid, error) from None
    zero = _zero_frame()

    def find(source: Source) -> Iterator[PageRun]:
        for mapping in mappings:
            yield from _resident(descriptors[1], mapping, zero, source)

    # Opened once, by this process: whoever has the same number later is another one.
    path = f"/proc/{os.getpid()}/fd/{descriptors[0]}"
    return Source(
        f"{name} ({_command(pid)})", "process", path, find, _resident_pages(pid), descriptors=descriptors
    )


def ended(source: Source) -> str:
    """Say that a process has ended before all of it was measured."""
    return f"{source.name}: has ended before all of its memory was measured; expected it to run on"


def _anonymous(pid: int) -> list[_Mapping]:
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            lines = file.read().decode("utf-8", "backslashreplace").splitlines()
    except OSError as error:
        raise _unreadable(pid, error) from None
    found = []
    for line in lines:
        addresses, _permissions, _offset, _device, inode, *path = line.split(None, 5)
        if inode == "0" and (not path or path[0] not in _KERNELS):
            start, end = (int(address, 16) for address in addresses.split("-"))
            found.append(_Mapping(start, end))
    return found


def _unreadable(pid: int, error: OSError) -> MemorySourceError:
    if isinstance(error, FileNotFoundError | ProcessLookupError):
        return MemorySourceError(f"process {pid}: found none of that id; expected one that runs")
    what = error.filename or f"/proc/{pid}"
    return MemorySourceError(
        f"process {pid}: {what} cannot be read: {error.strerror}; expected a process of this user, or root"
    )


def _command(pid: int) -> str:
    with suppress(OSError), open(f"/proc/{pid}/comm", "rb") as file:
        return file.read().decode("utf-8", "backslashreplace").strip()
    return "?"


def _resident_pages(pid: int) -> int:
    """Return the number of anonymous pages that are resident; 0 where that is not known."""
    with suppress(OSError, ValueError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"RssAnon:"):
                return int(line.split()[1]) * 1024 // PAGE_SIZE
    return 0


def _resident(pagemap: int, mapping: _Mapping, zero: int, source: Source) -> Iterator[PageRun]:
    """Yield the runs of a mapping that are resident, and count what is in swap.

    The kernel's page of zeros, which a page that was only read leads to, is no memory of the process.
    """
    first, last = mapping.start // PAGE_SIZE, mapping.end // PAGE_SIZE
    while first < last:
        try:
            data = os.pread(pagemap, min(last - first, _ENTRIES) * 8, first * 8)
        except OSError:
            data = b""
        if len(data) < 8:
            source.incomplete = ended(source)
            return
        entries = np.frombuffer(data[: len(data) // 8 * 8], np.uint64)
        source.leave_out("in swap", int(np.count_nonzero(entries & _SWAPPED)))
        present = (entries & _PRESENT != 0) & (entries & _OF_FILE == 0)
        if zero:
            present &= entries & _FRAME != np.uint64(zero)
        edges = np.flatnonzero(np.diff(present.astype(np.int8), prepend=0, append=0))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            yield PageRun(first + start, (first + start) * PAGE_SIZE, end - start)
        first += len(entries)


def _zero_frame() -> int:
    """Return the frame of the kernel's page of zeros, found by reading a page that nobody wrote to; 0: not told."""
    memory = mmap(-1, PAGE_SIZE, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    memory[0]  # read, not written to: nothing else is mapped there
    address = np.frombuffer(memory, np.uint8).ctypes.data
    with suppress(OSError), open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        entry = np.frombuffer(os.pread(pagemap.fileno(), 8, address // PAGE_SIZE * 8), np.uint64)
        if entry.size and entry[0] & _PRESENT:
            return int(entry[0] & _FRAME)
    return 0


@contextmanager
def stopped(pid: int, notes: Callable[[str], None]) -> Iterator[None]:
    """Stop a process for the block, and let it go on afterwards, however this ends; one found stopped stays so.

    Raises MemorySourceError: it is this process, or none that this user may stop.
    """
    if pid == os.getpid():
        raise MemorySourceError(f"process {pid}: is this one; expected another to stop")
    if _states(pid) <= {"T", "t"}:
        notes(f"process {pid} is stopped already, and stays so")
        yield
        return
    # A shell lets it go on when this process is gone, were it killed: its standard input then ends.
    guard = subprocess.Popen(
        ["/bin/sh", "-c", f"read line || kill -CONT {pid}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError as error:
            raise MemorySourceError(f"process {pid}: cannot be stopped: {error.strerror}") from None
        end = time.monotonic() + _PATIENCE
        while not _states(pid) <= {"T", "t", "Z", "X"}:
            if time.monotonic() > end:
                notes(f"process {pid} has threads that do not stop; they go on")
                break
            time.sleep(0.001)
        yield
    finally:
        with suppress(OSError):
            os.kill(pid, signal.SIGCONT)
        guard.communicate(b"done\n")


def _states(pid: int) -> set[str]:
    """Return the states of a process's threads, as letters; a dead one's where it is gone."""
    found = set()
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
                found.add(chr(file.read().rpartition(b") ")[2][0]))
    except (OSError, IndexError):
        return found or {"X"}
    return found
