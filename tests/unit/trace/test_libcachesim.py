from __future__ import annotations

import lzma
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from tests.imports import RECORDED, imported, short
from zswap_replay.errors import SettingsError, TraceError
from zswap_replay.trace.importers.libcachesim import _LAYOUTS, ORACLE, _parameters

BINARY = (RECORDED / "requests.oracleGeneral").read_bytes()
LCS = lzma.decompress((RECORDED / "requests.lcs.xz").read_bytes())


def test_all_three_types_hold_the_same_requests(tmp_path: Path) -> None:
    binary, csv, lcs = (
        short(imported(name, RECORDED / file, tmp_path)[1])
        for name, file in (
            ("oraclegeneral", "requests.oracleGeneral"),
            ("libcachesim-csv", "requests.csv"),
            ("lcs", "requests.lcs.xz"),
        )
    )
    assert binary == csv == lcs
    assert 400 == len(binary)
    assert [(0, "read", 3), (0, "read", 1), (99 * 10**9, "read", 1)] == [binary[0], binary[1], binary[-1]]


def test_lru_misses_what_libcachesim_counted(tmp_path: Path) -> None:
    """Held against the LRU of libCacheSim 0.3.5 on the same file."""
    pages = [row[3] for row in imported("oraclegeneral", RECORDED / "requests.oracleGeneral", tmp_path)[1]]
    for size, expected in ((10, 0.575), (25, 0.3825), (50, 0.255)):
        held: OrderedDict[int, None] = OrderedDict()
        misses = 0
        for page in pages:
            misses += page not in held
            held[page] = None
            held.move_to_end(page)
            if len(held) > size:
                held.popitem(last=False)
        assert expected == misses / len(pages)


@pytest.mark.parametrize(
    ("version", "size"), [(1, 24), (2, 28), (3, 36), (4, 40), (5, 44), (6, 52), (7, 68), (8, 100)]
)
def test_lcs_of_each_version(tmp_path: Path, version: int, size: int) -> None:
    layout = _LAYOUTS[version]
    assert size == layout.itemsize
    requests = np.zeros(4, layout)
    requests["time"] = [1, 1, 2, 3]
    requests["obj_id"] = [7, 8, 7, 8]
    requests["obj_size"] = [100, 9000, 100, 9000]
    if version > 1:
        requests["op_tenant"] = [1, 3, 9 | 5 << 8, 13 | 5 << 8]  # get, set, delete, write
    header = bytearray(LCS[:8192])
    header[8:16] = version.to_bytes(8, "little")
    header[24:32] = (4).to_bytes(8, "little")
    found, put = imported("lcs", bytes(header) + requests.tobytes(), tmp_path)
    events = ["read", "write", "discard", "write"] if version > 1 else ["read"] * 4
    memcgs = ["/program", "/program", "/program-5", "/program-5"] if version > 1 else ["/program"] * 4
    assert events == [row[1] for row in put]
    assert memcgs == [row[2] for row in put]
    assert ["2 requests are of objects above 4,096 bytes: each counts as one page"] == found.notes
    assert [] == found.warnings


def test_a_header_that_counts_otherwise_is_told(tmp_path: Path) -> None:
    found, _ = imported("lcs", LCS[:-24], tmp_path)
    assert ["the header tells of 400 requests, and there are 399"] == found.warnings


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        (
            "oraclegeneral",
            BINARY[:-1],
            r"request 399 .byte 9576.: found 23 bytes at the end; expected records of 24",
        ),
        (
            "oraclegeneral",
            b"time,obj_id,obj_size\n0,3,4096\n",
            "found text; expected oracleGeneral's records",
        ),
        ("oraclegeneral", LCS, "found lcs; expected oracleGeneral"),
        (
            "oraclegeneral",
            BINARY[24 * 8 :] + BINARY,
            r"request 392 .byte 9408.: found the time 0 s after 99 s",
        ),
        ("lcs", BINARY, "found no lcs header; expected 8,192 bytes"),
        ("lcs", LCS[:8] + b"\x63" + LCS[9:], "found lcs version 99; expected 1, 2, 3"),
        ("libcachesim-csv", b"a,b\n1,2\n", "no column of a, b is the object"),
        ("libcachesim-csv", b"time,obj_id\n1,x\n", "line 2, column obj_id: found 'x'; expected a number"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    with pytest.raises((TraceError, SettingsError), match=why):
        imported(name, data, tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_parameters_as_libcachesim_spells_them(tmp_path: Path) -> None:
    text = "time-col=1, obj-id-col=2, obj-size-col=3, delimiter=,, has-header=true"
    assert (["time_ns=1*1e9", "page=2"], ",", True) == (
        _parameters(text)[0],
        {"comma": ","}[_parameters(text)[1] or ""],
        _parameters(text)[2],
    )
    _, put = imported(
        "libcachesim-csv", "4;x;9\n5;x;8\n", tmp_path, params="obj-id-col=3,time-col=1,delimiter=;"
    )
    assert [(4 * 10**9, "read", 9), (5 * 10**9, "read", 8)] == short(put)
    for wrong, why in (
        ("time-col=1", "found no obj-id-col"),
        ("obj-id-col=x", "expected the number of a column"),
        ("obj-id-col=1, colour=2", "colour is unknown"),
        ("obj-id-col", "expected NAME=VALUE"),
    ):
        with pytest.raises(SettingsError, match=why):
            _parameters(wrong)


def test_requests_are_of_24_bytes() -> None:
    assert 24 == ORACLE.itemsize
