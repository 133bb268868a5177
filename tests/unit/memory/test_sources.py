from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from tests.memories import PAGE, SAME, ZERO, Load, core, noise, pages, swap_image, text, write
from zswap_replay.errors import MemorySourceError
from zswap_replay.memory.files import sources_at
from zswap_replay.memory.source import Source


def only(path: str) -> Source:
    (source,) = sources_at(path, pytest.fail)
    return source


def places(source: Source) -> list[int]:
    return [run.place + page for run in source.runs() for page in range(run.pages)]


def bytes_of(source: Source) -> bytes:
    with open(source.path, "rb") as file:
        return b"".join(os.pread(file.fileno(), run.pages * PAGE, run.offset) for run in source.runs())


def test_a_raw_file_is_its_pages(tmp_path: Path) -> None:
    source = only(write(tmp_path / "raw", b"".join(pages(7)) + b"tail"))
    assert ("raw file", 8, False) == (source.kind, source.pages, source.by_address)
    assert list(range(8)) == places(source)
    assert {} == source.left_out


def test_holes_are_left_out_whatever_their_size(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
        os.pwrite(file.fileno(), text(1), 1 << 39)
        os.pwrite(file.fileno(), text(2) + text(3), 1 << 20)
    source = only(str(path))
    assert [256, 257, 1 << 27] == places(source)
    assert {"in holes of the file": (1 << 28) - 3} == source.left_out


def test_a_core_of_a_process_is_its_anonymous_memory_by_address(tmp_path: Path) -> None:
    base, loads = 0x7F00_0000_0000, [b"".join(pages(6)), text(7) + text(8), ZERO, text(9)]
    dump = core(
        [
            Load(base, loads[0]),
            Load(base + 0x10000, loads[1]),
            Load(base + 0x20000, loads[2]),
            Load(0xFFFF_FFFF_FF60_0000, loads[3]),
            Load(base + 0x30000, text(10) + text(11), missing=PAGE),
        ],
        files=[(base + PAGE, base + 2 * PAGE), (base + 4 * PAGE, base + 0x11000)],
        vdso=base + 0x20000,
    )
    source = only(write(tmp_path / "core.1", dump))
    assert ("core dump", True, "") == (source.kind, source.by_address, source.incomplete)
    first = base // PAGE
    assert [first, first + 2, first + 3, first + 17, first + 48] == places(source)
    whole = loads[0]
    assert whole[:PAGE] + whole[2 * PAGE : 4 * PAGE] + text(8) + text(10) == bytes_of(source)
    assert {"not in the dump": 1} == source.left_out


def test_a_core_of_a_machine_is_all_of_it_by_physical_address(tmp_path: Path) -> None:
    dump = core([Load(0, text(1) + ZERO, physical=1 << 30), Load(0, SAME, physical=0)], machine=True)
    source = only(write(tmp_path / "guest.elf", dump))
    assert ("machine image", False) == (source.kind, source.by_address)
    assert [1 << 18, (1 << 18) + 1, 0] == places(source)


@pytest.mark.parametrize("notes_last", [False, True])
def test_what_a_core_that_is_cut_off_has_is_measured(tmp_path: Path, notes_last: bool) -> None:
    dump = core([Load(PAGE, text(1) + text(2)), Load(1 << 20, text(3) + text(4))], notes_last=notes_last)
    cut = len(dump) - 5000 - (0 if not notes_last else 92)
    source = only(write(tmp_path / "core", dump[:cut]))
    assert [1, 2] == places(source)
    assert "core dump" == source.kind
    assert f"{tmp_path}/core: found a core dump that is cut off after" in source.incomplete
    assert notes_last == ("its notes, without which" in source.incomplete)


def test_slots_of_a_swap_area_are_pages_without_the_bad_ones(tmp_path: Path) -> None:
    source = only(write(tmp_path / "swap", swap_image(pages(6), bad=[2, 5])))
    assert "swap area" == source.kind
    assert [1, 3, 4, 6] == places(source)
    assert {"in slots marked as bad": 2} == source.left_out
    every = pages(6)
    assert b"".join((every[0], every[2], every[3], every[5])) == bytes_of(source)


def test_a_swap_area_that_is_cut_off_says_so(tmp_path: Path) -> None:
    source = only(write(tmp_path / "swap", swap_image(pages(6), last=100)))
    assert list(range(1, 7)) == places(source)
    assert "cut off after 28.0 KiB; expected 404.0 KiB, as its header says" in source.incomplete


def test_a_folder_has_the_pages_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "swap", swap_image(pages(3)))
    write(tmp_path / "raw", text(1))
    write(tmp_path / "notes.txt", b"less than a page")
    write(tmp_path / ".hidden", text(1))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    told: list[str] = []
    found = sources_at(str(tmp_path), told.append)
    assert ["raw file", "swap area"] == [source.kind for source in found]
    assert [f"{tmp_path}: passed over, as less than a page or no file: 2 of its files"] == told


def test_an_elf_file_that_is_no_core_is_measured_as_it_is(tmp_path: Path) -> None:
    program = bytearray(core([Load(PAGE, text(1))]))
    program[16] = 2
    told: list[str] = []
    (source,) = sources_at(write(tmp_path / "program", bytes(program)), told.append)
    assert "raw file" == source.kind
    assert [
        f"{tmp_path}/program: an ELF file that is no core dump; its bytes are measured as they are"
    ] == told


def _hostile() -> bytes:
    """A core whose table of segments has as many entries as fit its number, each of no bytes."""
    dump = bytearray(core([Load(PAGE, text(1))]))
    struct.pack_into("<HH", dump, 54, 0, 0xFFFE)
    return bytes(dump)


BAD = {
    "with 65,534 segments of 0 bytes from byte 64 on; expected a core dump that has them": _hostile(),
    "an empty file; expected pages": b"",
    "found an ELF file that cannot be read": b"\x7fELF" + bytes(20),
    "found a core dump without anonymous memory": core([Load(PAGE, text(1))], files=[(PAGE, 2 * PAGE)]),
    "found a core dump without memory": core([], machine=True),
    "found a qcow2 image; expected raw (qemu-img convert -O raw)": b"QFI\xfb" + bytes(PAGE),
    "found an image compressed as kdump does": b"KDUMP   " + bytes(PAGE),
    "found a domain that libvirt saved": b"LibvirtQemudSave" + bytes(PAGE),
    "found a file compressed by zstd; expected it as it was (unzstd)": b"\x28\xb5\x2f\xfd" + bytes(PAGE),
    "found a Parquet file": b"PAR1" + bytes(PAGE),
    "found a hibernated system": bytes(PAGE - 10) + b"S1SUSPEND\0",
    "found a swap area of the first version": bytes(PAGE - 10) + b"SWAP-SPACE",
    "found a swap area with pages of 65536; expected 4096 bytes": bytes(65526) + b"SWAPSPACE2",
    "found a swap header of version 0": bytes(PAGE - 10) + b"SWAPSPACE2",
}


@pytest.mark.parametrize("said", BAD)
def test_what_has_no_pages_is_refused_in_one_line(tmp_path: Path, said: str) -> None:
    path = write(tmp_path / "bad", BAD[said])
    with pytest.raises(MemorySourceError) as caught:
        sources_at(path, pytest.fail)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_cores_are_refused_or_measured(tmp_path: Path) -> None:
    """Whatever a byte of the headers is, there is one error or a source that can be read."""
    whole, r = (
        core([Load(PAGE, text(1)), Load(1 << 20, noise(2))], files=[(1 << 21, 1 << 22)]),
        random.Random(3),
    )
    path = tmp_path / "core"
    refused = []
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[r.randrange(4, 300)] = r.randrange(256)
        try:
            for source in sources_at(write(path, bytes(damaged)), lambda _told: None):
                assert sum(run.pages for run in source.runs()) == source.pages
        except MemorySourceError as error:
            refused.append(str(error))
    assert refused
    assert all(said.startswith(f"{path}: ") for said in refused)


@pytest.mark.parametrize("path", ["/dev/zero", "/proc/self/maps"])
def test_what_is_no_file_of_pages_is_refused(path: str) -> None:
    with pytest.raises(MemorySourceError, match=r"found no regular file|found a file of /proc"):
        sources_at(path, pytest.fail)


@pytest.mark.parametrize("file", [None, b"", b"less than a page"])
def test_a_folder_without_pages_is_refused(tmp_path: Path, file: bytes | None) -> None:
    if file is not None:
        write(tmp_path / "file", file)
    with pytest.raises(MemorySourceError, match="found a folder without pages; expected core dumps"):
        sources_at(str(tmp_path), pytest.fail)


def test_a_hole_of_a_tebibyte_is_no_page(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(MemorySourceError, match=r"found 1\.0 TiB of holes; expected pages"):
        sources_at(f"{tmp_path}/sparse", pytest.fail)
