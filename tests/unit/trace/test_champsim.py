from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.imports import imported, short
from zswap_replay.errors import TraceError
from zswap_replay.trace.importers.champsim import RECORD


def records(*accesses: tuple[list[int], list[int]]) -> bytes:
    """Records of instructions with what they read and write."""
    found = np.zeros(len(accesses), RECORD)
    found["ip"] = 0x400000
    for at, (read, written) in enumerate(accesses):
        found["source_memory"][at, : len(read)] = read
        found["destination_memory"][at, : len(written)] = written
    return found.tobytes()


def test_records(tmp_path: Path) -> None:
    assert 64 == RECORD.itemsize
    data = records(([0x1000], []), ([], []), ([0x1008], [0x2000, 0x5000]), ([0x2000], []))
    found, put = imported("champsim", lzma.compress(data), tmp_path, ns_per_instruction=2)
    assert [(2, "read", 1), (6, "write", 2), (6, "write", 5), (8, "read", 2)] == short(put)
    assert (4, 5) == (found.figures["records"], found.figures["accesses"])
    _, put = imported("champsim", data, tmp_path, instructions=True, window=0)
    assert (1, "read", 0x400) == short(put)[0]
    assert 9 == len(put)


def test_a_last_record_that_is_cut_off_is_dropped(tmp_path: Path) -> None:
    found, put = imported("champsim", records(([0x1000], [])) + b"\x01" * 9, tmp_path)
    assert 1 == len(put)
    assert ["the last record ends in the middle, and was dropped"] == found.notes


def test_lines_of_loads(tmp_path: Path) -> None:
    _, put = imported("champsim", "3, 7, 7ffff7ff6f40, 4d2e9c, 0\n14,37, 0x1000, 4d2e9c, 1\n", tmp_path)
    assert [(7, "read", 0x7FFFF7FF6), (37, "read", 1)] == short(put)
    with pytest.raises(TraceError, match="line 2: found '3, 7'; expected INSTRUCTION, CYCLE"):
        imported("champsim", "3, 7, 7ffff7ff6f40, 4d2e9c, 0\n3, 7\n3, 7\n", tmp_path)


def test_what_is_no_record(tmp_path: Path) -> None:
    data = bytearray(records(([0x1000], []), ([0x1000], [])))
    data[64 + 8] = 2
    with pytest.raises(
        TraceError, match=r"record 1 .byte 64.: found the branch flags 2 and 0; expected 0 or 1"
    ):
        imported("champsim", bytes(data), tmp_path)
