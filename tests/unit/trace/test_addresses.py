from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.imports import imported, short
from zswap_replay.errors import TraceError


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("0x1000\n0x2fff\n", {}, [(0, "read", 1), (1000, "read", 2)]),
        ("7f0000001000\n1000\n", {"event": "write"}, [(0, "write", 0x7F0000001), (1000, "write", 1)]),
        ("4096\n8192\n", {"step_ns": 1}, [(0, "read", 1), (1, "read", 2)]),
        ("1000\nff000\n", {"base": "16"}, [(0, "read", 1), (1000, "read", 255)]),
        ("5\n6\n", {"unit": "pages"}, [(0, "read", 5), (1000, "read", 6)]),
        ("R 0x1000\nw,0x2000\n0x3000 STORE\n0x4000;load;9\n", {}, "read 1, write 2, write 3, read 4"),
        ("0 1000\n1 ff000\n2 3000\n", {"base": "16"}, "read 1, write 255, read 3"),
        ("# a list\n\n0x1000 0x400123\n", {}, [(0, "read", 1)]),
        ("readd 0xBEFFFACC 4\nwrite 0xBEFFFABC 4\n", {}, "read 782335, write 782335"),
        (
            "0x1000\n0x1008\n0x2000\n0x1010\n",
            {"window": 1},
            [(0, "read", 1), (2000, "read", 2), (3000, "read", 1)],
        ),
        ("r 0x1000\nw 0x1008\nw 0x1010\n", {"window": 4}, "read 1, write 1"),
        ("0x1000\n0x2000", {}, "read 1, read 2"),
    ],
)
def test_lists(tmp_path: Path, text: str, options: dict[str, Any], expected: Any) -> None:
    found = short(imported("addresses", text, tmp_path, **options)[1])
    if isinstance(expected, str):
        assert expected == ", ".join(f"{event} {page}" for _, event, page in found)
    else:
        assert expected == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4096\n7f00\n", "line 2: found '7f00'; expected a decimal address, .* .--base 16: hexadecimal"),
        ("0x1000\n-0x1000\n", "line 2: found '-0x1000'"),
        ("0x1000\n1_000\n", "line 2: found '1_000'"),
        ("0x1000\n0x10000000000000000\n", "line 2: found '0x10000000000000000'"),
        ("0x1000\nx 0x1000\n", "line 2: found 'x 0x1000'"),
        ("0x1000\n0x1000 x\n", "line 2: found '0x1000 x'"),
        ("\n#\n", "found no access in 2 lines; expected an address in each line"),
    ],
)
def test_the_first_bad_line_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(TraceError, match=why):
        imported("addresses", text, tmp_path)
