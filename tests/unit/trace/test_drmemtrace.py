from __future__ import annotations

from pathlib import Path

import pytest

from tests.imports import imported, short
from zswap_replay.errors import TraceError

VIEW = """\
Output format:
<--record#-> <--instr#->: <---tid---> <record details>
------------------------------------------------------------
           1           0:     2765542 <marker: version 5>
       47444       37769:     2765543 ifetch       6 byte(s) @ 0x0000000000404a78 0f 84 5b 01 00 00    jz     $0x404bd9
       47445       37770:     2765543 ifetch       8 byte(s) @ 0x0000000000404a7e 48 8d 34 25 00 20 40 lea    0x00402000
       47445       37770:     2765543                                             00
       47446       37770:     2765543 read         8 byte(s) @ 0x00007fdf64e2adc8 by PC 0x0000000000404a7e
       47447       37771:     2765543 write        8 byte(s) @ 0x00007fdf64e2affc by PC 0x0000000000404a83
       47448       37771:     2765543 prefetch     8 byte(s) @ 0x00007fdf64e20000 by PC 0x0000000000404a83
       47449       37772:     2765543 <thread 2765543 exited>
View tool results:
              3 : total instructions
"""
"""Made by hand of the layout that the tool's documents show."""


def test_a_view(tmp_path: Path) -> None:
    found, put = imported("drmemtrace", VIEW, tmp_path, ns_per_instruction=2)
    assert [
        (75540, "read", 0x7FDF64E2A),
        (75542, "write", 0x7FDF64E2A),
        (75542, "write", 0x7FDF64E2B),
    ] == short(put)
    assert (2, 2, 1) == tuple(found.figures[name] for name in ("instructions", "accesses", "others"))
    _, put = imported("drmemtrace", VIEW, tmp_path, instructions=True)
    assert (37769, "read", 0x404) == short(put)[0]


def test_workloads_have_memcgs_of_their_own(tmp_path: Path) -> None:
    text = "".join(f"{at} {at}: W{at % 2}.T29 write 8 byte(s) @ 0x2345 by PC 0x6789\n" for at in (1, 2, 3))
    assert [("/program", 1), ("/program-0", 2)] == [
        (row[2], row[0]) for row in imported("drmemtrace", text, tmp_path)[1]
    ]


def test_the_first_bad_line_is_named(tmp_path: Path) -> None:
    late = "1 999999999999999999: 12 write 8 byte(s) @ 0x2345 by PC 0x6789\n"
    with pytest.raises(TraceError, match="line 1: found '99999999999999999900 ns'; expected a time below 2"):
        imported("drmemtrace", late, tmp_path, ns_per_instruction=100)
    with pytest.raises(TraceError, match=r"line 5: found 'hello'; expected a record of drrun -t drmemtrace"):
        imported("drmemtrace", "\n".join([*VIEW.splitlines()[:4], "hello", ""]), tmp_path)
    with pytest.raises(TraceError, match="found no access in 3 lines"):
        imported("drmemtrace", "\n".join([*VIEW.splitlines()[:3], ""]), tmp_path)
