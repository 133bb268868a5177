from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import RECORDED, imported, short
from zswap_replay.errors import TraceError

LINES = """\
     0.000 ( 0.000 ms): wl/263 minfault [elf_load+0x28a] => 0x55bf61a4e1e0 (?k)
     0.065 ( 0.000 ms): wl/263 minfault [_start+0x0] => /bin/wl@0x1d00 (d.)
     0.070 ( 0.000 ms): wl/263 minfault [_start+0x9] => /lib/libc.so.6@0x1d00 (d.)
     0.071 ( 0.000 ms): wl/263 minfault [_start+0x9] => /bin/wl@environ+0x0 (d.)
     1.500 ( 0.012 ms): wl/263 read(fd: 3, buf: 0x7f, count: 832) = 832
     2.000 ( 0.000 ms): a/b c/264 majfault [[unknown]] => //anon@0x4cba58 (d.)
LOST 3 events!
"""


def test_targets(tmp_path: Path) -> None:
    found, put = imported("perf-trace", LINES, tmp_path)
    file = 1 << 47
    assert [
        (0, 0x55BF61A4E),
        (65_000, file + 1),
        (70_000, file + (1 << 27) + 1),
        (71_000, file + (2 << 27)),
        (2_000_000, 0x4CB),
    ] == [(row[0], row[3]) for row in put]
    assert ["/wl", "/a_b_c"] == list(dict.fromkeys(row[2] for row in put))
    assert (1, 1) == (found.figures["major faults"], found.figures["system calls"])
    assert ["perf lost 3 events: their faults are missing in the trace"] == found.warnings
    found, put = imported("perf-trace", LINES, tmp_path, anonymous=True, pid=["263"])
    assert [(0, "read", 0x55BF61A4E)] == short(put)
    assert (3, 1) == (found.figures["faults of files"], found.figures["others' faults"])


@pytest.mark.parametrize("line", ["hello", "  0.1 ms", LINES.splitlines()[0].replace("=> 0x", "=> ")])
def test_the_first_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(TraceError, match=r"line 2: found .*; expected a (line of perf trace|target such as)"):
        imported("perf-trace", f"{LINES.splitlines()[0]}\n{line}\n", tmp_path)


def test_faults_of_a_program(tmp_path: Path) -> None:
    _, put = imported("perf-trace", RECORDED / "perf-trace.txt", tmp_path)
    assert 80 == len(put)
    assert {"/wl"} == {row[2] for row in put}
    assert (0, "read", 0x4C6) == short(put)[0]
