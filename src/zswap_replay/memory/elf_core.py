"""ELF core dumps: of a process its anonymous memory, of a machine all of it."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, BinaryIO, Final, NamedTuple

from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment

from zswap_replay.errors import MemorySourceError
from zswap_replay.memory.source import HOLES, PageRun, Source, data_runs
from zswap_replay.units import PAGE_SIZE, format_size

_SYSINFO_EHDR: Final = 33
"""Key in the auxiliary vector: where the vDSO is, which is the kernel's and no memory of the process."""
_KERNEL_HALF: Final = 1 << 63
"""Addresses from which on nothing is a process's: [vsyscall] is dumped with it."""
_NOT_DUMPED: Final = "not in the dump"


class _Part(NamedTuple):
    """Some of a segment: page number of its start, its place in the file in bytes, and its pages."""

    place: int
    offset: int
    pages: int


@dataclass(slots=True)
class _Notes:
    """What the notes of a core say."""

    of_process: bool = False
    files: tuple[tuple[int, int], ...] = ()
    """Ranges of addresses that files are mapped to."""
    vdso: int | None = None
    lost: bool = False
    """Whether they are past the end of a file that is cut off."""


def is_core(file: BinaryIO, name: str) -> bool:
    """Tell whether an ELF file is a core dump. Raises MemorySourceError: its header cannot be read."""
    try:
        return str(ELFFile(file)["e_type"]) == "ET_CORE"
    except Exception as error:  # damaged headers raise many kinds
        raise _unreadable(name, error) from None


def core_dump(file: BinaryIO, name: str, path: str, size: int) -> Source:
    """Describe a core dump of ``size`` bytes by its segments.

    Of a process, what no file is mapped to; places are its addresses. Of a machine (QEMU's dump-guest-memory, virsh
    dump --memory-only) all; places are physical addresses. What a dump that is cut off has is measured.

    Raises MemorySourceError: it cannot be read as ELF, or has no such memory.
    """
    try:
        elf = ELFFile(file)
        _check_table(elf, name, size)
        segments = list(elf.iter_segments())
        notes = _Notes()
        loads = []
        for segment in segments:
            if segment["p_type"] == "PT_LOAD":
                loads.append({key: int(segment[key]) for key in _KEYS})
            elif isinstance(segment, NoteSegment) and segment["p_offset"] + segment["p_filesz"] > size:
                notes.lost = True
            elif isinstance(segment, NoteSegment):
                _read_notes(segment, notes, elf.elfclass, little=elf.little_endian)
    except MemorySourceError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from None
    if notes.lost and not any(load["p_paddr"] for load in loads):
        notes.of_process = True  # of a machine there are physical addresses
    expected = max((load["p_offset"] + load["p_filesz"] for load in loads), default=0)
    parts, absent = [], 0
    for load in loads:
        for start, end in _anonymous(load, notes):
            first = load["p_vaddr"] if notes.of_process else load["p_paddr"]
            held = min(max(load["p_offset"] + load["p_filesz"], load["p_offset"]), size) - load["p_offset"]
            stop = min(end, max(held, start))
            pages = (stop - start) // PAGE_SIZE
            absent += max((min(end, load["p_memsz"]) - start) // PAGE_SIZE - pages, 0)
            if pages:
                parts.append(_Part((first + start) // PAGE_SIZE, load["p_offset"] + start, pages))
    runs = [
        PageRun(part.place + first, part.offset + first * PAGE_SIZE, count)
        for part in parts
        for first, count in data_runs(file.fileno(), part.offset, part.pages)
    ]
    held = sum(run.pages for run in runs)
    dumped = sum(part.pages for part in parts)
    cut = (
        f"{name}: found a core dump that is cut off after {format_size(size)}; expected {format_size(expected)}"
        + ", and its notes, without which pages of files are not told apart" * notes.lost
        if size < expected
        else ""
    )
    if not held:
        raise MemorySourceError(
            cut or f"{name}: found a core dump without {'anonymous ' * notes.of_process}memory; expected some"
        )

    def find(source: Source) -> Iterator[PageRun]:
        source.leave_out(HOLES, dumped - held)
        source.leave_out(_NOT_DUMPED, absent)
        return iter(runs)

    kind = "core dump" if notes.of_process else "machine image"
    return Source(name, kind, path, find, held, incomplete=cut)  # type: ignore[arg-type]  # one of the two


def _check_table(elf: ELFFile, name: str, size: int) -> None:
    """Refuse a table of segments that the file does not have, before it is read entry by entry."""
    number, each, at = elf.num_segments(), int(elf["e_phentsize"]), int(elf["e_phoff"])
    if number and (each < _LEAST_ENTRY or at + number * each > size):
        raise MemorySourceError(
            f"{name}: found an ELF file of {format_size(size)} with {number:,} segments of {each} bytes from byte {at} "
            "on; expected a core dump that has them"
        )


_LEAST_ENTRY: Final = 32
"""Bytes of an entry of the table of segments: 32 in files of 32 bits, 56 in others."""
_KEYS: Final = ("p_vaddr", "p_paddr", "p_offset", "p_filesz", "p_memsz")


def _anonymous(load: dict[str, int], notes: _Notes) -> Iterator[tuple[int, int]]:
    """Yield the parts of a segment that are measured: first byte and the one past the last, from its start on."""
    size = max(load["p_filesz"], load["p_memsz"])
    if not notes.of_process:
        yield 0, size
        return
    first, last = load["p_vaddr"], load["p_vaddr"] + size
    if first >= _KERNEL_HALF or (notes.vdso is not None and first <= notes.vdso < last):
        return
    at = first
    for start, end in notes.files[bisect_right(notes.files, first, key=itemgetter(1)) :]:
        if start >= last:
            break
        if start > at:
            yield at - first, start - first
        at = max(at, end)
    if at < last:
        yield at - first, last - first


def _read_notes(segment: NoteSegment, notes: _Notes, bits: int, *, little: bool) -> None:
    for note in segment.iter_notes():
        kind, content = str(note["n_type"]), note["n_desc"]
        if kind in ("NT_AUXV", "NT_PRPSINFO", "NT_FILE"):
            notes.of_process = True
        if kind == "NT_FILE":
            entries: Any = content["Elf_Nt_File_Entry"]
            notes.files = tuple(sorted((int(each["vm_start"]), int(each["vm_end"])) for each in entries))
        elif kind == "NT_AUXV":
            notes.vdso = _vdso(_bytes_of(content), bits, little=little)


def _bytes_of(content: object) -> bytes:
    return content if isinstance(content, bytes) else str(content).encode("latin-1")


def _vdso(vector: bytes, bits: int, *, little: bool) -> int | None:
    pair = struct.Struct(("<" if little else ">") + ("QQ" if bits == 64 else "II"))
    whole = vector[: len(vector) // pair.size * pair.size]
    return dict(pair.iter_unpack(whole)).get(_SYSINFO_EHDR)


def _unreadable(name: str, error: Exception) -> MemorySourceError:
    why = " ".join(str(error).split()) or type(error).__name__
    return MemorySourceError(f"{name}: found an ELF file that cannot be read: {why}; expected a core dump")
