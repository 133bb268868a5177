"""Memory to measure: pages of known kinds, dumps, images and swap areas of them, and a process that has them."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096
ZERO = bytes(PAGE)
SAME = b"\1\2\3\4\5\6\7\x08" * 512
_WORDS = b"the of and to in page memory kernel swap compress store load reclaim pressure limit".split()


def text(seed: int) -> bytes:
    r = random.Random(seed)
    return b" ".join(r.choices(_WORDS, k=1000))[:PAGE]


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(PAGE)


def pages(number: int) -> list[bytes]:
    """Pages of all kinds: of six a zero one, a same-filled one, one of noise and three of text, two of them equal."""
    kinds = (ZERO, SAME, noise(0), text(1), text(1), text(2))
    return [
        kinds[i % 6] if i % 6 < 2 else (noise(i) if i % 6 == 2 else text(1) if i % 6 == 3 else text(i))
        for i in range(number)
    ]


@dataclass(frozen=True)
class Load:
    """A segment of a core: its address, its bytes, how many of those are left out of the file, its physical address."""

    address: int
    data: bytes
    missing: int = 0
    physical: int = 0


def _note(kind: int, desc: bytes, name: bytes = b"CORE\0") -> bytes:
    def padded(part: bytes) -> bytes:
        return part.ljust(-(-len(part) // 4) * 4, b"\0")

    return struct.pack("<III", len(name), len(desc), kind) + padded(name) + padded(desc)


def core(
    loads: Sequence[Load],
    *,
    files: Sequence[tuple[int, int]] = (),
    vdso: int | None = None,
    machine: bool = False,
    notes_last: bool = False,
) -> bytes:
    """A core dump of a process or, with ``machine``, of a guest; ``files`` are what files are mapped to."""
    notes = b""
    if machine:
        notes = _note(0, b"cpu state", b"QEMU\0")
    else:
        table = b"".join(struct.pack("<QQQ", start, end, 0) for start, end in files)
        notes += _note(0x46494C45, struct.pack("<QQ", len(files), PAGE) + table + b"lib.so\0" * len(files))
        notes += _note(6, struct.pack("<QQQQ", 33, vdso or 0, 0, 0))
    at = 64 + 56 * (len(loads) + 1)
    body = b"" if notes_last else notes
    headers = []
    for load in loads:
        held = load.data[: len(load.data) - load.missing]
        headers.append(
            struct.pack(
                "<IIQQQQQQ", 1, 6, at + len(body), load.address, load.physical, len(held), len(load.data), 1
            )
        )
        body += held
    note_at = at + len(body) if notes_last else at
    body += notes if notes_last else b""
    note = struct.pack("<IIQQQQQQ", 4, 4, note_at, 0, 0, len(notes), 0, 1)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(loads) + 1, 0, 0, 0)
    return header + note + b"".join(headers) + body


def swap_image(slots: Sequence[bytes], *, bad: Sequence[int] = (), last: int | None = None) -> bytes:
    """A swap area: its header, and its slots from 1 on."""
    header = bytearray(PAGE)
    struct.pack_into("<III", header, 1024, 1, len(slots) if last is None else last, len(bad))
    struct.pack_into(f"<{len(bad)}I", header, 1536, *bad)
    header[-10:] = b"SWAPSPACE2"
    return bytes(header) + b"".join(slots)


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


_PROGRAM = """
import mmap, sys
data = open(sys.argv[1], "rb").read()
memory = mmap.mmap(-1, len(data) + 64 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:len(data)] = data
memory[len(data) + 9 * 4096]
print(flush=True)
sys.stdin.read()
"""


@contextmanager
def process_with(file: str) -> Iterator[int]:
    """A process that has the pages of a file in memory, 64 pages behind them that it has not written to: its id."""
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", _PROGRAM, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            yield child.pid
        finally:
            child.kill()
