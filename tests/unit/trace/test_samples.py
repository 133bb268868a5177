from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import RECORDED, imported
from zswap_replay.errors import TraceError

DIRTY = """# softdirty 1 time_ns pid first_page count flags; page = address / 4096
10 7 100 4 P
10 8 100 1 P
20 7 100 2 PD
20 7 102 1 P
20 7 103 1 S
20 7 200 1 P
30 7 100 2 P
30 7 103 1 P
"""


def test_soft_dirty_bits(tmp_path: Path) -> None:
    found, put = imported("soft-dirty", DIRTY, tmp_path)
    assert [
        (10, "write", "/program", 100, 4),
        (10, "write", "/program-8", 100, 1),
        (20, "write", "/program", 100, 2),
        (20, "write", "/program", 200, 1),
        (30, "read", "/program", 103, 1),
    ] == put
    assert 4 == found.figures["samples"]


def test_idle_bits(tmp_path: Path) -> None:
    text = "10 7 100 4 I\n20 7 100 1 A\n20 7 101 1 I\n20 7 102 2 A\n"
    assert [
        (10, "read", "/program", 100, 4),
        (20, "read", "/program", 100, 1),
        (20, "read", "/program", 102, 2),
    ] == imported("idle-page", text, tmp_path)[1]


@pytest.mark.parametrize("line", ["20 7 100 1 X", "20 7 100 0 P", "20 7 100", "x", "20 7 100 99999999999 P"])
def test_the_first_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(
        TraceError, match=r"line 2: found .*; expected TIME_NS PID FIRST_PAGE COUNT FLAGS, flags of D P S"
    ):
        imported("soft-dirty", f"10 7 100 4 P\n{line}\n", tmp_path)


def test_samples_of_a_process(tmp_path: Path) -> None:
    found, put = imported("soft-dirty", RECORDED / "soft-dirty.txt", tmp_path)
    assert (8, 83) == (found.figures["samples"], len(put))
    assert {"/soft-dirty"} == {row[2] for row in put}
    assert (15_163_124_420, "write", "/soft-dirty", 1223, 1) == put[0]
