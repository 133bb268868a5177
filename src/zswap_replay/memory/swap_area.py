"""Swap areas: a device, a file, or an image of one, whose slots are pages. Models union swap_header, linux/swap.h."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from zswap_replay.errors import MemorySourceError
from zswap_replay.memory.source import HOLES, PageRun, Source, data_runs
from zswap_replay.units import PAGE_SIZE, format_size

_SIGNATURES: Final = (b"SWAP-SPACE", b"SWAPSPACE2")
_HIBERNATED: Final = (b"S1SUSPEND\0", b"S2SUSPEND\0", b"ULSUSPEND\0", b"LINHIB0001")
_OTHER_PAGES: Final = (8192, 16384, 65536)
_INFO: Final = struct.Struct("<III")
_INFO_AT: Final = 1024
_BAD_AT: Final = 1536
_MOST_BAD: Final = (PAGE_SIZE - 10 - _BAD_AT) // 4


def signature(file: BinaryIO) -> tuple[bytes, int] | None:
    """Return the signature of a swap area and the size of its pages, in bytes; None for a file that is none."""
    for size in (PAGE_SIZE, *_OTHER_PAGES):
        file.seek(size - 10)
        found = file.read(10)
        if found in _SIGNATURES or (found in _HIBERNATED and size == PAGE_SIZE):
            return found, size
    return None


def swap_area(file: BinaryIO, name: str, path: str, size: int, found: tuple[bytes, int]) -> Source:
    """Describe a swap area by its header. All its slots are measured: the header does not say which are in use.

    Raises MemorySourceError: its pages are of another size, it holds a hibernated system, or its header is damaged.
    """
    magic, page_size = found
    if page_size != PAGE_SIZE:
        raise MemorySourceError(
            f"{name}: found a swap area with pages of {page_size}; expected {PAGE_SIZE} bytes"
        )
    if magic in _HIBERNATED:
        raise MemorySourceError(f"{name}: found a hibernated system; expected a swap area without one")
    if magic != _SIGNATURES[1]:
        raise MemorySourceError(f"{name}: found a swap area of the first version; expected SWAPSPACE2")
    file.seek(_INFO_AT)
    version, last, nr_bad = _INFO.unpack(file.read(_INFO.size))
    if version != 1 or not last or nr_bad > _MOST_BAD:
        raise MemorySourceError(
            f"{name}: found a swap header of version {version} with {last} slots, {nr_bad} of them bad; expected "
            f"version 1, a slot or more, and {_MOST_BAD} bad ones at most"
        )
    file.seek(_BAD_AT)
    bad = set(struct.unpack(f"<{nr_bad}I", file.read(4 * nr_bad)))
    whole = min(last, size // PAGE_SIZE - 1)
    runs = list(_slots(file.fileno(), whole, bad))
    held = sum(run.pages for run in runs)
    if not held:
        raise MemorySourceError(
            f"{name}: found a swap area whose slots were never written to; expected pages"
        )

    def find(source: Source) -> Iterator[PageRun]:
        source.leave_out("in slots marked as bad", len(bad & set(range(1, last + 1))))
        source.leave_out(HOLES, whole - held - len(bad & set(range(1, whole + 1))))
        return iter(runs)

    source = Source(name, "swap area", path, find, held)
    if whole < last:
        source.incomplete = (
            f"{name}: found a swap area that is cut off after {format_size(size)}; expected "
            f"{format_size((last + 1) * PAGE_SIZE)}, as its header says"
        )
    return source


def _slots(descriptor: int, whole: int, bad: set[int]) -> Iterator[PageRun]:
    """Yield runs of slots that have data and are not bad; slot 0 is the header."""
    for first, count in data_runs(descriptor, PAGE_SIZE, whole):
        start, end = first + 1, first + 1 + count
        for stop in (*sorted(slot for slot in bad if start <= slot < end), end):
            if stop > start:
                yield PageRun(start, start * PAGE_SIZE, stop - start)
            start = stop + 1
