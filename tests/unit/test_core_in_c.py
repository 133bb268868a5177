"""What Cython made of the core: a local that lost its type still counts right, and is slow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import ROOT
from zswap_replay.machine import compiled

_ROOMS = ("lib", "machine", "mm")
# Cython's own helpers are in the same file: their places are those of its sources 1 and above.
_OBJECT_WRITTEN = re.compile(r"__Pyx_SetItemInt\((__pyx_v_(?!self->)\w+), .*__PYX_ERR\(0, (\d+)")


def _sources() -> list[Path]:
    folder = ROOT / "src/zswap_replay"
    return [path.with_suffix(".c") for room in _ROOMS for path in sorted((folder / room).glob("*.pxd"))]


def _written(text: str) -> list[str]:
    return [f"line {line}: {name}" for name, line in _OBJECT_WRITTEN.findall(text)]


def test_a_column_that_is_no_typed_view_is_found() -> None:
    written = (
        "if (unlikely((__Pyx_SetItemInt(__pyx_v_slot, __pyx_v_to, __pyx_t_1, int) < 0))) __PYX_ERR(0, 301, x)"
    )
    assert ["line 301: __pyx_v_slot"] == _written(written)
    assert [] == _written(written.replace("__pyx_v_slot", "__pyx_v_self->rings"))
    assert [] == _written(written.replace("ERR(0", "ERR(1"))


@pytest.mark.skipif(not compiled(), reason="there is no C of an interpreted core")
def test_no_column_is_written_as_an_object() -> None:
    found = {path.name: _written(path.read_text(encoding="utf-8")) for path in _sources() if path.exists()}
    assert found, "the core's C is not beside it"
    assert {} == {name: lines for name, lines in found.items() if lines}
