from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import imported, short
from zswap_replay.errors import TraceError

DUMP = """\
# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, SYMBOL
  381   381 0xffffffff8102a9e3 0xffff88021f50e2c0     0 0x5080144 /boot/vmlinux:__switch_to
  382   382 0x0000000000401136 0x0167ffd5e8f5a1c   117 0x68100842 /bin/a:main
  382   383 0x0000000000401136 0x0000000000000000    10 0x0000021 /bin/a:main
"""
"""Made by hand of the format strings of perf's dump_raw_samples(), those up to Linux 5.10 and those after it."""

SCRIPT = """\
    a   382/382   5.000000001: cpu/mem-loads,ldlat=30/P:     7ffd5e8f5a1c       68100142 |OP LOAD|LVL L1 hit|SNP None
    a   382/382   5.000000002:         mem-stores:u:     7ffd5e8f6a1c       5080144 |OP STORE|LVL L1 hit
"""


def test_a_raw_dump(tmp_path: Path) -> None:
    found, put = imported("perf-mem", DUMP, tmp_path, step_ns=7)
    assert [(0, "write", 0xFFFF88021F50E), (7, "read", 0x7FFD5E8F5)] == short(put)
    assert ["/program", "/program-382"] == [row[2] for row in put]
    assert 1 == found.figures["no address"]
    separated = (
        DUMP.replace("DSRC, ", "DSRC, ").replace("  38", "38").replace("   ", ",").replace(" 0x", ",0x")
    )
    assert put == imported("perf-mem", separated, tmp_path, step_ns=7)[1]
    assert [(7, "read", 0x7FFD5E8F5)] == short(
        imported("perf-mem", DUMP, tmp_path, step_ns=7, pid=["382"])[1]
    )


def test_a_dump_with_physical_addresses(tmp_path: Path) -> None:
    text = (
        "# PID, TID, IP, ADDR, PHYS ADDR, LOCAL WEIGHT, DSRC, SYMBOL\n"
        "  382   382 0x0000000000401136 0x00007ffd5e8f5a1c 0x0000000012345678   117 0x68100842 /bin/a:main\n"
    )
    assert [(0, "read", 0x7FFD5E8F5)] == short(imported("perf-mem", text, tmp_path)[1])


def test_lines_of_perf_script(tmp_path: Path) -> None:
    _, put = imported("perf-mem", SCRIPT, tmp_path)
    assert [(5_000_000_001, "read", 0x7FFD5E8F5), (5_000_000_002, "write", 0x7FFD5E8F6)] == short(put)
    assert put == imported("perf-script", SCRIPT, tmp_path)[1]


def test_the_first_bad_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        TraceError, match=r"line 5: found 'x y'; expected a line of perf mem report -D: PID, TID, IP, ADDR"
    ):
        imported("perf-mem", DUMP + "x y\n", tmp_path)
