"""Writes the constants of the core into its .pxd files: ``python -m tools.constants``.

A constant stands once, in the ``if not cython.compiled:`` block of its module, with its comment. Compiled, the module
takes it from the ``cpdef enum`` of its .pxd, which is generated from that block. With ``--check`` nothing is written;
the exit status is 1 where a .pxd is stale, and its name is printed.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
CORE = SOURCE / "zswap_replay"
MARK = "# constants of the .py, written by tools/constants.py"
"""The line in a .pxd behind which they stand."""

_BLOCK = re.compile(rf"{re.escape(MARK)}\ncpdef enum:\n(?:    [^\n]*\n)+")


def names(module: Path) -> list[str]:
    """Return the names that the ``if not cython.compiled:`` blocks of a module give a value, in their order."""
    found: list[str] = []
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "not cython.compiled":
            for line in node.body:
                if isinstance(line, ast.Assign):
                    found.extend(target.id for target in line.targets if isinstance(target, ast.Name))
    return found


def block(module: Path) -> str:
    """Return the lines of a module's .pxd that hold its constants; "" where it has none.

    The module is imported, so that the core must run interpreted: ZSWAP_REPLAY_PURE=1.
    """
    constants = names(module)
    if not constants:
        return ""
    dotted = ".".join(module.relative_to(SOURCE).with_suffix("").parts)
    loaded = import_module(dotted)
    values = (f"    {name} = {getattr(loaded, name):d}\n" for name in constants)
    return f"{MARK}\ncpdef enum:\n{''.join(values)}"


def written(text: str, wanted: str) -> str:
    """Return the text of a .pxd with other lines of constants. Raises ValueError: it has no place for them, or two."""
    if not wanted and MARK not in text:
        return text
    new, places = _BLOCK.subn(wanted, text)
    if places != 1:
        raise ValueError(f"expected the line {MARK!r} with a cpdef enum below it, once")
    return new


def main(arguments: Sequence[str]) -> int:
    """Write or check all .pxd files; return the exit status."""
    if os.environ.get("ZSWAP_REPLAY_PURE") != "1":
        command = [sys.executable, "-m", "tools.constants", *arguments]
        os.execve(sys.executable, command, {**os.environ, "ZSWAP_REPLAY_PURE": "1"})
    stale = 0
    for pxd in sorted(CORE.glob("*/*.pxd")):
        old = pxd.read_text(encoding="utf-8")
        text = written(old, block(pxd.with_suffix(".py")))
        if text == old:
            continue
        stale += 1
        if "--check" in arguments:
            print(f"{pxd}: its constants are not those of the .py; run python -m tools.constants")
        else:
            pxd.write_text(text, encoding="utf-8")
            print(f"{pxd}: written")
    return int(stale > 0 and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
